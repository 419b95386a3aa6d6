/**
 * How a table is written, found out from its beginning: what separates its columns, which lines come before the
 * header, and how each column's numbers are written.
 */
export type Row = import('./table-rows.js').Row;
export type Format = import('./table-numbers.js').Format;
export type Layout = {
    separator: string;
    skipped: number;
    skippedLines: number;
    comments: number;
};
export type Shown = {
    format: Format;
    countsRows: boolean;
    hasThousands: boolean;
};
/** @type {Record<string, string>} */
export declare const NAMES: Record<string, string>;
/**
 * Finds out what separates the columns.
 *
 * @param {string} sample of a text whose lines end with line feeds
 * @param {boolean} isWhole whether it is the whole text
 * @returns {Layout}
 */
export declare function layoutOf(sample: string, isWhole: boolean): Layout;
/** The complete rows of a sample. @param {string} sample @param {string} separator @param {boolean} isWhole */
export declare function completeRows(sample: string, separator: string, isWhole: boolean): import("./table-rows.js").Row[];
/** Whether a column has no name, or the one that pandas gives it then. @param {string} title */
export declare const isUnnamed: (title: string) => boolean;
/** Whether a column only counts or names the rows. @param {string} title @param {Shown} shown */
export declare const isRowNumber: (title: string, shown: Shown) => boolean;
/**
 * What the columns of a sample's rows show.
 *
 * @param {readonly Row[]} rows
 * @param {number} count of columns
 * @param {string} separator
 * @returns {Shown[]}
 */
export declare function columnsOf(rows: readonly Row[], count: number, separator: string): Shown[];
