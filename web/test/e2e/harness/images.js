/** Test images as PNG files, and what the program says of them. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { SIDE, labelOf, pixelsOf } from './mnist.js';
import { folder, predictedCsv, rowsOf } from './service.js';

const GREY = 0;

/** Writes a test image as a PNG file, and gives its path. @param {number} index */
export function pngOf(index) {
  const png = new PNG({ width: SIDE, height: SIDE });
  pixelsOf(index).forEach((pixel, i) => png.data.set([pixel, pixel, pixel, 255], 4 * i));
  const path = join(folder, `image-${index}.png`);
  writeFileSync(path, PNG.sync.write(png, { colorType: GREY }));
  return path;
}

/**
 * Test images of different digits that a model gets right: their files, pixels, and what the program
 * itself says of the files.
 *
 * @param {number} count
 * @param {string} [model]
 */
export function recognisedImages(count, model = 'digits') {
  // The page brings the first hundred itself.
  const indices = Array.from({ length: 20 }, (_, i) => 100 + i);
  const files = indices.map(pngOf);
  const rows = rowsOf(predictedCsv(model, ...files));
  /** @type {Map<string, {file: string, pixels: Uint8Array, label: string, scores: number[]}>} */
  const found = new Map();
  for (const [i, index] of indices.entries()) {
    const { label, scores } = rows[i];
    if (label === labelOf(index)) found.set(label, { file: files[i], pixels: pixelsOf(index), label, scores });
  }
  return [...found.values()].slice(0, count);
}
