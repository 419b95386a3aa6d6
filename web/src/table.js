/**
 * CSV text: a header, then one row per record. Columns are found by name.
 */

import { VeilcastError, excerpt } from './error.js';
import { trimmed } from './texts.js';
import { takeMissing } from './trees.js';

/**
 * @typedef {import('./card-types.js').Input} Input
 * @typedef {import('./preprocessing.js').Cell} Cell
 * @typedef {{line: number, cells: string[]}} Row the line it begins in, from 1, and its cells
 */

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/**
 * The records of a table, each a list of cells in the card's order.
 *
 * Spaces and tabs at both ends of cells are removed; columns that the model doesn't take are left out.
 *
 * @param {Input} input of a checked card
 * @param {string} csv
 * @returns {Cell[][]}
 * @throws {VeilcastError} with line and column: `empty_table`, `duplicate_column`, `missing_column`,
 *   `row_length`, `missing_value`, `not_a_number`, `not_finite` or `unknown_category`
 */
export function readTable(input, csv) {
  const [header, ...rows] = parseCsv(csv);
  if (!header) throw new VeilcastError('empty_table', 'the table is empty: its first line must name the columns');
  const titles = header.cells;
  const repeated = titles.find((title, i) => title !== '' && titles.indexOf(title) !== i);
  if (repeated !== undefined) throw problem('duplicate_column', header, repeated, 'is in the header twice');
  const columns = columnsOf(input).map((column) => {
    const place = titles.indexOf(column.name);
    if (place < 0) throw problem('missing_column', header, column.name, 'is missing from the header');
    return { ...column, place };
  });
  return rows.map((row) => {
    if (row.cells.length !== titles.length) {
      const message = `line ${row.line} has ${row.cells.length} cells, and the header ${titles.length}`;
      throw new VeilcastError('row_length', message, { line: row.line });
    }
    const cells = columns.map((column) => read(column, row));
    columns.forEach(({ name, categories }, i) => {
      if (categories && cells[i] !== null && !categories.includes(String(cells[i]))) {
        throw problem('unknown_category', row, name, `has the category "${excerpt(cells[i])}", which the model doesn't know`);
      }
    });
    return cells;
  });
}

/**
 * @typedef {object} Column
 * @property {string} name
 * @property {boolean} isText
 * @property {string[] | undefined} categories if others are refused
 * @property {boolean} takesMissing whether its cells may be missing
 * @property {readonly string[]} missing spellings of a missing cell
 */

/** @param {Input} input @returns {Column[]} */
function columnsOf({ shape, features, preprocessing: { missing = [], steps } }) {
  const names = features ?? Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => `pixel${i}`);
  let numbers = 0;
  return names.map((name) => {
    const oneHot = steps.find((step) => step.op === 'one_hot' && Object.hasOwn(step.categories, name));
    const isImputed = steps.some((step) => step.op === 'impute' && Object.hasOwn(step.values, name));
    const known = oneHot?.op === 'one_hot' ? oneHot.categories[name] : undefined;
    const number = numbers;
    numbers += known?.length ?? 1;
    const takesMissing = isImputed || (!known && steps.some((step) => step.op === 'trees' && takeMissing(step.trees, number)));
    const categories = oneHot?.op === 'one_hot' && oneHot.unknown === 'error' ? known : undefined;
    return { name, isText: oneHot !== undefined, categories, takesMissing, missing };
  });
}

/** @param {Column & {place: number}} column @param {Row} row @returns {Cell} */
function read({ name, isText, takesMissing, missing, place }, row) {
  const cell = row.cells[place];
  if (missing.includes(cell)) {
    if (takesMissing) return null;
    throw problem('missing_value', row, name, 'is missing, and the model has no value for it');
  }
  if (isText) return cell;
  if (!NUMBER.test(cell)) throw problem('not_a_number', row, name, `holds "${excerpt(cell)}", which is not a number`);
  const number = Number(cell);
  if (!Number.isFinite(number)) throw problem('not_finite', row, name, `holds "${excerpt(cell)}", which is too large`);
  return number;
}

/** @param {string} code @param {Row} row @param {string} column @param {string} what */
function problem(code, { line }, column, what) {
  return new VeilcastError(code, `line ${line}: the column ${excerpt(column)} ${what}`, { line, column });
}

/**
 * The rows of CSV text that are not blank. A quoted cell may hold commas, line breaks and doubled quotes.
 *
 * @param {string} text
 * @returns {Row[]}
 */
export function parseCsv(text) {
  /** @type {Row[]} */
  const rows = [];
  let at = text.startsWith('\ufeff') ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    /** @type {Row} */
    const row = { line, cells: [] };
    for (let inRow = true; inRow; ) {
      let cell = '';
      if (text[at] === '"') {
        const end = endOfQuoted(text, at + 1);
        const quoted = text.slice(at + 1, end);
        line += quoted.split('\n').length - 1;
        cell = quoted.replaceAll('""', '"');
        at = end + 1;
      }
      const rest = /[^,\r\n]*/y;
      rest.lastIndex = at;
      const plain = rest.exec(text)?.[0] ?? '';
      at += plain.length;
      row.cells.push(trimmed(cell + plain));
      inRow = text[at] === ',';
      if (inRow) at += 1;
    }
    if (text[at] === '\r') at += 1;
    if (text[at] === '\n' || text[at - 1] === '\r') line += 1;
    if (text[at] === '\n') at += 1;
    if (row.cells.length > 1 || row.cells[0] !== '') rows.push(row);
  }
  return rows;
}

/** Where the quote is that ends a cell; the text's end if there is none. @param {string} text @param {number} at */
function endOfQuoted(text, at) {
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return text.length;
    if (text[quote + 1] !== '"') return quote;
    at = quote + 2;
  }
}
