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

import { eulerNumber, partsOf } from './connected.js';
import { VeilcastError } from './error.js';
import { clamp } from './grey.js';
import { localMedians } from './local-median.js';
import { withoutLines } from './ruled-lines.js';

/**
 * @typedef {import('./grey.js').GreyImage} GreyImage
 * @typedef {import('./grey.js').Box} Box
 * @typedef {import('./connected.js').Part} Part
 */

/** Least difference between ground and ink, of 255. */
export const MIN_CONTRAST = 48;
/** One pixel in this many may differ more from the ground than the greatest difference that counts: a reflection, a speck. */
const OUTLIERS = 300;
/** How far the pixels are that the ground is judged from, as a part of the longer side: at first, and again. */
const [FAR, NEAR] = [4, 8];
/** The least of that distance at first: half of one of MNIST's images. */
const LEAST_FAR = 14;
/** A part that has the largest one's area divided by more than this is a speck. */
const SPECK = 16;
/** A digit has no more parts than this. */
const MAX_PARTS = 6;
/** A digit encloses no more holes than this: two, and some that noise makes. */
const MAX_HOLES = 12;

/**
 * @param {GreyImage} picture
 * @returns {{ink: GreyImage, box: Box}} the ground at 0 and the ink up to 255, and the box that encloses all ink
 * @throws {VeilcastError} `blank_drawing`, `several_digits`, `uneven_ground`
 */
export function findInk(picture) {
  const { width, height } = picture;
  const side = Math.max(width, height);
  const far = localMedians(picture, Math.max(LEAST_FAR, Math.ceil(side / FAR)));
  const isDark = isInkDark(picture, far);
  const guess = differences(picture, far, isDark);
  const half = greatest(guess);
  const inked = grown(
    guess.map((difference) => Number(2 * difference >= half)),
    width,
    height,
  );
  const ground = localMedians(picture, Math.max(2, Math.ceil(side / NEAR)), { skip: inked, otherwise: far });
  const found = differences(picture, ground, isDark);
  const contrast = greatest(found);
  if (contrast < MIN_CONTRAST) throw blank(contrast);
  const strokes = withoutLines(
    found.map((difference) => Number(5 * difference >= 2 * contrast)),
    width,
    height,
  );
  return stretched(picture, found, digitOf(strokes, width, height));
}

/** @param {number} contrast */
export function blank(contrast) {
  return new VeilcastError('blank_drawing', `the picture is blank: no more than specks differ by more than ${contrast} of 255 from what is around them`);
}

/** Whether ink is darker than the ground. @param {GreyImage} picture @param {Uint8Array} ground */
function isInkDark({ pixels }, ground) {
  let sum = 0;
  for (let i = 0; i < ground.length; i++) sum += (pixels[i] - ground[i]) ** 3;
  return sum < 0;
}

/** How much each pixel differs from the ground towards ink. @param {GreyImage} picture @param {Uint8Array} ground @param {boolean} isDark */
function differences({ pixels }, ground, isDark) {
  return ground.map((level, i) => Math.max(0, isDark ? level - pixels[i] : pixels[i] - level));
}

/** The greatest value but for outliers. @param {Uint8Array} values */
const greatest = (values) => quantile(values, Math.floor(values.length / OUTLIERS));

/** The value that this number of greater or equal ones precede. @param {Uint8Array} values @param {number} before */
function quantile(values, before) {
  const sorted = Uint8Array.from(values).sort();
  return sorted[sorted.length - 1 - before];
}

/**
 * The strokes that make up a digit, without specks.
 *
 * @param {Uint8Array} strokes 1 where there is ink
 * @param {number} width
 * @param {number} height
 * @returns {Uint8Array} 1 at the digit's strokes
 */
function digitOf(strokes, width, height) {
  const { labels, parts } = partsOf(strokes, width, height);
  const largest = parts.reduce((area, part) => Math.max(area, part.area), 0);
  const isKept = parts.map(({ area }) => area * SPECK >= largest);
  const kept = parts.filter((_, i) => isKept[i]);
  const area = kept.reduce((sum, part) => sum + part.area, 0);
  const digit = Uint8Array.from(labels, (label) => Number(label > 0 && isKept[label - 1]));
  const holes = kept.length - eulerNumber(digit, width, height);
  // Without any part there was nothing but ruled lines.
  if (area === 0 || 2 * area >= strokes.length || kept.length > MAX_PARTS || holes > MAX_HOLES) {
    throw new VeilcastError(
      'uneven_ground',
      'the picture is too uneven to tell a digit from the ground; take one of a single digit, dark on light or light on dark, with nothing else in it',
    );
  }
  if (areSeveral(kept)) throw new VeilcastError('several_digits', 'the picture shows more than one digit; cut out one');
  return digit;
}

/** Whether large parts lie beside or above each other. @param {readonly Part[]} parts */
function areSeveral(parts) {
  const tallest = parts.reduce((most, { top, bottom }) => Math.max(most, bottom - top), 0);
  const tall = parts.filter(({ top, bottom }) => 2 * (bottom - top) >= tallest);
  return tall.some((a) => tall.some((b) => a.right <= b.left || a.bottom <= b.top));
}

/** The mask with all pixels that touch it. @param {Uint8Array} mask @param {number} width @param {number} height */
function grown(mask, width, height) {
  const result = new Uint8Array(mask.length);
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
      result.fill(1, row * width + Math.max(0, x - 1), row * width + Math.min(width, x + 2));
    }
  }
  return result;
}

/** @param {GreyImage} picture @param {Uint8Array} found @param {Uint8Array} digit @returns {{ink: GreyImage, box: Box}} */
function stretched({ width, height }, found, digit) {
  const inks = found.filter((_, i) => digit[i] > 0);
  const strong = quantile(inks, inks.length >> 1);
  const near = grown(digit, width, height);
  // 0 up to an eighth of the median.
  const ink = found.map((difference, i) => (near[i] ? clamp(Math.floor((2 * 255 * (8 * difference - strong) + 7 * strong) / (14 * strong)), 0, 255) : 0));
  const box = { left: width, top: height, right: 0, bottom: 0 };
  for (let i = 0; i < ink.length; i++) {
    if (ink[i] === 0) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    [box.left, box.top] = [Math.min(box.left, x), Math.min(box.top, y)];
    [box.right, box.bottom] = [Math.max(box.right, x + 1), Math.max(box.bottom, y + 1)];
  }
  return { ink: { width, height, pixels: ink }, box };
}
