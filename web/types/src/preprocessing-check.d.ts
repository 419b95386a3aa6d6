/**
 * The checks that make steps of preprocessing fit for a table or an image.
 */
export type Input = import('./card-types.js').Input;
export type Shape = import('./shape.js').Shape;
export type Column = {
    categories?: string[];
    done: Set<string>;
};
export declare const preprocessingShape: import("./shape.js").Shape;
/**
 * Checks that steps fit the columns and each other.
 *
 * @param {Input} input
 * @returns {number} how many features come out
 * @throws {import('./shape.js').ShapeError}
 */
export declare function checkPreprocessing({ kind, shape, features: names, preprocessing }: Input): number;
