/**
 * CSV text: a header, then one row per record. Separator and decimal mark are found out from its beginning, as
 * `veilcast predict` does, and columns are found by name.
 */

import { VeilcastError, excerpt } from './error.js';
import { DAYS, daysOf } from './table-dates.js';
import { NAMES, columnsOf, completeRows, isRowNumber, layoutOf } from './table-layout.js';
import { plainNumber, readNumber } from './table-numbers.js';
import { parseRows } from './table-rows.js';
import { takeMissing } from './trees.js';

/**
 * @typedef {import('./card-types.js').Input} Input
 * @typedef {import('./preprocessing.js').Cell} Cell
 * @typedef {import('./table-layout.js').Shown} Shown
 * @typedef {import('./table-rows.js').Row} Row
 * @typedef {object} Table
 * @property {Cell[][]} records each a list of cells in the card's order
 * @property {string[]} said what was found out that isn't usual, for people
 * @property {string[]} others the named columns that the model doesn't take, such as a patient's number
 * @property {(name: string) => string[]} cellsOf the cells of one of them as they are written, for each record
 */

/** How much of a text is looked at to find out how it is written, in bytes of UTF-8. */
const SAMPLE = 1 << 20;

/**
 * The records of a table, each a list of cells in the card's order.
 *
 * Spaces and tabs at both ends of cells are removed; columns that the model doesn't take are left out.
 *
 * @param {Input} input of a checked card
 * @param {string} csv
 * @returns {Cell[][]}
 * @throws {VeilcastError} as {@link openTable}
 */
export function readTable(input, csv) {
  return openTable(input, csv).records;
}

/**
 * The records of a table, and what was found out about it.
 *
 * @param {Input} input of a checked card
 * @param {string} csv
 * @returns {Table}
 * @throws {VeilcastError} with line and column: `empty_table`, `unclear_separator`, `duplicate_column`, `missing_column`,
 *   `row_length`, `open_quote`, `missing_value`, `not_a_number`, `not_finite`, `ambiguous_number`, `mixed_units` or
 *   `unknown_category`
 */
export function openTable(input, csv) {
  const text = (csv.startsWith('\ufeff') ? csv.slice(1) : csv).replace(/\r\n?/g, '\n');
  const { read, written } = new TextEncoder().encodeInto(text, new Uint8Array(SAMPLE));
  const isWhole = read === text.length && written < SAMPLE;
  const sample = isWhole ? text : text.slice(0, read);
  const { separator, skipped, skippedLines, comments } = layoutOf(sample, isWhole);
  const { rows: all, openQuote } = parseRows(text.slice(skipped), separator, 1 + skippedLines);
  const [header, ...rows] = all;
  if (!header) throw new VeilcastError('empty_table', 'the table is empty: its first line must name the columns');
  const titles = [...header.cells];
  const end = titles.length;
  while (titles.length > 1 && titles.at(-1) === '') titles.pop();
  const repeated = titles.find((title, i) => title !== '' && titles.indexOf(title) !== i);
  if (repeated !== undefined) throw problem('duplicate_column', header, repeated, 'is in the header twice');
  const sampled = isWhole ? rows : completeRows(sample.slice(skipped), separator, false).slice(1);
  const shown = columnsOf(sampled, titles.length, separator);
  const columns = takenBy(input).map((column) => {
    const place = titles.indexOf(column.name);
    if (place < 0) throw problem('missing_column', header, column.name, 'is missing from the header');
    return { ...column, place, format: shown[place].format };
  });
  const records = rows.map((row) => {
    if (row.line === openQuote) {
      throw new VeilcastError('open_quote', `line ${row.line}: a quotation mark is opened in this row and not closed`, { line: row.line });
    }
    if (row.cells.length < titles.length || row.cells.slice(end).some((cell) => cell !== '')) {
      const message = `line ${row.line} has ${row.cells.length} cells, and the header ${titles.length}`;
      throw new VeilcastError('row_length', message, { line: row.line });
    }
    const cells = columns.map((column) => readCell(column, row));
    columns.forEach(({ name, known, refuses }, i) => {
      if (refuses && cells[i] !== null && !known?.includes(String(cells[i]))) {
        throw problem('unknown_category', row, name, `has the category "${excerpt(cells[i])}", which the model doesn't know`);
      }
    });
    return cells;
  });
  const others = titles.map((title) => !columns.some(({ name }) => name === title));
  const cellsOf = (/** @type {string} */ name) => {
    const place = titles.indexOf(name);
    return rows.map(({ cells }) => cells[place] ?? '');
  };
  return { records, said: saidOf(separator, comments, titles, shown, others), others: titles.filter((title, i) => others[i] && title !== ''), cellsOf };
}

/**
 * What isn't usual about a table, in the words of the command line.
 *
 * @param {string} separator
 * @param {number} comments
 * @param {readonly string[]} titles
 * @param {readonly Shown[]} shown
 * @param {readonly boolean[]} others which columns the model doesn't take
 */
