/** The arithmetic of sealed models, and what makes a card, a key or a file of weights unfit. */

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Card, SealedModel } from '../index.js';
import { inverse, modPow } from '../src/bigint.js';
import { SealedLayout } from '../src/sealed-layout.js';
import { WeightedProducts } from '../src/weighted-products.js';
import { KEY_BITS, TESTS_ONLY, bytesOf, decrypted, n, p, power, randomRecords, rowsOf, scoresOf, sealedModel, sha256 } from './fake-sealed.js';
import { failure, goodKey } from './support.js';

/** @param {object} fields */
const cardOf = (fields) => Card.parse(new TextEncoder().encode(JSON.stringify(fields)));

/** Opens a model, some of whose fields or whose file are others. @param {any} fields @param {Uint8Array} file @param {object} [policy] */
const open = async (fields, file, policy = TESTS_ONLY) => SealedModel.open(await cardOf(fields), new Uint8Array(file), policy);

const small = sealedModel({ features: 3, outputs: 2, bits: 4, slotBits: 20 });
/** T of it. */
const SHARED = Math.floor((KEY_BITS - 128) / 40);

test('products of powers are those of the definition, for all widths of values', () => {
  const modulus = n * n;
  for (let bits = 1; bits <= 16; bits++) {
    const features = randomInt(1, 40);
    const factors = Array.from({ length: features + 1 }, () => power(BigInt(randomInt(2, 2 ** 40)), 3n, n));
    const products = new WeightedProducts(factors, n, bits);
    for (const record of [Array(features).fill(0), Array(features).fill(2 ** bits - 1), Array.from({ length: features }, () => randomInt(2 ** bits))]) {
      const expected = record.reduce((product, x, i) => (product * power(factors[i], BigInt(x), modulus)) % modulus, factors[features]);
      assert.equal(products.of(record), expected);
    }
    assert.throws(() => products.of([]), RangeError);
    for (const x of [-1, 0.5, 2 ** bits, NaN]) assert.throws(() => products.of(Array(features).fill(0).with(0, x)), RangeError);
  }
});

for (const shape of [
  { features: 1, outputs: 1, bits: 1, slotBits: 8 },
  { features: 5, outputs: 3, bits: 4, slotBits: 17 },
  { features: 9, outputs: 2, bits: 8, slotBits: 33 },
  { features: 4, outputs: 1, bits: 16, slotBits: 62 },
  { features: 6, outputs: 14, bits: 5, slotBits: 62 },
  { features: 2, outputs: 30, bits: 2, slotBits: 25 },
]) {
  test(`scores are exact: ${JSON.stringify(shape)}`, async () => {
    const model = sealedModel(shape);
    const card = await cardOf(model.fields);
    const layout = new SealedLayout(card);
    const opened = await open(model.fields, model.file);
    assert.equal(layout.recordsPerCiphertext, Math.floor((KEY_BITS - 128) / (shape.slotBits * shape.outputs)));
    const counts = [1, layout.recordsPerCiphertext, layout.recordsPerCiphertext + 1].filter((count) => count < 30);
    for (const count of counts) {
      const records = randomRecords(model, count);
      const { ciphertexts, masks } = await opened.encrypt(records);
      assert.equal(ciphertexts.length, layout.ciphertexts(count));
      const rows = rowsOf(ciphertexts, count, model.fields);
      const shared = layout.recordsPerCiphertext;
      const scores = masks.flatMap((mask, i) => layout.scores(rows.slice(i * shared, (i + 1) * shared), mask));
      assert.deepEqual(
        scores,
        records.map((record) => scoresOf(model, record)),
      );
    }
  });
}

test('the same record gives other ciphertexts, and plaintexts that are spread over all of n', async () => {
  const opened = await open(small.fields, small.file);
  const record = [1, 2, 3];
  const made = await Promise.all(Array.from({ length: 24 }, () => opened.encrypt([record])));
  const ciphertexts = made.flatMap(({ ciphertexts }) => ciphertexts);
  assert.equal(new Set(ciphertexts).size, made.length);
  assert.equal(new Set(made.flatMap(({ masks }) => masks)).size, made.length);
  // Not only r is fresh, but also the n-th power.
  assert.equal(new Set(ciphertexts.map((c) => c % n)).size, made.length);
  const plaintexts = ciphertexts.map(decrypted);
  assert.ok(plaintexts.some((m) => m < n / 2n) && plaintexts.some((m) => m > n / 2n));
  for (const {
    masks: [mask],
  } of made)
    assert.ok(mask < 1n << 40n);
});

test('each randomiser that is made ahead is used once', async () => {
  const opened = await open(small.fields, small.file);
  assert.equal(await opened.prepare(2), 2);
  assert.equal(await opened.prepare(1), 2);
  const made = [];
  for (const left of [1, 0, 0]) {
    made.push(...(await opened.encrypt([[1, 2, 3]])).ciphertexts);
    assert.equal(opened.randomizers, left);
  }
  const bases = made.map((c) => (c * inverse(modPow(1n + n, decrypted(c), n * n), n * n)) % (n * n));
  assert.equal(new Set(bases).size, 3);
  assert.doesNotMatch(inspect(opened, { depth: 10 }), /\d{50}|[0-9a-f]{50}/);
  await assert.rejects(opened.prepare(5, { signal: AbortSignal.abort(new Error('enough')) }), /enough/);
});

