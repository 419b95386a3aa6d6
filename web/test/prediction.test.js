import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Card } from '../index.js';
import { digitsCard, failure, textOf } from './support.js';

const vectors = JSON.parse(textOf('testdata/vectors/prediction.json'));

/** The digit model's card with another output. @param {any} vector */
async function cardOf({ output, slot_bits = 20 }) {
  const fields = JSON.parse(new TextDecoder().decode(digitsCard()));
  fields.output = output;
  fields.bounds = { slot_bits, certified: true };
  return Card.parse(new TextEncoder().encode(JSON.stringify(fields)));
}

assert.ok(vectors.cases.length >= 10 && vectors.refused.length >= 25);

for (const vector of vectors.cases) {
  test(`prediction: ${vector.name}`, async () => {
    const card = await cardOf(vector);
    assert.equal(card.task, vector.task);
    const isExact = vector.output.activation !== 'exp';
    for (const { integers, probabilities, in_doubt, ...expected } of vector.records) {
      const { probabilities: found, inDoubt, ...prediction } = card.predict(integers.map(BigInt));
      if (!isExact) {
        const values = prediction.values ?? [];
        assert.equal(values.length, expected.values.length);
        values.forEach((value, i) => assert.ok(Math.abs(value - expected.values[i]) <= 1e-12 * expected.values[i], `${value}`));
        continue;
      }
      assert.deepEqual(plain(prediction), plain(expected));
      assert.equal(inDoubt, prediction.values ? undefined : (in_doubt ?? false));
      assert.equal(found?.length, probabilities?.length);
      found?.forEach((p, i) => assert.ok(Math.abs(p - probabilities[i]) < 1e-12, `${p} ${probabilities[i]}`));
    }
  });
}

/** −0 is 0. @param {unknown} value */
const plain = (value) => JSON.parse(JSON.stringify(value));

for (const vector of vectors.refused) {
  test(`no card may have: ${vector.name}`, async () => {
    await assert.rejects(cardOf(vector), failure('bad_card', /output/));
  });
}

test('a task that contradicts the other fields is named, with what they are of', async () => {
  const output = { labels: ['no', 'yes'], scales: [1], activation: 'sigmoid', task: 'quantities' };
  await assert.rejects(cardOf({ output }), failure('bad_card', /card\.output\.task is quantities, but its other fields are of probability/));
});
