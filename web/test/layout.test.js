import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arrangement, Card, chooseArrangement } from '../index.js';
import { digitsCard, failure } from './support.js';
import { randomBelow } from '../src/bigint.js';

const card = await Card.parse(digitsCard());
const UNITS = { 1: 16, 9: 57, 12: 57 };

/** @param {'scalar' | 'features'} name @param {number} k @param {number} m */
const layout = (name, k, m) => ({ name, featuresPerCiphertext: k, scoresPerAnswer: m });

/** An integer from 0 to below a bound. @param {number} bound */
const below = (bound) => Number(randomBelow(BigInt(bound)));

/**
 * What a service computes, on plaintexts: the engine's formula, and masks of all that is no score.
 *
 * @param {bigint[]} plaintexts
 * @param {number[][]} weights a row an output
 * @param {number} k
 * @param {number} m
 */
function answersOf(plaintexts, weights, k, m) {
  const unit = BigInt(UNITS[/** @type {1 | 9 | 12} */ (k)]);
  return Array.from({ length: Math.ceil(weights.length / m) }, (_, a) => {
    let answer = 0n;
    weights.slice(a * m, (a + 1) * m).forEach((row, i) => {
      const slot = unit * BigInt(i * k + k - 1);
      for (let j = 0; j < k; j++) {
        const sum = plaintexts.reduce((sum, x, g) => sum + x * BigInt(row[g * k + j] ?? 0), 0n);
        answer += sum << (unit * BigInt(i * k + k - 1 - j));
      }
      answer += 1n << (slot + 15n);
      if (k > 1) answer += (1n << slot) - (1n << (slot - 1n));
    });
    return answer + (randomBelow(1n << 40n) << (unit * BigInt(m * k - 1 + k)));
  });
}

const LAYOUTS = /** @type {const} */ ([
  ['scalar', 1, 1],
  ['scalar', 1, 4],
  ['scalar', 1, 10],
  ['features', 9, 3],
  ['features', 12, 2],
]);

for (const [name, k, m] of LAYOUTS) {
  test(`scores stand where the service puts them: ${name}, k = ${k}, m = ${m}`, () => {
    const arrangement = new Arrangement(card, layout(name, k, m), 2048);
    assert.equal(arrangement.ciphertexts, Math.ceil(784 / k));
    assert.equal(arrangement.answers, Math.ceil(10 / m));
    const record = Array.from({ length: 784 }, () => below(16));
    const weights = Array.from({ length: 10 }, () => Array.from({ length: 784 }, () => below(5) - 2));
    const expected = weights.map((row) => BigInt(row.reduce((sum, w, i) => sum + w * record[i], 0)));
    const plaintexts = arrangement.plaintexts(record);
    assert.deepEqual(arrangement.scores(answersOf(plaintexts, weights, k, m)), expected);
  });
}

test('the choice is the cheapest that has room', () => {
  const chosen = (/** @type {number} */ bits) => {
    const { layout, ciphertexts, answers } = chooseArrangement(card, bits);
    return [layout.featuresPerCiphertext, layout.scoresPerAnswer, ciphertexts, answers];
  };
  // 784/k ciphertexts and 8 times ⌈10/m⌉ answers, with ((m + 1)·k − 1)·57 ≤ |n| − 2.
  const cost = (/** @type {number} */ k, /** @type {number} */ m) => Math.ceil(784 / k) + 8 * Math.ceil(10 / m);
  for (const bits of [2048, 3072, 4096]) {
    const [k, m, ciphertexts, answers] = chosen(bits);
    assert.ok(((m + 1) * k - 1) * 57 <= bits - 2);
    assert.equal(ciphertexts + 8 * answers, cost(k, m));
    for (const other of [9, 12, 13, 18, 24]) {
      for (let n = 1; n <= 10 && ((n + 1) * other - 1) * 57 <= bits - 2; n++) assert.ok(cost(k, m) <= cost(other, n));
    }
  }
});

test('without features it is scalar, and without either it is nothing', async () => {
  const fields = structuredClone(card.fields);
  fields.layouts = { scalar: {} };
  const scalar = new Card(fields, card.features, card.digest);
  assert.deepEqual(chooseArrangement(scalar, 2048).layout, layout('scalar', 1, 10));
  fields.limits.max_ciphertexts = 783;
  assert.throws(() => chooseArrangement(scalar, 2048), failure('layout_not_allowed'));
  fields.layouts = { records: {} };
  assert.throws(() => chooseArrangement(scalar, 2048), failure('layout_not_allowed'));
});

test('layouts that the card or the key does not allow are refused', () => {
  for (const bad of [
    layout('scalar', 2, 1),
    layout('scalar', 1, 11),
    layout('scalar', 1, 0),
    layout('features', 1, 1),
    layout('features', 8, 1),
    layout('features', 9, 4),
    layout('features', 24, 1),
  ]) {
    const arrange = () => new Arrangement(card, bad, 2048);
    assert.throws(arrange, failure('layout_not_allowed'), JSON.stringify(bad));
  }
});
