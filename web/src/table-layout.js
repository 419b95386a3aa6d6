/**
 * How a table is written, found out from its beginning: what separates its columns, which lines come before the
 * header, and how each column's numbers are written.
 */

import { VeilcastError } from './error.js';
import { parseRows } from './table-rows.js';
import { written } from './table-numbers.js';

/**
 * @typedef {import('./table-rows.js').Row} Row
 * @typedef {import('./table-numbers.js').Format} Format
 * @typedef {{separator: string, skipped: number, skippedLines: number, comments: number}} Layout what separates the columns,
 *   and characters and lines before the header, comments among them
 * @typedef {{format: Format, countsRows: boolean, hasThousands: boolean}} Shown what a column shows
 */

const SEPARATORS = [',', ';', '\t', '|'];
/** @type {Record<string, string>} */
export const NAMES = { ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'vertical bars' };

/** Names of columns that usually count the rows. */
const ROW_NUMBERS = ['index', 'idx', 'id', 'no', 'no.', 'nr', 'nr.', 's.no', 's.no.', 'sno', 'sl no', 'sr no', 'row', 'rownum', 'rownames'];

/**
 * Finds out what separates the columns.
 *
 * @param {string} sample of a text whose lines end with line feeds
 * @param {boolean} isWhole whether it is the whole text
 * @returns {Layout}
 */
export function layoutOf(sample, isWhole) {
  const named = sepLine(sample);
  let skipped = named?.characters ?? 0;
  let skippedLines = named ? 1 : 0;
  const text = sample.slice(skipped);
  const comments = commentsOf(text);
  const table = text.slice(comments.characters);
  const fits = (named ? [named.separator] : SEPARATORS).map((separator) => ({ separator, ...fitOf(table, separator, isWhole) }));
  const better = (/** @type {typeof fits[0]} */ a, /** @type {typeof fits[0]} */ b) => Number(b.isEven) - Number(a.isEven) || b.columns - a.columns;
  const [best, second] = [...fits].sort(better);
  if (second && best.columns > 1 && better(best, second) === 0) {
    throw unclear(`the columns may be separated by ${NAMES[best.separator]} or by ${NAMES[second.separator]}; say which in a first line sep=, or sep=;`);
  }
  if (!named && best.columns < 2 && isSpaced(table, isWhole)) {
    throw unclear('the columns are separated by spaces; save the table with commas or tabs between columns');
  }
  // A line with as many cells as the table is its header, whatever it begins with.
  const isHeader = (/** @type {string} */ line) => best.columns < 2 || parseRows(line, best.separator).rows[0]?.cells.length === best.columns;
  let count = 0;
  if (comments.count > 0 && !text.slice(0, comments.characters).split('\n').some(isHeader)) {
    skipped += comments.characters;
    skippedLines += comments.lines;
    count = comments.count;
  }
  return { separator: best.separator, skipped, skippedLines, comments: count };
}

/** @param {string} message */
const unclear = (message) => new VeilcastError('unclear_separator', message);

/** @param {string} sample */
function sepLine(sample) {
  const end = sample.indexOf('\n');
  const line = (end < 0 ? sample : sample.slice(0, end)).trimEnd().replace(/^"|"$/g, '');
  if (!/^sep=/i.test(line)) return undefined;
  // A tab at the end of the line was trimmed.
  const separator = line.slice(4) || '\t';
  if (!SEPARATORS.includes(separator)) throw unclear('the first line names a separator other than a comma, a semicolon, a tab or a vertical bar');
  return { separator, characters: end < 0 ? sample.length : end + 1 };
}

/** The blank lines and lines with # that a text begins with, up to the last with #. @param {string} text */
function commentsOf(text) {
  const found = { characters: 0, lines: 0, count: 0 };
  let characters = 0;
  let lines = 0;
  while (characters < text.length) {
    const end = text.indexOf('\n', characters);
    const next = end < 0 ? text.length : end + 1;
    const line = text.slice(characters, next).trim();
    if (line !== '' && !line.startsWith('#')) break;
    characters = next;
    lines += 1;
    if (line !== '') Object.assign(found, { characters, lines, count: found.count + 1 });
  }
  return found;
}

/** The complete rows of a sample. @param {string} sample @param {string} separator @param {boolean} isWhole */
export function completeRows(sample, separator, isWhole) {
  const { rows } = parseRows(sample, separator);
  return isWhole ? rows : rows.slice(0, -1);
}

