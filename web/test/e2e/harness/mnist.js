/** MNIST's test images. */

import { gunzipSync } from 'node:zlib';
import { bytesOf } from '../../support.js';

/** Rows, and columns, of an image. */
export const SIDE = 28;

const PIXELS = SIDE * SIDE;
const IMAGES_HEADER = 16;
const LABELS_HEADER = 8;

/** @param {string} name */
const read = (name) => gunzipSync(bytesOf(`data/mnist/${name}.gz`));

const images = read('t10k-images-idx3-ubyte').subarray(IMAGES_HEADER);
const labels = read('t10k-labels-idx1-ubyte').subarray(LABELS_HEADER);

/** Pixels of a test image, row by row. @param {number} index */
export const pixelsOf = (index) => Uint8Array.from(images.subarray(index * PIXELS, (index + 1) * PIXELS));

/** What a test image shows. @param {number} index */
export const labelOf = (index) => String(labels[index]);
