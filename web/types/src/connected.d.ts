/** Connected parts of a mask. */
export type Part = import('./grey.js').Box & {
    area: number;
};
/**
 * @typedef {import('./grey.js').Box & {area: number}} Part
 */
/**
 * The parts whose pixels touch each other, also by their corners, in the order of their first pixels.
 *
 * @param {Uint8Array} mask 0 outside all parts
 * @param {number} width
 * @param {number} height
 * @returns {{labels: Int32Array, parts: Part[]}} each pixel's part, from 1, or 0; and the parts
 */
export declare function partsOf(mask: Uint8Array, width: number, height: number): {
    labels: Int32Array;
    parts: Part[];
};
/**
 * How many parts a mask has, less the holes in them, counted from its squares of 2 × 2 pixels: S. B. Gray, "Local properties
 * of binary images in two dimensions", IEEE Transactions on Computers 20 (1971).
 *
 * @param {Uint8Array} mask 1 or 0
 * @param {number} width
 * @param {number} height
 * @returns {number}
 */
export declare function eulerNumber(mask: Uint8Array, width: number, height: number): number;