/** How well a separator fits: it makes rows as long as the header, and columns. @param {string} sample @param {string} separator @param {boolean} isWhole */
function fitOf(sample, separator, isWhole) {
  const [header, ...rows] = completeRows(sample, separator, isWhole);
  const columns = header ? filled(header) : 0;
  return { columns, isEven: columns > 1 && rows.every((row) => row.cells.length >= columns && filled(row) <= columns) };
}

/** The number of cells up to the last that isn't empty. @param {Row} row */
const filled = ({ cells }) => cells.findLastIndex((cell) => cell !== '') + 1;

/** Whether every line has the same number of words, more than one, with spaces between. @param {string} sample @param {boolean} isWhole */
function isSpaced(sample, isWhole) {
  const lines = sample.split('\n');
  if (!isWhole) lines.pop();
  const counts = lines.map((line) => line.split(/[ \t]/).filter(Boolean).length).filter((count) => count > 0);
  return counts.length > 1 && counts[0] > 1 && counts.every((count) => count === counts[0]);
}

/** Whether a column has no name, or the one that pandas gives it then. @param {string} title */
export const isUnnamed = (title) => title === '' || /^Unnamed: \d+$/.test(title);

/** Whether a column only counts or names the rows. @param {string} title @param {Shown} shown */
export const isRowNumber = (title, shown) => isUnnamed(title) || (shown.countsRows && ROW_NUMBERS.includes(title.toLowerCase()));

/**
 * What the columns of a sample's rows show.
 *
 * @param {readonly Row[]} rows
 * @param {number} count of columns
 * @param {string} separator
 * @returns {Shown[]}
 */
export function columnsOf(rows, count, separator) {
  const seen = Array.from({ length: count }, (_, place) => look(rows, place));
  const shows = (/** @type {string} */ mark) => seen.some((column) => column.isNumbers && column.decimal === mark);
  const [points, commas] = [shows('.'), shows(',')];
  // What a column that shows none has: what the others show. Commas within cells of a file with commas between
  // columns needed quotes, as thousands have them and decimal marks have not.
  /** @type {import('./table-numbers.js').Mark | undefined} */
  let elsewhere;
  if (separator === ',') elsewhere = commas && !points ? undefined : '.';
  else if (points !== commas) elsewhere = points ? '.' : ',';
  return seen.map((column) => {
    const isMixed = column.points > 0 && column.commas > 0;
    const isUnclear = column.ambiguousComma && (column.ambiguousPoint || isMixed);
    const own = column.points + column.commas === 0 ? elsewhere : (column.decimal ?? '.');
    const decimal = isUnclear ? undefined : own;
    return {
      format: { decimal, percent: column.percent && column.isNumbers, currency: column.currency },
      countsRows: column.countsRows && rows.length > 2,
      hasThousands: column.isNumbers && column.hasComma && decimal === '.',
    };
  });
}

/** What is seen in a column of a sample. @param {readonly Row[]} rows @param {number} place */
function look(rows, place) {
  const seen = { cells: 0, numbers: 0, points: 0, commas: 0, ambiguousComma: false, ambiguousPoint: false, hasComma: false, percent: false };
  /** @type {string | undefined} */
  let currency;
  let countsRows = rows.length > 0;
  let last = NaN;
  for (const { cells } of rows) {
    const cell = cells[place] ?? '';
    const number = /^\d{1,15}$/.test(cell) ? Number(cell) : NaN;
    countsRows &&= seen.cells === 0 ? !Number.isNaN(number) : number === last + 1;
    last = number;
    if (cell === '') continue;
    seen.cells += 1;
    const found = written(cell);
    if (!found) continue;
    const [point, comma] = found.values;
    seen.numbers += 1;
    if (comma === undefined) seen.points += 1;
    if (point === undefined) seen.commas += 1;
    const isAmbiguous = point !== undefined && comma !== undefined && point !== comma;
    seen.ambiguousComma ||= isAmbiguous && found.hasComma;
    seen.ambiguousPoint ||= isAmbiguous && !found.hasComma;
    seen.hasComma ||= found.hasComma;
    seen.percent ||= found.percent;
    currency ??= found.currency;
  }
  /** @type {import('./table-numbers.js').Mark | undefined} */
  let decimal;
  if (seen.points !== seen.commas) decimal = seen.points > seen.commas ? '.' : ',';
  return { ...seen, currency, countsRows, decimal, isNumbers: seen.numbers * 2 > seen.cells };
}