function saidOf(separator, comments, titles, shown, others) {
  const said = [];
  const those = (/** @type {(shown: Shown, place: number) => boolean} */ fits) =>
    titles.filter((_, i) => fits(shown[i], i)).map((title) => (title === '' ? 'one without a name' : `"${excerpt(title)}"`));
  const add = (/** @type {string[]} */ names, /** @type {(names: string) => string} */ words) => {
    if (names.length > 0) said.push(words(names.length > 5 ? `${names.slice(0, 5).join(', ')}, and ${names.length - 5} more` : names.join(', ')));
  };
  if (separator !== ',') said.push(`the columns are separated by ${NAMES[separator]}`);
  if (comments === 1) said.push('1 line of comments before the header is left out');
  if (comments > 1) said.push(`${comments} lines of comments before the header are left out`);
  if (shown.some(({ format }) => format.decimal === ',')) said.push('the decimal marks are commas, and points separate thousands');
  add(
    those(({ hasThousands }) => hasThousands),
    (names) => `commas separate thousands in ${names}`,
  );
  add(
    those(({ format }) => format.percent),
    (names) => `35 % is read as 0.35 in ${names}`,
  );
  add(
    those((shown, i) => others[i] && isRowNumber(titles[i], shown)),
    (names) => `left out, since they only count or name the rows: ${names}`,
  );
  return said;
}

/**
 * @typedef {object} Column
 * @property {string} name
 * @property {string[] | undefined} known categories of a text
 * @property {boolean} refuses whether others are refused
 * @property {boolean} takesMissing whether its cells may be missing
 * @property {boolean} takesDates
 * @property {readonly string[]} missing spellings of a missing cell
 */

/** @param {Input} input @returns {Column[]} */
function takenBy({ shape, features, about, preprocessing: { missing = [], steps } }) {
  const names = features ?? Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => `pixel${i}`);
  let numbers = 0;
  return names.map((name) => {
    const oneHot = steps.find((step) => step.op === 'one_hot' && Object.hasOwn(step.categories, name));
    const isImputed = steps.some((step) => step.op === 'impute' && Object.hasOwn(step.values, name));
    const known = oneHot?.op === 'one_hot' ? oneHot.categories[name] : undefined;
    const number = numbers;
    numbers += known?.length ?? 1;
    const takesMissing = isImputed || (!known && steps.some((step) => step.op === 'trees' && takeMissing(step.trees, number)));
    const refuses = oneHot?.op === 'one_hot' && oneHot.unknown === 'error';
    const takesDates = about !== undefined && Object.hasOwn(about, name) && about[name].unit === DAYS;
    return { name, known, refuses, takesMissing, takesDates, missing };
  });
}

/** @param {Column & {place: number, format: Shown['format']}} column @param {Row} row @returns {Cell} */
function readCell({ name, known, takesMissing, takesDates, missing, place, format }, row) {
  const cell = row.cells[place];
  const category = known && categoryOf(known, cell);
  if (category !== undefined) return category;
  if (missing.includes(cell)) {
    if (takesMissing) return null;
    throw problem('missing_value', row, name, 'is missing, and the model has no value for it');
  }
  if (known) return cell;
  const days = takesDates ? daysOf(cell) : undefined;
  if (days !== undefined) return days;
  const read = readNumber(format, cell);
  if ('number' in read) return read.number;
  const code = read.fault === 'other_decimal' ? 'not_a_number' : read.fault;
  throw problem(code, row, name, `holds "${excerpt(cell)}", which ${FAULTS[read.fault]}`);
}

/** @type {Record<import('./table-numbers.js').Fault, string>} */
const FAULTS = {
  not_a_number: 'is not a number',
  not_finite: 'is too large',
  other_decimal: 'is not a number with the decimal mark that the others of the column have',
  ambiguous_number: 'can be read in two ways, with the comma between thousands or as decimal mark; write it without the comma',
  mixed_units: "doesn't go with the others of the column: some are per cent or in another currency; write all of them alike",
};

/**
 * The category that a text is: itself, even if it is a spelling of a missing cell elsewhere, or the only one that is
 * the same number or truth value. Line breaks are spaces in categories.
 *
 * @param {readonly string[]} known
 * @param {string} cell
 */
function categoryOf(known, cell) {
  const text = cell.replaceAll('\n', ' ');
  if (known.includes(text)) return text;
  const value = plainNumber(text) ?? TRUTHS.get(text);
  if (value === undefined) return undefined;
  const same = known.filter((category) => (plainNumber(category) ?? TRUTHS.get(category)) === value);
  return same.length === 1 ? same[0] : undefined;
}

/** Truth values as programs write them: Python `True`, R and spreadsheets `TRUE`, others `true`. */
const TRUTHS = new Map([
  ['true', true],
  ['True', true],
  ['TRUE', true],
  ['false', false],
  ['False', false],
  ['FALSE', false],
]);

/** @param {string} code @param {Row} row @param {string} column @param {string} what */
function problem(code, { line }, column, what) {
  return new VeilcastError(code, `line ${line}: the column ${excerpt(column)} ${what}`, { line, column });
}
