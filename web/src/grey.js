/**
 * Grey images, cutting parts out of them, and resizing them with exactly the same numbers as the program.
 *
 * Where the program rounds to 32-bit floats, so does this.
 */

/**
 * @typedef {object} GreyImage
 * @property {number} width
 * @property {number} height
 * @property {ArrayLike<number>} pixels row by row, 0 (black) to 255 (white)
 *
 * @typedef {{left: number, top: number, right: number, bottom: number}} Box the columns and rows of a part; right and bottom
 *   are outside it
 */

const f32 = Math.fround;

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

/** @param {GreyImage} picture @param {Box} box within it @returns {GreyImage} */
export function cropped({ width, pixels }, { left, top, right, bottom }) {
  const [columns, rows] = [right - left, bottom - top];
  const part = new Uint8Array(columns * rows);
  for (let i = 0; i < part.length; i++) part[i] = pixels[(top + Math.floor(i / columns)) * width + left + (i % columns)];
  return { width: columns, height: rows, pixels: part };
}

/**
 * The means of squares of `side` × `side` pixels, or of what is left of them at the right and the bottom.
 *
 * @param {GreyImage} picture
 * @param {number} side
 * @returns {GreyImage}
 */
export function reduced(picture, side) {
  if (side === 1) return picture;
  const { width, height, pixels } = picture;
  const [columns, rows] = [Math.ceil(width / side), Math.ceil(height / side)];
  const means = new Uint8Array(columns * rows);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const [right, bottom] = [Math.min(width, (x + 1) * side), Math.min(height, (y + 1) * side)];
      let sum = 0;
      for (let row = y * side; row < bottom; row++) {
        for (let column = x * side; column < right; column++) sum += pixels[row * width + column];
      }
      const count = (right - x * side) * (bottom - y * side);
      means[y * columns + x] = Math.floor((2 * sum + count) / (2 * count));
    }
  }
  return { width: columns, height: rows, pixels: means };
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
export function resized(picture, width, height) {
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

/** @param {number} x @param {number} low @param {number} high */
export const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
