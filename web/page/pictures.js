/** Pictures from files and from MNIST's test set. */

import { VeilcastError, greyImage } from '../index.js';

/** @typedef {import('../src/grey.js').GreyImage} GreyImage */

const MAX_FILE_BYTES = 64 << 20;

/** Larger pictures are made smaller first. */
const MAX_PIXELS = 1 << 22;

const IMAGES_MAGIC = 0x803;
const LABELS_MAGIC = 0x801;

/**
 * A picture file, decoded.
 *
 * @param {Blob} file
 * @returns {Promise<{picture: ImageBitmap, grey: GreyImage}>}
 * @throws {VeilcastError} `not_a_picture`
 */
export async function readPicture(file) {
  if (file.size > MAX_FILE_BYTES) throw new VeilcastError('not_a_picture', 'the file is larger than 64 MiB');
  const picture = await createImageBitmap(file).catch((cause) => {
    throw new VeilcastError('not_a_picture', 'the file is not a picture that this browser can read', { cause });
  });
  const scale = Math.min(1, Math.sqrt(MAX_PIXELS / (picture.width * picture.height)));
  const [width, height] = [picture.width, picture.height].map((side) => Math.max(1, Math.round(side * scale)));
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new VeilcastError('not_a_picture', 'the browser cannot read the pixels of pictures');
  context.drawImage(picture, 0, 0, width, height);
  return { picture, grey: greyImage(context.getImageData(0, 0, width, height)) };
}

/** @typedef {{pixels: Uint8Array, label: number}} Sample */

/**
 * Labelled images, from IDX files like MNIST's.
 *
 * @param {ArrayBuffer} images
 * @param {ArrayBuffer} labels
 * @returns {Sample[]}
 * @throws {VeilcastError} `bad_samples`
 */
export function readSamples(images, labels) {
  const [imagesView, labelsView] = [images, labels].map((buffer) => new DataView(buffer));
  const bad = () => new VeilcastError('bad_samples', 'the test images are damaged');
  if (images.byteLength < 16 || labels.byteLength < 8) throw bad();
  const [magic, count, rows, columns] = [0, 4, 8, 12].map((at) => imagesView.getUint32(at));
  const pixels = rows * columns;
  if (magic !== IMAGES_MAGIC || images.byteLength !== 16 + count * pixels) throw bad();
  if (labelsView.getUint32(0) !== LABELS_MAGIC || labelsView.getUint32(4) !== count || labels.byteLength !== 8 + count) throw bad();
  return Array.from({ length: count }, (_, i) => ({
    pixels: new Uint8Array(images, 16 + i * pixels, pixels),
    label: labelsView.getUint8(8 + i),
  }));
}

/** The first images of MNIST's test set, from this page's own origin. */
export async function loadSamples() {
  const [images, labels] = await Promise.all(
    ['images-idx3-ubyte', 'labels-idx1-ubyte'].map(async (name) => {
      const response = await fetch(new URL(`./samples/${name}`, import.meta.url)).catch(() => undefined);
      if (!response?.ok) throw new VeilcastError('unreachable', 'the service did not return its test images');
      return response.arrayBuffer();
    }),
  );
  return readSamples(images, labels);
}

/**
 * Draws pixels as ink of a colour, the ground transparent.
 *
 * @param {HTMLCanvasElement | OffscreenCanvas} canvas
 * @param {ArrayLike<number>} pixels a square of them, 0 (ground) to 255 (ink)
 * @param {readonly [number, number, number]} ink
 */
export function drawInk(canvas, pixels, ink) {
  const side = Math.round(Math.sqrt(pixels.length));
  canvas.width = canvas.height = side;
  const image = new ImageData(side, side);
  for (let i = 0; i < pixels.length; i++) image.data.set([...ink, pixels[i]], 4 * i);
  const context = /** @type {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D | null} */ (canvas.getContext('2d'));
  context?.putImageData(image, 0, 0);
}
