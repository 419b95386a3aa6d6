/** What vouchers are made of: known answers, by formulas of the test's own in BigInt. */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Arrangement, Card, chooseArrangement } from '../index.js';
import { VOUCHERS } from '../src/layout.js';
import { VoucherStore } from '../src/voucher-store.js';
import { ID_BYTES, Voucher, recordOf } from '../src/vouchers.js';
import { digitsCard, failure, textOf } from './support.js';

const card = await Card.parse(digitsCard());

/** Bits of a slot around the sizes of plain numbers and of their bytes. */
const SLOT_BITS = [1, 7, 8, 12, 16, 17, 31, 32, 33, 40, 48, 53, 62];

/** The digit model's card with slots and features of other sizes. @param {number} slotBits @param {number} bits @param {object} [fields] */
function cardOf(slotBits, bits, fields = {}) {
  const changed = structuredClone(card.fields);
  Object.assign(changed, { bounds: { slot_bits: slotBits, certified: true } }, fields);
  changed.quantization.bits = bits;
  return new Card(changed, card.features, card.digest);
}

/** r by Node's SHAKE256. @param {Uint8Array} seed @param {number} slotBits @param {number} features */
function expectedRecord(seed, slotBits, features) {
  const stride = Math.ceil(slotBits / 8);
  const hash = createHash('shake256', { outputLength: features * stride })
    .update('veilcast voucher record v1')
    .update(seed);
  const bytes = hash.digest();
  return Array.from({ length: features }, (_, f) => {
    let number = 0n;
    for (let i = 0; i < stride; i++) number += BigInt(bytes[f * stride + i]) << BigInt(8 * i);
    return number % 2n ** BigInt(slotBits);
  });
}

test('r is what SHAKE256 makes of the seed', () => {
  for (const slotBits of SLOT_BITS) {
    const seed = new Uint8Array(randomBytes(32));
    const record = Array.from(recordOf(seed, slotBits, 300), BigInt);
    assert.deepEqual(record, expectedRecord(seed, slotBits, 300), `${slotBits} bits`);
  }
});

test('r is what Python makes of the seed', () => {
  const vectors = JSON.parse(textOf('testdata/vectors/vouchers.json'));
  const seed = Uint8Array.from(Buffer.from(vectors.seed, 'hex'));
  for (const { slot_bits, record } of vectors.records) {
    assert.deepEqual(Array.from(recordOf(seed, slot_bits, record.length), String), record, `${slot_bits} bits`);
  }
});

test('a pinned seed has its pinned r', () => {
  const seed = Uint8Array.from({ length: 32 }, (_, i) => i);
  assert.deepEqual([...recordOf(seed, 16, 4)], expectedRecord(seed, 16, 4).map(Number));
  // Of the same bytes.
  const hash = createHash('shake256', { outputLength: 8 }).update('veilcast voucher record v1').update(seed).digest();
  assert.deepEqual(
    [...recordOf(seed, 16, 4)],
    [0, 2, 4, 6].map((at) => hash.readUInt16LE(at)),
  );
  assert.deepEqual(
    [...recordOf(seed, 12, 4)],
    [0, 2, 4, 6].map((at) => hash.readUInt16LE(at) % 4096),
  );
  assert.deepEqual([...recordOf(seed, 62, 1)], [hash.readBigUInt64LE() % 2n ** 62n]);
});

