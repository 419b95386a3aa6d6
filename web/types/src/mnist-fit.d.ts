/**
 * Fitting a picture of a digit, such as a photo, to the form of MNIST's images, with exactly the same numbers as the
 * program.
 *
 * 1. The ink is found, on a ground that is judged locally (`ink.js`).
 * 2. Its bounding box is scaled to fit 20/28 of each side, and placed with its centre of mass in the middle.
 */
export type GreyImage = import('./grey.js').GreyImage;
/**
 * Fits a picture of a digit to MNIST's form: 0 is the ground, 255 the strongest ink. One that has it already, light ink on a
 * dark ground in the right size, is returned as it is.
 *
 * @param {GreyImage} picture dark ink on light ground, or light on dark
 * @param {readonly [number, number]} [shape] rows and columns
 * @returns {Uint8Array<ArrayBuffer>} row by row
 * @throws {import('./error.js').VeilcastError} `blank_drawing`, `several_digits`, `uneven_ground`
 */
export declare function fitMnist(picture: GreyImage, shape?: readonly [number, number]): Uint8Array<ArrayBuffer>;
/**
 * Whether a picture has the model's own size, and most of it is dark.
 *
 * @param {GreyImage} picture
 * @param {readonly [number, number]} [shape] rows and columns
 * @throws {import('./error.js').VeilcastError} `blank_drawing`
 */
export declare function isFitted({ width, height, pixels }: GreyImage, [rows, columns]?: readonly [number, number]): boolean;
