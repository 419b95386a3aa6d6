/**
 * CSV text: a header, then one row per record. Separator and decimal mark are found out from its beginning, as
 * `veilcast predict` does, and columns are found by name.
 */
export type Input = import('./card-types.js').Input;
export type Cell = import('./preprocessing.js').Cell;
export type Shown = import('./table-layout.js').Shown;
export type Row = import('./table-rows.js').Row;
export type Table = {
    /**
     * each a list of cells in the card's order
     */
    records: Cell[][];
    /**
     * what was found out that isn't usual, for people
     */
    said: string[];
};
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
export declare function readTable(input: Input, csv: string): Cell[][];
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
export declare function openTable(input: Input, csv: string): Table;
export type Column = {
    name: string;
    /**
     * categories of a text
     */
    known: string[] | undefined;
    /**
     * whether others are refused
     */
    refuses: boolean;
    /**
     * whether its cells may be missing
     */
    takesMissing: boolean;
    takesDates: boolean;
    /**
     * spellings of a missing cell
     */
    missing: readonly string[];
};
