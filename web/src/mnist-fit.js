/**
 * Fitting a picture of a drawing to the form of MNIST's images, with exactly the same numbers as the program.
 *
 * 1. The ground is the median of the picture's rim, and must be plain there.
 * 2. The ink is whatever differs from it, towards dark or light, whichever goes further. Contrast is
 *    stretched so that the ground is 0 and the strongest ink 255; faint noise is 0.
 * 3. The ink's bounding box is scaled to fit 20/28 of each side, and placed with its centre of mass in the
 *    middle.
 *
 * Where the program rounds to 32-bit floats, so does this.
 */

import { VeilcastError } from './error.js';

/**
 * @typedef {object} GreyImage
 * @property {number} width
 * @property {number} height
 * @property {ArrayLike<number>} pixels row by row, 0 (black) to 255 (white)
 */

const f32 = Math.fround;

/** Least difference between ground and ink, of 255. */
const MIN_CONTRAST = 48;
/** How far the rim of a plain ground may differ from its median, as a part of the contrast. */
const RIM_TOLERANCE = f32(0.35);
/** Share of the rim that may differ more, where a drawing runs over it. */
const RIM_EXCEPTIONS = f32(0.1);
/** Largest share of a picture that can be ink. */
const MAX_INK = f32(0.6);
/** The difference that counts as ink, as a part of the contrast. */
const INK = f32(0.2);

/**
 * Fits a drawing to MNIST's form: 0 is the ground, 255 the strongest ink.
 *
 * @param {GreyImage} picture dark ink on light ground, or light on dark
 * @param {readonly number[]} [shape] rows and columns
 * @returns {Uint8Array<ArrayBuffer>} row by row
 * @throws {VeilcastError} `blank_drawing`, `uneven_ground`
 */
export function fitMnist(picture, [rows, columns] = [28, 28]) {
  const cropped = crop(inkOf(picture));
  const [boxWidth, boxHeight] = [columns, rows].map((side) => Math.max(1, Math.floor((side * 20) / 28)));
  const ratio = Math.min(boxWidth / cropped.width, boxHeight / cropped.height);
  const side = (/** @type {number} */ length, /** @type {number} */ most) => clamp(Math.round(length * ratio), 1, most);
  const scaled = resize(cropped, side(cropped.width, boxWidth), side(cropped.height, boxHeight));
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
 * The brightness of a picture in colours, by the weights of ITU-R BT.709; transparent pixels get a ground that
 * contrasts with the rest.
 *
 * @param {{width: number, height: number, data: ArrayLike<number>}} picture red, green, blue and alpha of each
 *   pixel, such as an `ImageData`
 * @returns {GreyImage}
 */
export function greyImage({ width, height, data }) {
  const pixels = new Uint8Array(width * height);
  let [bright, opaque] = [0, 0];
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = Math.floor((2126 * data[4 * i] + 7152 * data[4 * i + 1] + 722 * data[4 * i + 2] + 5000) / 10_000);
    bright += pixels[i] * data[4 * i + 3];
    opaque += data[4 * i + 3];
  }
  const ground = bright < opaque * 128 ? 255 : 0;
  for (let i = 0; i < pixels.length; i++) {
    const alpha = data[4 * i + 3];
    pixels[i] = Math.floor((pixels[i] * alpha + ground * (255 - alpha) + 127) / 255);
  }
  return { width, height, pixels };
}

/**
 * The picture with the ground at 0 and the strongest ink at 255.
 *
 * @param {GreyImage} picture
 * @returns {GreyImage}
 */