test('vouchers are as far apart as the sums between them need', () => {
  // S + L + 41 bits, with L those of ⌊(2^S − 1)/x_max⌋; and ⌊(|n| − 1)/unit⌋ vouchers in a row.
  const cases = /** @type {const} */ ([
    // ⌊65535/15⌋ = 4369 has 13 bits.
    [16, 4, 70, [29, 43, 58]],
    // ⌊4095/7⌋ = 585 has 10.
    [12, 3, 63, [32, 48, 65]],
    // ⌊(2^62 − 1)/65535⌋ is a little more than 2^46, and has 47.
    [62, 16, 150, [13, 20, 27]],
    // A single bit of each: ⌊1/1⌋.
    [1, 1, 43, [47, 71, 95]],
  ]);
  for (const [slotBits, bits, unit, rows] of cases) {
    const other = cardOf(slotBits, bits);
    [2048, 3072, 4096].forEach((keyBits, i) => {
      const arrangement = new Arrangement(other, VOUCHERS, keyBits);
      assert.equal(arrangement.recordsPerRow, rows[i]);
      assert.deepEqual([arrangement.ciphertexts, arrangement.answers], [784, 10]);
      assert.deepEqual(
        [1, rows[i], rows[i] + 1].map((count) => arrangement.rows(count)),
        [1, 1, 2],
      );
    });
    const records = [5, 6, 7].map((x) => Uint32Array.from({ length: 784 }, (_, f) => (f === 783 ? x % 2 ** slotBits : 0)));
    const [row] = new Arrangement(other, VOUCHERS, 2048).plaintexts(records);
    const packed = records.reduce((sum, record, t) => sum + (BigInt(record[783]) << BigInt(t * unit)), 0n);
    assert.deepEqual([row.length, row[0], row[783]], [784, 0n, packed]);
  }
});

test('the slots of answers hold numbers of S bits, whatever lies above them', () => {
  const arrangement = new Arrangement(card, VOUCHERS, 2048);
  const count = 31;
  const numbers = Array.from({ length: count }, () => Array.from({ length: 10 }, () => BigInt(randomBytes(2).readUInt16LE())));
  numbers[0] = Array(10).fill(65535n);
  const above = () => BigInt(`0x${randomBytes(6).toString('hex')}`) << 16n;
  const answers = [0, 1].map((r) =>
    Array.from({ length: 10 }, (_, o) => numbers.slice(29 * r, 29 * (r + 1)).reduce((sum, number, t) => sum + ((number[o] + above()) << BigInt(70 * t)), 0n)),
  );
  assert.deepEqual(arrangement.slots(answers, count), numbers);
});

test('a masked record and unmasked scores are those of the formulas, at the edges too', () => {
  for (const slotBits of SLOT_BITS) {
    const ones = 2n ** BigInt(slotBits) - 1n;
    const seed = new Uint8Array(randomBytes(32));
    const r = expectedRecord(seed, slotBits, 50);
    const values = Array.from({ length: 50 }, (_, i) => Number([0n, 1n, ones, 65535n, 15n][i % 5] & ones & 65535n));
    const shares = [0n, ones, 1n, ones >> 1n, (ones >> 1n) + 1n, 0n, ones];
    const masked = [0n, ones, ones, 1n, 1n, ones >> 1n, (ones >> 1n) + 1n].map((z) => z & ones);
    const voucher = new Voucher(new Uint8Array(ID_BYTES), slotBits, seed, shares);
    const e = Array.from(voucher.mask(values), BigInt);
    assert.deepEqual(
      e,
      values.map((x, f) => (BigInt(x) - r[f] + ones + 1n) % (ones + 1n)),
      `${slotBits} bits`,
    );
    const z = slotBits > 32 ? BigUint64Array.from(masked) : Uint32Array.from(masked, Number);
    const expected = masked.map((z, i) => {
      const sum = (z + shares[i]) % (ones + 1n);
      return sum > ones >> 1n ? sum - ones - 1n : sum;
    });
    assert.deepEqual(voucher.scores(z), expected, `${slotBits} bits`);
  }
});

