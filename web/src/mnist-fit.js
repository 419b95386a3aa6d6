/**
 * Fitting a picture of a digit, such as a photo, to the form of MNIST's images, with exactly the same numbers as the
 * program.
 *
 * 1. The ink is found, on a ground that is judged locally (`ink.js`).
 * 2. Its bounding box is scaled to fit 20/28 of each side, and placed with its centre of mass in the middle.
 */

import { clamp, cropped, reduced, resized } from './grey.js';
import { MIN_CONTRAST, blank, findInk } from './ink.js';

/** @typedef {import('./grey.js').GreyImage} GreyImage */

/** The most pixels of a side that the ink is looked for in; of larger pictures, means are taken. */
const MAX_SIDE = 128;
/** The ground of a picture that is in MNIST's form already is no lighter than this. */
const DARK = 32;

/**
 * Fits a picture of a digit to MNIST's form: 0 is the ground, 255 the strongest ink. One that has it already, light ink on a
 * dark ground in the right size, is returned as it is.
 *
 * @param {GreyImage} picture dark ink on light ground, or light on dark
 * @param {readonly [number, number]} [shape] rows and columns
 * @returns {Uint8Array<ArrayBuffer>} row by row
 * @throws {import('./error.js').VeilcastError} `blank_drawing`, `several_digits`, `uneven_ground`
 */
export function fitMnist(picture, shape = [28, 28]) {
  if (isFitted(picture, shape)) return Uint8Array.from(picture.pixels);
  const [rows, columns] = shape;
  const ink = closest(picture);
  const [boxWidth, boxHeight] = [columns, rows].map((side) => Math.max(1, Math.floor((side * 20) / 28)));
  const ratio = Math.min(boxWidth / ink.width, boxHeight / ink.height);
  const side = (/** @type {number} */ length, /** @type {number} */ most) => clamp(Math.round(length * ratio), 1, most);
  const scaled = resized(ink, side(ink.width, boxWidth), side(ink.height, boxHeight));
  const centre = centreOfMass(scaled);
  const left = clamp(Math.round(columns / 2 - centre.x), 0, columns - scaled.width);
  const top = clamp(Math.round(rows / 2 - centre.y), 0, rows - scaled.height);
  const fitted = new Uint8Array(rows * columns);
  for (let y = 0; y < scaled.height; y++) {
    for (let x = 0; x < scaled.width; x++) fitted[(top + y) * columns + left + x] = scaled.pixels[y * scaled.width + x];
  }
  return fitted;
}

/**
 * Whether a picture has the model's own size, and most of it is dark.
 *
 * @param {GreyImage} picture
 * @param {readonly [number, number]} [shape] rows and columns
 * @throws {import('./error.js').VeilcastError} `blank_drawing`
 */
export function isFitted({ width, height, pixels }, [rows, columns] = [28, 28]) {
  if (width !== columns || height !== rows) return false;
  const levels = Uint8Array.from(pixels).sort();
  if (levels[levels.length >> 1] > DARK) return false;
  const contrast = levels[levels.length - 1] - levels[levels.length >> 1];
  if (contrast < MIN_CONTRAST) throw blank(contrast);
  return true;
}

/** The ink of a picture, cut out; a small digit is looked at again from near. @param {GreyImage} picture @returns {GreyImage} */
function closest(picture) {
  const step = Math.ceil(Math.max(picture.width, picture.height) / MAX_SIDE);
  const small = reduced(picture, step);
  const { ink, box } = findInk(small);
  const longest = Math.max(box.right - box.left, box.bottom - box.top);
  if (step === 1 || 2 * longest >= Math.max(small.width, small.height)) return cropped(ink, box);
  const margin = Math.ceil(longest / 2);
  const near = cropped(picture, {
    left: Math.max(0, box.left - margin) * step,
    top: Math.max(0, box.top - margin) * step,
    right: Math.min(picture.width, (box.right + margin) * step),
    bottom: Math.min(picture.height, (box.bottom + margin) * step),
  });
  const again = findInk(reduced(near, Math.ceil(Math.max(near.width, near.height) / MAX_SIDE)));
  return cropped(again.ink, again.box);
}

/** Counted in pixels from the middle of the first. @param {GreyImage} ink */
function centreOfMass({ width, height, pixels }) {
  let [mass, x, y] = [0, 0, 0];
  for (let i = 0; i < width * height; i++) {
    mass += pixels[i];
    x += pixels[i] * (i % width);
    y += pixels[i] * Math.floor(i / width);
  }
  return { x: x / mass, y: y / mass };
}