function inkOf(picture) {
  const { width, height, pixels } = picture;
  const rim = rimOf(picture).sort();
  const ground = rim[Math.floor(rim.length / 2)];
  let [low, high] = [ground, ground];
  for (let i = 0; i < pixels.length; i++) {
    low = Math.min(low, pixels[i]);
    high = Math.max(high, pixels[i]);
  }
  const isDark = ground - low > high - ground;
  const contrast = isDark ? ground - low : high - ground;
  if (contrast < MIN_CONTRAST) {
    throw new VeilcastError('blank_drawing', `the picture is blank: its pixels differ by no more than ${contrast} of 255 from its rim`);
  }
  const tolerance = f32(RIM_TOLERANCE * contrast);
  const uneven = rim.filter((level) => Math.abs(level - ground) > tolerance);
  if (uneven.length > f32(RIM_EXCEPTIONS * rim.length)) throw notPlain();
  const strengths = Array.from({ length: 256 }, (_, level) => {
    const strength = f32(Math.max(0, isDark ? ground - level : level - ground) / contrast);
    return strength < INK ? 0 : Math.round(f32(strength * 255));
  });
  const ink = Uint8Array.from(pixels, (level) => strengths[level]);
  if (ink.filter((level) => level > 0).length > f32(MAX_INK * f32(ink.length))) throw notPlain();
  return { width, height, pixels: ink };
}

function notPlain() {
  const message = "the picture's background isn't plain; use dark ink on a light background, or light on dark, with nothing else in the picture";
  return new VeilcastError('uneven_ground', message);
}

/** The outermost pixels. @param {GreyImage} picture */
function rimOf({ width, height, pixels }) {
  /** @type {number[]} */
  const rim = [];
  for (let y = 0; y < height; y++) {
    const isEdge = y === 0 || y === height - 1;
    for (let x = 0; x < width; x++) if (isEdge || x === 0 || x === width - 1) rim.push(pixels[y * width + x]);
  }
  return Uint8Array.from(rim);
}

/** The bounding box of the pixels that aren't 0; there is at least one. @param {GreyImage} ink @returns {GreyImage} */
function crop({ width, height, pixels }) {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let i = 0; i < pixels.length; i++) {
    if (pixels[i] === 0) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
  }
  const [columns, rows] = [right - left + 1, bottom - top + 1];
  const cropped = new Uint8Array(columns * rows);
  for (let i = 0; i < cropped.length; i++) cropped[i] = pixels[(top + Math.floor(i / columns)) * width + left + (i % columns)];
  return { width: columns, height: rows, pixels: cropped };
}

/**
 * A picture in another size: first its columns, then its rows, each pixel a mean of those around it with
 * weights that fall linearly.
 *
 * @param {GreyImage} picture
 * @param {number} width
 * @param {number} height
 * @returns {GreyImage}
 */
function resize(picture, width, height) {
  if (picture.width === width && picture.height === height) return picture;
  const { width: columns, pixels } = picture;
  const tall = new Float32Array(columns * height);
  weightsOf(picture.height, height).forEach(({ start, weights }, y) => {
    for (let x = 0; x < columns; x++) {
      tall[y * columns + x] = weights.reduce((sum, w, i) => f32(sum + f32(pixels[(start + i) * columns + x] * w)), 0);
    }
  });
  const scaled = new Uint8Array(width * height);
  weightsOf(columns, width).forEach(({ start, weights }, x) => {
    for (let y = 0; y < height; y++) {
      const mean = weights.reduce((sum, w, i) => f32(sum + f32(tall[y * columns + start + i] * w)), 0);
      scaled[y * width + x] = Math.round(clamp(mean, 0, 255));
    }
  });
  return { width, height, pixels: scaled };
}

/** Of which pixels, from the start on, a line's new ones are means. @param {number} from @param {number} to */
function weightsOf(from, to) {
  const ratio = f32(from / to);
  const reach = Math.max(1, ratio);
  return Array.from({ length: to }, (_, i) => {
    const middle = f32(f32(i + 0.5) * ratio);
    const start = clamp(Math.floor(f32(middle - reach)), 0, from - 1);
    const end = clamp(Math.ceil(f32(middle + reach)), start + 1, from);
    const centre = f32(middle - 0.5);
    const raw = Array.from({ length: end - start }, (_, j) => {
      const distance = Math.abs(f32(f32(start + j - centre) / reach));
      return distance < 1 ? f32(1 - distance) : 0;
    });
    const sum = raw.reduce((sum, w) => f32(sum + w), 0);
    return { start, weights: raw.map((w) => f32(w / sum)) };
  });
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

/** @param {number} x @param {number} low @param {number} high */
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
