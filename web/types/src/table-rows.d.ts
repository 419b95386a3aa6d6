/** The rows of CSV text. */
export type Row = {
    line: number;
    cells: string[];
};
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
export declare function parseRows(text: string, separator: string, line?: number): {
    rows: Row[];
    openQuote: number | undefined;
};
