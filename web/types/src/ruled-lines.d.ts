/**
 * Taking ruled lines out of a mask of strokes: lines that go through the picture from edge to edge, almost level or upright.
 *
 * For each of a few slopes, the mask's pixels are counted along every line: a discrete Radon transform, as that of R. N.
 * Bracewell, "Two-Dimensional Imaging" (1995), with whole numbers. Where a line is, pixels are taken out whose run across it
 * is short; where a stroke crosses it, the run is long.
 */
/**
 * @param {Uint8Array} mask 1 where there is ink
 * @param {number} width
 * @param {number} height
 * @returns {Uint8Array}
 */
export declare function withoutLines(mask: Uint8Array, width: number, height: number): Uint8Array;
export type Direction = {
    along: number;
    across: number;
    stepAlong: number;
    stepAcross: number;
};
