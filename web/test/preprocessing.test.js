import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Card, Encoder, VeilcastError, readTable } from '../index.js';
import { preprocess } from '../src/preprocessing.js';
import { digitsCard, failure, textOf } from './support.js';

const vectors = JSON.parse(textOf('testdata/vectors/preprocessing.json'));

/** A card of a table with these columns. @param {any} vector*/
async function cardOf({ columns, preprocessing, quantization }) {
  const fields = JSON.parse(new TextDecoder().decode(digitsCard()));
  fields.input = { kind: 'table', shape: [columns.length], features: columns, preprocessing };
  fields.quantization = quantization ?? { bits: 4, step: 1, zero: 0 };
  fields.output = { labels: ['y'], scales: [1], activation: 'none' };
  fields.layouts = { scalar: {} };
  delete fields.bounds.largest_scores;
  return Card.parse(new TextEncoder().encode(JSON.stringify(fields)));
}

assert.ok(vectors.cases.length > 30 && vectors.refused.length > 20);

for (const vector of vectors.cases) {
  test(`preprocessing: ${vector.name}`, async () => {
    const card = await cardOf(vector);
    if (vector.error) {
      const { kind, line, column } = vector.error;
      assert.throws(
        () => readTable(card.fields.input, vector.csv),
        (error) => {
          assert.ok(error instanceof VeilcastError);
          assert.deepEqual([error.code, error.line, error.column], [kind, line, column]);
          return true;
        },
      );
      return;
    }
    const encoder = await Encoder.of(card);
    const results = readTable(card.fields.input, vector.csv).map((cells) => {
      const { features, ...counts } = preprocess(card.fields.input, cells);
      const { values, clipped } = encoder.quantize(cells);
      return { features, quantized: values, ...counts, clipped_by_quantization: clipped - counts.clipped };
    });
    assert.deepEqual(plain(results), plain(vector.records));
  });
}

/** −0 is 0. @param {unknown} value */
const plain = (value) => JSON.parse(JSON.stringify(value));

for (const vector of vectors.refused) {
  test(`no card may have: ${vector.name}`, async () => {
    await assert.rejects(cardOf(vector), failure('bad_card'));
  });
}

test('cells that do not suit the card are refused', async () => {
  const encoder = await Encoder.of(await cardOf(vectors.cases[0]));
  const [age, sex, albumin] = [52, 'female', 3];
  assert.equal(encoder.quantize([age, sex, albumin]).values.length, 4);
  assert.throws(() => encoder.quantize([age, sex]), failure('record_length', /2 values.* 3/));
  assert.throws(() => encoder.quantize([NaN, sex, albumin]), failure('not_finite', /age/));
  assert.throws(() => encoder.quantize([null, sex, albumin]), failure('missing_value', /age/));
  assert.throws(() => encoder.quantize(['old', sex, albumin]), failure('not_a_number', /age/));
  assert.throws(() => encoder.quantize([age, 1, albumin]), failure('not_a_text', /sex/));
  assert.throws(() => encoder.quantize([age, 'other', albumin]), failure('unknown_category', /sex.*other/));
});
