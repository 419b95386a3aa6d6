/**
 * From a raw record to the features that get quantised: each operation acts on 64-bit floats, so
 * that every client computes exactly the same numbers.
 */
export type Input = import('./card-types.js').Input;
export type Step = import('./card-types.js').Step;
export type Cell = number | string | null;
export type OneHot = {
    hot: number;
    count: number;
};
export type Counts = {
    imputed: number;
    clipped: number;
    unknown: number;
};
/**
 * @typedef {import('./card-types.js').Input} Input
 * @typedef {import('./card-types.js').Step} Step
 * @typedef {number | string | null} Cell a number, a text of a one-hot encoded column, or a missing cell
 * @typedef {{hot: number, count: number}} OneHot the index of its category, or −1
 * @typedef {{imputed: number, clipped: number, unknown: number}} Counts how many cells were given the
 *   card's value, were moved to the edge of their range, and had a category that the card doesn't know
 */
/**
 * The features of a record, and what was done to its cells to get them. A tree gives one per leaf but the last: 1 for the leaf
 * that the record reaches, 0 for the others.
 *
 * @param {Input} input of a checked card
 * @param {readonly Cell[]} cells in the card's order
 * @returns {Counts & {features: number[]}}
 * @throws {VeilcastError} `record_length`, `not_finite`, `missing_value`, `not_a_number`, `not_a_text` or
 *   `unknown_category`
 */
export declare function preprocess(input: Input, cells: readonly Cell[]): Counts & {
    features: number[];
};
