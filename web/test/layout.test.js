import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arrangement, Card, chooseArrangement } from '../index.js';
import { digitsCard, failure } from './support.js';
import { randomBelow } from '../src/bigint.js';

const card = await Card.parse(digitsCard());
const UNITS = { 1: 16, 9: 57, 12: 57 };

/** @param {import('../src/layout.js').Layout['name']} name @param {number} k @param {number} m */
const layout = (name, k, m) => ({ name, featuresPerCiphertext: k, scoresPerAnswer: m });

/** An integer from 0 to below a bound. @param {number} bound */
const below = (bound) => Number(randomBelow(BigInt(bound)));

/** Slots that a ciphertext under a key of 2048 bits has for records: as many as fit below its masks. */
const ROW = Math.floor((2048 - 41) / 16);

/**
 * What a service computes of a row, on plaintexts: the engine's formula, and masks of all that is no score.
 *
 * @param {bigint[]} plaintexts
 * @param {number[][]} weights one row per output
 * @param {number} k
 * @param {number} m
 * @param {number} records
 */
function answersOf(plaintexts, weights, k, m, records) {
  const unit = BigInt(UNITS[/** @type {1 | 9 | 12} */ (k)]);
  return Array.from({ length: Math.ceil(weights.length / m) }, (_, a) => {
    let answer = 0n;
    weights.slice(a * m, (a + 1) * m).forEach((row, i) => {
      for (let j = 0; j < k; j++) {
        const sum = plaintexts.reduce((sum, x, g) => sum + x * BigInt(row[g * k + j] ?? 0), 0n);
        answer += sum << (unit * BigInt(i * k + k - 1 - j));
      }
    });
    const slots = Math.max(m, records);
    for (let i = 0; i < slots; i++) {
      const slot = unit * BigInt(i * k + k - 1);
      answer += 1n << (slot + 15n);
      if (k > 1) answer += (1n << slot) - (1n << (slot - 1n));
    }
    return answer + (randomBelow(1n << 40n) << (unit * BigInt(slots * k - 1 + k)));
  });
}

/** @param {readonly number[][]} weights @param {readonly number[]} record */
const scoresOf = (weights, record) => weights.map((row) => BigInt(row.reduce((sum, w, i) => sum + w * record[i], 0)));

const LAYOUTS = /** @type {const} */ ([
  ['scalar', 1, 1, 1],
  ['scalar', 1, 4, 1],
  ['scalar', 1, 10, 1],
  ['features', 9, 3, 1],
  ['features', 12, 2, 1],
  ['records', 1, 1, ROW],
]);

for (const [name, k, m, row] of LAYOUTS) {
  test(`scores are where the service puts them: ${name}, k = ${k}, m = ${m}`, () => {
    const arrangement = new Arrangement(card, layout(name, k, m), 2048);
    assert.equal(arrangement.recordsPerRow, row);
    assert.equal(arrangement.ciphertexts, Math.ceil(784 / k));
    assert.equal(arrangement.answers, Math.ceil(10 / m));
    const weights = Array.from({ length: 10 }, () => Array.from({ length: 784 }, () => below(5) - 2));
    for (const count of [...new Set([1, 2, row, row + 1, 2 * row + 3])]) {
      const records = Array.from({ length: count }, () => Array.from({ length: 784 }, () => below(16)));
      const rows = arrangement.plaintexts(records);
      assert.deepEqual([rows.length, arrangement.rows(count)], Array(2).fill(Math.ceil(count / row)));
      const answers = rows.map((plaintexts, r) => answersOf(plaintexts, weights, k, m, Math.min(row, count - r * row)));
      assert.deepEqual(
        arrangement.scores(answers, count),
        records.map((record) => scoresOf(weights, record)),
        `${count} records`,
      );
    }
  });
}

test('the plaintexts of records side by side are those that the engine makes', () => {
  const arrangement = new Arrangement(card, layout('records', 1, 1), 2048);
  const records = [3, 15, 7].map((x) => Array.from({ length: 784 }, (_, f) => (f === 0 ? x : f === 783 ? 1 : 0)));
  const [plaintexts, ...others] = arrangement.plaintexts(records);
  assert.deepEqual([plaintexts.length, others], [784, []]);
  assert.deepEqual([plaintexts[0], plaintexts[1], plaintexts[783]], [0x0007000f0003n, 0n, 0x000100010001n]);
});

