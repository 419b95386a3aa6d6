import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitMnist, greyImage } from '../index.js';
import { failure, textOf } from './support.js';

const { cases } = JSON.parse(textOf('testdata/vectors/drawing.json'));
assert.ok(cases.length > 15);

const CODES = { blank: 'blank_drawing', ground: 'uneven_ground' };

/** @param {string[]} rows of hexadecimal digits */
const bytes = (rows) => Uint8Array.from(Buffer.from(rows.join(''), 'hex'));

for (const { name, width, grey, rgba, fitted, error } of cases) {
  test(`a drawing: ${name}`, () => {
    const height = (grey ?? rgba).length;
    const picture = grey ? { width, height, pixels: bytes(grey) } : greyImage({ width, height, data: bytes(rgba) });
    if (error) assert.throws(() => fitMnist(picture), failure(CODES[/** @type {keyof typeof CODES} */ (error)]));
    else assert.deepEqual(fitMnist(picture), bytes(fitted));
  });
}

test('a drawing comes to the size that is asked for', () => {
  const [{ width, grey }] = cases;
  const fitted = fitMnist({ width, height: grey.length, pixels: bytes(grey) }, [14, 56]);
  assert.equal(fitted.length, 14 * 56);
  const rows = Array.from({ length: 14 }, (_, y) => fitted.subarray(56 * y, 56 * (y + 1)).some((level) => level > 0));
  assert.equal(rows.filter(Boolean).length, 10);
});
