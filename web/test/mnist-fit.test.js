import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PNG } from 'pngjs';
import { fitMnist, greyImage } from '../index.js';
import { bytesOf, failure, textOf } from './support.js';

const { cases } = JSON.parse(textOf('testdata/vectors/drawing.json'));
assert.ok(cases.length > 25);
const { photos } = JSON.parse(textOf('testdata/vectors/photos.json'));
assert.ok(photos.length > 25);

const CODES = { blank: 'blank_drawing', several: 'several_digits', ground: 'uneven_ground' };

/** @param {string[]} rows of hexadecimal digits */
const bytes = (rows) => Uint8Array.from(Buffer.from(rows.join(''), 'hex'));

/** @param {import('../src/grey.js').GreyImage} picture @param {{fitted?: string[], error?: keyof typeof CODES}} expected */
function check(picture, { fitted, error }) {
  if (error) assert.throws(() => fitMnist(picture), failure(CODES[error]));
  else assert.deepEqual(fitMnist(picture), bytes(fitted ?? []));
}

for (const { name, width, grey, rgba, ...expected } of cases) {
  test(`a drawing: ${name}`, () => {
    const height = (grey ?? rgba).length;
    check(grey ? { width, height, pixels: bytes(grey) } : greyImage({ width, height, data: bytes(rgba) }), expected);
  });
}

for (const { file, ...expected } of photos) {
  test(`a photo: ${file}`, () => check(greyImage(PNG.sync.read(Buffer.from(bytesOf(`testdata/fixtures/photos/${file}`)))), expected));
}

test('a drawing comes to the size that is asked for', () => {
  const [{ width, grey }] = cases;
  const fitted = fitMnist({ width, height: grey.length, pixels: bytes(grey) }, [14, 56]);
  assert.equal(fitted.length, 14 * 56);
  const rows = Array.from({ length: 14 }, (_, y) => fitted.subarray(56 * y, 56 * (y + 1)).some((level) => level > 0));
  assert.equal(rows.filter(Boolean).length, 10);
});

test('a digit of MNIST is as it was, and read as it is if its ground is light', () => {
  const first = bytesOf('web/page/samples/images-idx3-ubyte').slice(16, 16 + 28 * 28);
  assert.deepEqual(fitMnist({ width: 28, height: 28, pixels: first }), new Uint8Array(first));
  const negative = fitMnist({ width: 28, height: 28, pixels: first.map((level) => 255 - level) });
  const distance = negative.reduce((sum, level, i) => sum + Math.abs(level - first[i]), 0) / first.length;
  assert.ok(distance < 12, `${distance}`);
});
