import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Card, Encoder } from '../index.js';
import { digitsCard, failure } from './support.js';

/** A card of a model that takes arrays of a shape. @param {number[]} shape */
async function encoderOf(shape) {
  const fields = JSON.parse(new TextDecoder().decode(digitsCard()));
  fields.input = { kind: 'array', shape, preprocessing: { version: 1, steps: [] } };
  fields.quantization = { bits: 4, step: 1, zero: 0 };
  fields.output = { labels: ['y'], scales: [1], activation: 'none' };
  fields.layouts = { scalar: {} };
  delete fields.bounds.largest_scores;
  return Encoder.of(await Card.parse(new TextEncoder().encode(JSON.stringify(fields))));
}

test('an array is one list, a typed array, or lists of lists', async () => {
  const encoder = await encoderOf([2, 3, 1]);
  const flat = [1, 2, 3, 4, 5, 6];
  const nested = [
    [[1], [2], [3]],
    [[4], [5], [6]],
  ];
  const rows = [
    [[1], [2], [3]],
    [Uint8Array.of(4), [5], [6]],
  ];
  for (const record of [flat, Float32Array.from(flat), Uint16Array.from(flat), nested, rows]) {
    assert.deepEqual(encoder.quantize(record).values, flat);
  }
  const vector = await encoderOf([3]);
  assert.deepEqual(vector.quantize(Float64Array.of(7, 8, 9)).values, [7, 8, 9]);
});

test('arrays of another shape, and what is no number, are refused', async () => {
  const encoder = await encoderOf([2, 3]);
  assert.throws(() => encoder.quantize([1, 2, 3, 4, 5]), failure('record_length', /5 values.* 6/));
  assert.throws(
    () =>
      encoder.quantize([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
    failure('record_length', /3 entries instead of 2: the model takes 2 × 3/),
  );
  assert.throws(
    () =>
      encoder.quantize([
        [1, 2, 3],
        [4, 5],
      ]),
    failure('record_length', /2 entries instead of 3/),
  );
  assert.throws(() => encoder.quantize([[1, 2, 3], 4]), failure('record_length', /a list of 3 is missing/));
  assert.throws(
    () =>
      encoder.quantize([
        [1, 2, [3]],
        [4, 5, 6],
      ]),
    failure('record_length', /in the place of a number/),
  );
  assert.throws(
    () =>
      encoder.quantize([
        [1, 2, NaN],
        [4, 5, 6],
      ]),
    failure('not_finite', /number2/),
  );
  assert.throws(() => encoder.quantize([1, 2, Infinity, 4, 5, 6]), failure('not_finite', /number2/));
  assert.throws(() => encoder.quantize([1, 2, null, 4, 5, 6]), failure('missing_value', /number2/));
});