test('rows with bits above their scores are refused', async () => {
  const narrow = sealedModel({ features: 2, outputs: 1, bits: 3, slotBits: 13 });
  const layout = new SealedLayout(await cardOf(narrow.fields));
  assert.equal(layout.rowBytes, 2);
  layout.scores([Uint8Array.of(0x1f, 0xff)], 0n);
  for (const top of [0x20, 0x80, 0xff]) assert.throws(() => layout.scores([Uint8Array.of(top, 0)], 0n), failure('bad_answer', /above its scores/));
});

test('another file than the one that the card names is refused', async () => {
  const { fields, file } = small;
  for (const other of [file.subarray(1), Buffer.concat([file, Buffer.of(0)]), Buffer.alloc(0), file.subarray(file.length / 4)]) {
    await assert.rejects(open(fields, other), failure('other_sealed_model', /bytes instead of 1024/));
  }
  await assert.rejects(open(fields, Buffer.from(file.with(100, file[100] ^ 1))), failure('other_sealed_model', /another digest/));
});

/** The model with a file, which its card names. @param {Buffer} file */
const withFile = (file) => open({ ...small.fields, sealed: { ...small.fields.sealed, sha256: sha256(file) } }, file);

test('a file with a number that is no ciphertext is refused, since it could betray records', async () => {
  const width = small.file.length / 4;
  const multiple = power(p, 2n, n * n);
  for (const [number, place] of /** @type {[bigint, number][]} */ ([
    [0n, 0],
    [p, 1],
    [multiple, 3],
    [n, 2],
    [n * n, 0],
    [n * n + 1n, 3],
    [2n ** 2048n - 1n, 1],
  ])) {
    const file = Buffer.from(small.file);
    bytesOf(number).copy(file, place * width);
    await assert.rejects(withFile(file), failure('bad_sealed_model', /no ciphertext/));
  }
  // What is a unit is taken, whatever it encrypts.
  const file = Buffer.from(small.file);
  bytesOf(1n).copy(file);
  await withFile(file);
});

/** The model under another modulus. @param {string} modulus @param {string} [proof] */
function withModulus(modulus, proof = '1'.repeat(8 * modulus.length)) {
  const file = Buffer.alloc(4 * modulus.length, 1);
  return open({ ...small.fields, sealed: { modulus, proof, sha256: sha256(file) } }, file);
}

test('a modulus that is unfit, or not proven fit, is refused', async () => {
  const { modulus, proof } = small.fields.sealed;
  const good = goodKey();
  const otherProof = Buffer.from(good.keyProof(), 'base64url').toString('hex');
  const unproven = failure('bad_sealed_model', /not proven fit/);
  await assert.rejects(withModulus(modulus, proof.slice(0, -1) + (proof.endsWith('0') ? '1' : '0')), unproven);
  await assert.rejects(withModulus(modulus, otherProof.slice(0, proof.length)), unproven);
  // A proof with a root that is not reduced.
  const unreduced = (BigInt(`0x${proof.slice(0, 256)}`) + n).toString(16);
  if (unreduced.length === 256) await assert.rejects(withModulus(modulus, unreduced + proof.slice(256)), unproven);
  await assert.rejects(withModulus((n + 2n).toString(16)), failure('bad_sealed_model'));
  await assert.rejects(withModulus((n + 1n).toString(16)), failure('bad_sealed_model', /small prime/));
  await assert.rejects(withModulus((((1n << 1023n) / 65521n) * 65521n + 65521n * 3n).toString(16)), failure('bad_sealed_model', /small prime/));
  // 2^1024 − 105 is a prime number.
  await assert.rejects(withModulus((2n ** 1024n - 105n).toString(16)), failure('bad_sealed_model', /prime number/));
  await assert.rejects(open(small.fields, small.file, {}), failure('bad_sealed_model', /1024 bits/));
  await assert.rejects(SealedModel.open(await cardOf(small.fields), new Uint8Array(small.file)), failure('bad_sealed_model', /1024 bits/));
});

test('a model whose scores the key has no room for, or that is not offered sealed, is refused', async () => {
  const { sealed: _, ...rest } = small.fields;
  await assert.rejects(open({ ...rest, ways: ['direct'] }, small.file), failure('layout_not_allowed', /does not offer it sealed/));
  const wide = { labels: Array.from({ length: 30 }, (_, i) => `${i}`), scales: Array(30).fill(1), activation: 'none' };
  const bounds = { slot_bits: 30, certified: true };
  await assert.rejects(open({ ...small.fields, output: wide, bounds }, small.file), failure('layout_not_allowed', /no room .*larger key/));
});

test('requests have full ciphertexts, as many as the card allows', async () => {
  const limited = async (/** @type {number} */ max_records, /** @type {number} */ max_ciphertexts) =>
    new SealedLayout(await cardOf({ ...small.fields, limits: { max_records, max_ciphertexts } }));
  assert.equal((await limited(1000, 1000)).recordsPerRequest(8), 8 * SHARED);
  assert.equal((await limited(1000, 3)).recordsPerRequest(8), 3 * SHARED);
  assert.equal((await limited(2 * SHARED + 1, 1000)).recordsPerRequest(8), 2 * SHARED);
  assert.equal((await limited(5, 1000)).recordsPerRequest(8), 5);
});
