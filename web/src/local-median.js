/**
 * Local medians, by a histogram that slides over each row: Huang, Yang, Tang, "A fast two-dimensional median filtering
 * algorithm", IEEE Transactions on Acoustics, Speech, and Signal Processing 27 (1979). Moving by a pixel takes two columns of
 * the window; the median changes little, so that it is found again in a few steps.
 */

/**
 * The median of the pixels at most `radius` columns and rows away from each one, within the picture; of an even number the
 * upper one.
 *
 * @param {import('./grey.js').GreyImage} picture
 * @param {number} radius
 * @param {{skip: Uint8Array, otherwise: Uint8Array}} [without] pixels that don't count, where they aren't 0, and what to take
 *   where no pixel counts
 * @returns {Uint8Array}
 */
export function localMedians({ width, height, pixels }, radius, without) {
  const medians = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const [top, bottom] = [Math.max(0, y - radius), Math.min(height - 1, y + radius)];
    const counts = new Int32Array(256);
    // How many pixels count, the median, and how many are below it.
    let [count, median, below] = [0, 0, 0];
    const add = (/** @type {number} */ x, /** @type {number} */ by) => {
      for (let i = top * width + x; i <= bottom * width + x; i += width) {
        if (without?.skip[i]) continue;
        counts[pixels[i]] += by;
        count += by;
        if (pixels[i] < median) below += by;
      }
    };
    for (let x = 0; x < Math.min(radius, width); x++) add(x, 1);
    for (let x = 0; x < width; x++) {
      if (x + radius < width) add(x + radius, 1);
      if (x > radius) add(x - radius - 1, -1);
      if (count === 0) {
        medians[y * width + x] = without?.otherwise[y * width + x] ?? 0;
        continue;
      }
      while (below > count >> 1) below -= counts[--median];
      while (below + counts[median] <= count >> 1) below += counts[median++];
      medians[y * width + x] = median;
    }
  }
  return medians;
}