test('a voucher masks one record, and unmasks its scores, once; then its secrets are zeros', () => {
  const seed = new Uint8Array(randomBytes(32));
  const voucher = new Voucher(new Uint8Array(ID_BYTES), 16, seed, [1n, 2n]);
  voucher.mask([1, 2, 3]);
  assert.deepEqual(seed, new Uint8Array(32));
  assert.throws(() => voucher.mask([1, 2, 3]), /once/);
  assert.deepEqual(voucher.scores(Uint32Array.of(0, 0)), [1n, 2n]);
  assert.throws(() => voucher.scores(Uint32Array.of(0, 0)), /once/);
  const wiped = new Voucher(new Uint8Array(ID_BYTES), 16, new Uint8Array(32), [1n]);
  wiped.wipe();
  assert.throws(() => wiped.mask([1]), /once/);
  assert.throws(() => wiped.scores(Uint32Array.of(0)), /once/);
  assert.doesNotMatch(JSON.stringify(voucher), /seed|share/);
});

/** Vouchers that know their place by their ids. @param {number} first @param {number} count */
const some = (first, count) => Array.from({ length: count }, (_, i) => new Voucher(Uint8Array.of(first + i), 16, new Uint8Array(32), [0n]));

test('what a store gives is no longer in it', () => {
  const store = new VoucherStore();
  const ids = (/** @type {{vouchers: any[]} | undefined} */ taken) => taken?.vouchers.map(({ id }) => /** @type {number} */ (id[0])).sort((a, b) => a - b);
  store.add({ card: 'a', n: 1n, secret: 's', vouchers: some(0, 3) });
  store.add({ card: 'a', n: 1n, secret: 's', vouchers: some(3, 2) });
  store.add({ card: 'a', n: 2n, secret: 's', vouchers: some(5, 1) });
  store.add({ card: 'b', n: 1n, secret: 's', vouchers: some(6, 1) });
  store.add({ card: 'a', n: 1n, secret: 't', vouchers: some(7, 2) });
  assert.deepEqual([store.count('a', 1n), store.count('a', 2n), store.count('b', 1n), store.count('b', 2n)], [7, 1, 1, 0]);
  // Those of one secret at a time.
  const taken = store.take('a', 1n, 100);
  assert.deepEqual([taken?.secret, ids(taken)], ['t', [7, 8]]);
  const next = [store.take('a', 1n, 2), store.take('a', 1n, 100)].flatMap(ids);
  assert.deepEqual(next.sort(), [0, 1, 2, 3, 4]);
  assert.deepEqual([store.count('a', 1n), store.take('a', 1n, 1)], [0, undefined]);
  const [kept] = some(9, 1);
  store.add({ card: 'c', n: 1n, secret: 's', vouchers: [kept] });
  store.drop(({ card }) => card === 'c');
  assert.equal(store.count('c', 1n), 0);
  assert.throws(() => kept.mask([1]), /once/);
  assert.deepEqual([store.count('a', 2n), store.count('b', 1n)], [1, 1]);
});

test('who offers no vouchers gets none, and who offers nothing else gets no ciphertexts', () => {
  const direct = cardOf(16, 4, { ways: ['direct'] });
  assert.throws(() => new Arrangement(direct, VOUCHERS, 2048), failure('layout_not_allowed', /offers no vouchers/));
  assert.equal(chooseArrangement(direct, 2048).layout.name, 'features');
  const only = cardOf(16, 4, { ways: ['vouchers'] });
  assert.equal(new Arrangement(only, VOUCHERS, 2048).recordsPerRow, 29);
  assert.throws(() => chooseArrangement(only, 2048), failure('layout_not_allowed', /vouchers only/));
  assert.throws(() => new Arrangement(only, { name: 'scalar', featuresPerCiphertext: 1, scoresPerAnswer: 1 }, 2048), failure('layout_not_allowed'));
  for (const layout of [
    { ...VOUCHERS, featuresPerCiphertext: 2 },
    { ...VOUCHERS, scoresPerAnswer: 2 },
  ]) {
    assert.throws(() => new Arrangement(card, layout, 2048), failure('layout_not_allowed'));
  }
  // No key is as small; it has no room for one.
  assert.throws(() => new Arrangement(card, VOUCHERS, 70), failure('layout_not_allowed'));
});
