/**
 * Finding the ink of a digit in a picture of at most some hundred pixels a side, whatever the light.
 *
 * 1. The ground at each pixel is the median of those around it: it follows gradients and keeps the edges of shadows, as long
 *    as less than half of what is around is ink.
 * 2. Ink is darker or lighter than the ground, whichever sum of cubed differences is greater.
 * 3. The ground is judged again, from nearer pixels that aren't ink.
 * 4. Pixels whose difference is two fifths of the greatest or more are strokes. Ruled lines are taken out (`ruled-lines.js`),
 *    then parts that are small beside the largest.
 * 5. Strokes and the pixels next to them are stretched so that the strokes' median is 255; all else is 0.
 *
 * Judging the ground from what isn't ink, after a first guess of the ink, is the approach of Gatos, Pratikakis, Perantonis,
 * "Adaptive degraded document image binarization", Pattern Recognition 39 (2006).
 */
import { VeilcastError } from './error.js';
export type GreyImage = import('./grey.js').GreyImage;
export type Box = import('./grey.js').Box;
export type Part = import('./connected.js').Part;
/**
 * @typedef {import('./grey.js').GreyImage} GreyImage
 * @typedef {import('./grey.js').Box} Box
 * @typedef {import('./connected.js').Part} Part
 */
/** Least difference between ground and ink, of 255. */
export declare const MIN_CONTRAST = 48;
/**
 * @param {GreyImage} picture
 * @returns {{ink: GreyImage, box: Box}} the ground at 0 and the ink up to 255, and the box that encloses all ink
 * @throws {VeilcastError} `blank_drawing`, `several_digits`, `uneven_ground`
 */
export declare function findInk(picture: GreyImage): {
    ink: GreyImage;
    box: Box;
};
/** @param {number} contrast */
export declare function blank(contrast: number): VeilcastError;
