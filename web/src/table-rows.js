/** The rows of CSV text. */

import { trimmed } from './texts.js';

/**
 * @typedef {{line: number, cells: string[]}} Row the line it begins in, from 1, and its cells
 */

/**
 * The rows of CSV text that are not blank, and the line of one whose quotation mark isn't closed. A quoted cell may
 * hold separators, line breaks and doubled quotes.
 *
 * @param {string} text whose lines end with line feeds
 * @param {string} separator
 * @param {number} [line] its first line's number
 * @returns {{rows: Row[], openQuote: number | undefined}}
 */
export function parseRows(text, separator, line = 1) {
  /** @type {Row[]} */
  const rows = [];
  let openQuote;
  let at = 0;
  const rest = separator === '\t' ? /[^\t\n]*/y : new RegExp(`[^${separator}\\n]*`, 'y');
  while (at < text.length) {
    /** @type {Row} */
    const row = { line, cells: [] };
    for (let inRow = true; inRow;) {
      let cell = '';
      if (text[at] === '"') {
        const end = endOfQuoted(text, at + 1);
        if (end === text.length) openQuote = row.line;
        const quoted = text.slice(at + 1, end);
        line += quoted.split('\n').length - 1;
        cell = quoted.replaceAll('""', '"');
        at = end + 1;
      }
      rest.lastIndex = at;
      const plain = rest.exec(text)?.[0] ?? '';
      at += plain.length;
      row.cells.push(trimmed(cell + plain));
      inRow = text[at] === separator;
      if (inRow) at += 1;
    }
    at += 1;
    line += 1;
    if (row.cells.length > 1 || row.cells[0] !== '') rows.push(row);
  }
  return { rows, openQuote };
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
