/** Connected parts of a mask. */

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
export function partsOf(mask, width, height) {
  const labels = new Int32Array(mask.length);
  /** @type {Part[]} */
  const parts = [];
  for (let first = 0; first < mask.length; first++) {
    if (mask[first] === 0 || labels[first] !== 0) continue;
    const part = { area: 0, left: width, top: height, right: 0, bottom: 0 };
    parts.push(part);
    labels[first] = parts.length;
    const open = [first];
    for (let i = open.pop(); i !== undefined; i = open.pop()) {
      const [x, y] = [i % width, Math.floor(i / width)];
      part.area += 1;
      [part.left, part.top] = [Math.min(part.left, x), Math.min(part.top, y)];
      [part.right, part.bottom] = [Math.max(part.right, x + 1), Math.max(part.bottom, y + 1)];
      for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
        for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
          const next = row * width + column;
          if (mask[next] === 0 || labels[next] !== 0) continue;
          labels[next] = parts.length;
          open.push(next);
        }
      }
    }
  }
  return { labels, parts };
}

/**
 * How many parts a mask has, less the holes in them, counted from its squares of 2 × 2 pixels: S. B. Gray, "Local properties
 * of binary images in two dimensions", IEEE Transactions on Computers 20 (1971).
 *
 * @param {Uint8Array} mask 1 or 0
 * @param {number} width
 * @param {number} height
 * @returns {number}
 */
export function eulerNumber(mask, width, height) {
  const at = (/** @type {number} */ x, /** @type {number} */ y) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : mask[y * width + x]);
  let quarters = 0;
  for (let y = 0; y <= height; y++) {
    for (let x = 0; x <= width; x++) {
      const [a, b, c, d] = [at(x - 1, y - 1), at(x, y - 1), at(x - 1, y), at(x, y)];
      const count = a + b + c + d;
      if (count === 1) quarters += 1;
      else if (count === 3) quarters -= 1;
      else if (count === 2 && a === d) quarters -= 2;
    }
  }
  return quarters / 4;
}