test('neighbours of the largest and the smallest scores keep theirs, in full rows below any modulus', () => {
  const arrangement = new Arrangement(card, layout('records', 1, 1), 2048);
  // 15·2184 = 32,760 is the largest multiple of 15 that a slot of 16 bits holds, of either sign.
  const most = Array.from({ length: 784 }, (_, i) => (i < 616 ? 3 : 2));
  const weights = [most, most.map((w) => -w), ...Array.from({ length: 8 }, () => Array(784).fill(0))];
  const records = Array.from({ length: ROW }, (_, i) => Array(784).fill(i % 3 ? 15 : 0));
  const [plaintexts] = arrangement.plaintexts(records);
  const answers = answersOf(plaintexts, weights, 1, 1, ROW);
  for (const number of [...plaintexts, ...answers]) assert.ok(number < 1n << 2047n);
  assert.deepEqual(
    arrangement.scores([answers], ROW),
    records.map((record) => scoresOf(weights, record)),
  );
  assert.equal(arrangement.scores([answers], ROW)[1][1], -32_760n);
});

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

/** @param {(fields: import('../src/card-types.js').CardFields) => void} change */
function changed(change) {
  const fields = structuredClone(card.fields);
  change(fields);
  return new Card(fields, card.features, card.digest);
}

test('one record goes in features, many side by side, where the card offers it', () => {
  for (const bits of [2048, 3072, 4096]) {
    const name = (/** @type {number} */ records) => chooseArrangement(card, bits, records).layout.name;
    assert.deepEqual([1, 2, 100, 1000].map(name), ['features', 'features', 'records', 'records']);
    const without = changed(({ layouts }) => delete layouts.records);
    assert.equal(chooseArrangement(without, bits, 1000).layout.name, 'features');
    // A row costs 784 ciphertexts and 10 answers; it is not worth it before it costs less.
    const { ciphertexts, answers } = chooseArrangement(card, bits);
    const worth = Math.ceil((784 + 80) / (ciphertexts + 8 * answers));
    assert.deepEqual([worth - 1, worth + 1].map(name), ['features', 'records']);
  }
});

test('without features it is scalar, without either side by side, and too small a limit leaves nothing', () => {
  const scalar = changed((fields) => (fields.layouts = { scalar: {} }));
  assert.deepEqual(chooseArrangement(scalar, 2048, 1000).layout, layout('scalar', 1, 10));
  const records = changed((fields) => (fields.layouts = { records: {} }));
  assert.deepEqual(chooseArrangement(records, 2048).layout, layout('records', 1, 1));
  for (const layouts of [{ scalar: {} }, { records: {} }]) {
    const small = changed((fields) => Object.assign(fields, { layouts, limits: { max_records: 1, max_ciphertexts: 783 } }));
    assert.throws(() => chooseArrangement(small, 2048), failure('layout_not_allowed'));
  }
});

test('a request has full rows, and no more than the card allows', () => {
  const perRequest = (/** @type {number} */ max_records, /** @type {number} */ max_ciphertexts, /** @type {number} */ most) => {
    const limited = changed((fields) => (fields.limits = { max_records, max_ciphertexts }));
    const arrangement = new Arrangement(limited, layout('records', 1, 1), 2048);
    return arrangement.recordsPerRequest(most);
  };
  assert.equal(ROW, 125);
  assert.equal(perRequest(1000, 10_000, 10_000), 1000);
  assert.equal(perRequest(999, 10_000, 10_000), 875);
  assert.equal(perRequest(1000, 3 * 784 - 1, 10_000), 250);
  assert.equal(perRequest(1000, 10_000, 3 * 784), 375);
  assert.equal(perRequest(1000, 784, 1), 125);
  for (const few of [124, 4, 1]) assert.equal(perRequest(few, 10_000, 10_000), few);
  const one = new Arrangement(card, layout('features', 9, 3), 2048);
  assert.deepEqual(
    [1, 88, 175, 176].map((most) => one.recordsPerRequest(most)),
    [1, 1, 1, 2],
  );
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
    layout('records', 2, 1),
    layout('records', 1, 2),
    layout(/** @type {any} */ ('diagonal'), 1, 1),
  ]) {
    const arrange = () => new Arrangement(card, bad, 2048);
    assert.throws(arrange, failure('layout_not_allowed'), JSON.stringify(bad));
  }
});
