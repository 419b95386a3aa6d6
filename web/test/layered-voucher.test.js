/** What vouchers for networks are made of: known answers, by formulas of the test's own. */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Arrangement, Card, decodeAnswer, encodeRequest } from '../index.js';
import { LayeredVoucher } from '../src/layered-voucher.js';
import { VOUCHERS, voucherLayouts } from '../src/layout.js';
import { decodeRoundAnswer, encodeRoundRequest } from '../src/round-messages.js';
import { VoucherStore } from '../src/voucher-store.js';
import { wideRecordOf } from '../src/vouchers.js';
import { failure, textOf } from './support.js';

const RINGS = [8, 9, 16, 20, 31, 32, 33, 48, 53, 62, 63, 64, 65, 88, 104, 120, 126];

/** A number of at most this many bits. @param {number} bits */
const random = (bits) => BigInt(`0x${randomBytes(16).toString('hex')}`) % 2n ** BigInt(bits);

/** r by Node's SHAKE256. @param {Uint8Array} seed @param {number} bits @param {number} count */
function expectedRecord(seed, bits, count) {
  const stride = Math.ceil(bits / 8);
  const bytes = createHash('shake256', { outputLength: count * stride })
    .update('veilcast voucher record v1')
    .update(seed)
    .digest();
  return Array.from({ length: count }, (_, f) => {
    const number = BigInt(
      `0x${Buffer.from(bytes.subarray(f * stride, (f + 1) * stride))
        .reverse()
        .toString('hex')}`,
    );
    return number % 2n ** BigInt(bits);
  });
}

test('r is what SHAKE256 makes of the seed, in rings of any size', () => {
  for (const bits of RINGS) {
    const seed = new Uint8Array(randomBytes(32));
    assert.deepEqual(wideRecordOf(seed, bits, 100), expectedRecord(seed, bits, 100), `${bits} bits`);
  }
  const vectors = JSON.parse(textOf('testdata/vectors/vouchers.json'));
  const seed = Uint8Array.from(Buffer.from(vectors.seed, 'hex'));
  for (const { slot_bits, record } of vectors.records) assert.deepEqual(wideRecordOf(seed, slot_bits, record.length).map(String), record);
});

/** A voucher of one hidden layer, with what it is made of. @param {number} bits @param {number} shift @param {number} size @param {number} outputs */
function made(bits, shift, size, outputs) {
  const hidden = { sizes: [size], weight_bits: [2, 2], ring_bits: bits, score_shift: shift };
  const seeds = [0, 1].map(() => new Uint8Array(randomBytes(32)));
  const list = (/** @type {number} */ length) => Array.from({ length }, () => random(bits));
  const parts = seeds.map((seed, part) => ({ id: new Uint8Array(20).fill(part + 1), seed, shares: list(part === 0 ? size : outputs) }));
  const products = [{ id: new Uint8Array(20).fill(9), shares: list(size) }];
  const known = structuredClone({ parts, products });
  return { voucher: new LayeredVoucher(hidden, parts, products), parts, products, known };
}

test('what is masked and unmasked is by the formulas, at the edges of the ring too', () => {
  for (const bits of RINGS) {
    const modulus = 2n ** BigInt(bits);
    const mod = (/** @type {bigint} */ x) => ((x % modulus) + modulus) % modulus;
    const shift = Math.floor(bits / 3);
    const {
      voucher,
      known: { parts, products },
    } = made(bits, shift, 4, 6);
    const values = [0, 1, 255, 65535];
    const r = parts.map(({ seed }, part) => expectedRecord(seed, bits, [values.length, 4][part]));
    assert.deepEqual(
      voucher.mask(values),
      values.map((x, i) => mod(BigInt(x) - r[0][i])),
      `${bits} bits`,
    );
    const deltas = [0n, 1n, modulus - 1n, modulus / 2n];
    const squares = deltas.map((delta, i) => 2n * (delta * parts[0].shares[i] + products[0].shares[i]) + parts[0].shares[i] * parts[0].shares[i]);
    assert.deepEqual(voucher.next(deltas), [...squares.map((v, i) => mod(v - r[1][i])), ...deltas], `${bits} bits`);
    const results = [0n, 1n, -1n, modulus / 2n - 1n, -modulus / 2n, -(2n ** BigInt(shift)) - 1n];
    const answered = results.map((y, i) => mod(y - parts[1].shares[i]));
    // −1/2^shift is rounded down, to −1.
    const floor = (/** @type {bigint} */ y) => (y - (((y % 2n ** BigInt(shift)) + 2n ** BigInt(shift)) % 2n ** BigInt(shift))) / 2n ** BigInt(shift);
    assert.deepEqual(voucher.scores(answered), results.map(floor), `${bits} bits`);
  }
});

test('a voucher takes one record through each layer, once; then its secrets are zeros', () => {
  const { voucher, parts, products } = made(40, 0, 3, 2);
  const isZero = (/** @type {Uint8Array | bigint[]} */ list) => Array.from(list, Number).every((x) => x === 0);
  assert.throws(() => voucher.next([1n, 2n, 3n]), /once/);
  assert.throws(() => voucher.scores([1n, 2n]), /once/);
  assert.deepEqual(
    [voucher.ids(0), voucher.ids(1)],
    [Uint8Array.of(...Array(20).fill(1), ...Array(20).fill(9)), Uint8Array.of(...Array(20).fill(2), ...Array(20).fill(9))],
  );
  voucher.mask([1, 2]);
  assert.ok(isZero(parts[0].seed) && !isZero(parts[1].seed) && !isZero(parts[0].shares));
  assert.throws(() => voucher.mask([1, 2]), /once/);
  assert.throws(() => voucher.scores([1n, 2n]), /once/);
  voucher.next([1n, 2n, 3n]);
  assert.ok(isZero(parts[1].seed) && isZero(parts[0].shares) && isZero(products[0].shares) && !isZero(parts[1].shares));
  assert.throws(() => voucher.next([1n, 2n, 3n]), /once/);
  voucher.scores([1n, 2n]);
  assert.ok(isZero(parts[1].shares));
  assert.throws(() => voucher.scores([1n, 2n]), /once/);
  assert.throws(() => voucher.mask([1, 2]), /once/);
  assert.doesNotMatch(JSON.stringify(voucher), /seed|share/);

  const other = made(40, 0, 3, 2);
  const store = new VoucherStore();
  store.add({ card: 'a', n: 1n, secret: 's', vouchers: [other.voucher] });
  store.drop(() => true);
  for (const { seed, shares } of other.parts) assert.ok(isZero(seed) && isZero(shares));
  assert.ok(isZero(other.products[0].shares));
  for (const use of [() => other.voucher.mask([1, 2]), () => other.voucher.next([1n, 2n, 3n]), () => other.voucher.scores([1n, 2n])])
    assert.throws(use, /once/);
});

const fields = JSON.parse(textOf('web/test/fixtures/deep-network/card.json'));
const parse = (/** @type {object} */ change) => Card.parse(new TextEncoder().encode(JSON.stringify({ ...fields, ...change })));

test('parts are as far apart as the sums between them need', async () => {
  const input = { kind: 'array', shape: [784], preprocessing: { version: 3, steps: [] } };
  const hidden = { sizes: [64, 3], weight_bits: [8, 6, 2], ring_bits: 85, score_shift: 37 };
  const card = await parse({ input, hidden, limits: { max_records: 1000, max_ciphertexts: 10_000 } });
  const layouts = voucherLayouts(card);
  assert.deepEqual(
    layouts.map(({ name, part }) => `${name} ${part}`),
    ['shares 0', 'products 0', 'shares 1', 'products 1', 'shares 2'],
  );
  const arrangements = layouts.map((layout) => new Arrangement(card, layout, 2048));
  // 784 is up to 2^10, and 64 up to 2^6: u = 85 + (8 − 1 + 10) + 41, and so on; for products 2·85 + 41.
  const units = [143, 211, 137, 211, 129];
  assert.deepEqual(
    arrangements.map(({ recordsPerRow }) => recordsPerRow),
    [14, 1, 14, 1, 15],
  );
  assert.deepEqual(
    arrangements.map(({ ciphertexts, answers }) => [ciphertexts, answers]),
    [
      [784, 64],
      [64, 8],
      [64, 3],
      [3, 1],
      [3, 2],
    ],
  );
  arrangements.forEach((arrangement, i) => {
    const { ciphertexts, recordsPerRow: row } = arrangement;
    const count = 2 * row + 1;
    const records = Array.from({ length: count }, () => Array.from({ length: ciphertexts }, () => random(85)));
    const plaintexts = arrangement.plaintexts(records);
    const packed = (/** @type {bigint[]} */ numbers) => numbers.reduce((sum, x, t) => sum + x * 2n ** BigInt(units[i] * t), 0n);
    const expected = [0, 1, 2].map((r) => records[0].map((_, f) => packed(records.slice(r * row, (r + 1) * row).map((record) => record[f]))));
    assert.deepEqual(plaintexts, expected);
    // The lowest 85 bits of each slot, whatever lies above them.
    const outputs = [64, 64, 3, 3, 2][i];
    const numbers = records.map(() => Array.from({ length: outputs }, () => random(85)));
    const slot = (/** @type {bigint} */ number) => number + (random(units[i] - 86) << 85n);
    const answers = [0, 1, 2].map((r) =>
      layouts[i].name === 'products'
        ? Array.from({ length: Math.ceil(outputs / 9) }, (_, a) => packed(numbers[r].slice(9 * a, 9 * a + 9).map(slot)))
        : numbers[0].map((_, o) => packed(numbers.slice(r * row, (r + 1) * row).map((list) => slot(list[o])))),
    );
    assert.deepEqual(arrangement.slots(answers, count), numbers);
  });
});

test('layouts of parts that there are none of, and others, are refused', async () => {
  const card = await parse({});
  const shares = { ...VOUCHERS, name: /** @type {const} */ ('shares') };
  const products = { ...VOUCHERS, name: /** @type {const} */ ('products') };
  for (const layout of [
    VOUCHERS,
    shares,
    products,
    { ...shares, part: 3 },
    { ...products, part: 2 },
    { ...shares, part: -1 },
    { ...shares, part: 0.5 },
    { ...VOUCHERS, part: 0 },
    { ...shares, part: 0, featuresPerCiphertext: 2 },
    { ...shares, part: 0, scoresPerAnswer: 2 },
  ]) {
    assert.throws(() => new Arrangement(card, layout, 2048), failure('layout_not_allowed'), JSON.stringify(layout));
  }
  for (const layout of voucherLayouts(card)) {
    new Arrangement(card, layout, 2048);
    assert.throws(() => new Arrangement(card, layout, 128), failure('layout_not_allowed'));
  }
  const affine = await Card.parse(new TextEncoder().encode(textOf('models/digits/card.json')));
  assert.deepEqual(voucherLayouts(affine), [VOUCHERS]);
  assert.throws(() => new Arrangement(affine, { ...shares, part: 0 }, 2048), failure('layout_not_allowed'));
});

const DIGEST = `sha256:${'01'.repeat(32)}`;
const FINGERPRINT = '23'.repeat(32);
const id = (/** @type {number} */ number) => [...Array(16).fill(0xab), 0, 0, 0, number];

test('a request of a round has its pinned bytes', () => {
  const about = { id: '7', cardDigest: DIGEST, keyFingerprint: FINGERPRINT, secret: '0123456789abcdef', part: 1 };
  const vouchers = [Uint8Array.of(...id(1), ...id(2)), Uint8Array.of(...id(3), ...id(4))];
  for (const [ringBits, records, hex] of /** @type {const} */ ([
    [
      8,
      [
        [1n, 255n],
        [2n, 0n],
      ],
      '01 ff 02 00',
    ],
    [
      20,
      [
        [1n, 0xfffffn],
        [0x10203n, 0n],
      ],
      '010000 ffff0f 030201 000000',
    ],
    [
      64,
      [
        [1n, 2n ** 64n - 1n],
        [0n, 2n ** 63n],
      ],
      '0100000000000000 ffffffffffffffff 0000000000000000 0000000000000080',
    ],
    [
      65,
      [
        [1n, 2n ** 65n - 1n],
        [0n, 2n ** 64n],
      ],
      '010000000000000000 ffffffffffffffff01 000000000000000000 000000000000000001',
    ],
    [
      126,
      [
        [1n, 2n ** 126n - 1n],
        [0n, 2n ** 125n],
      ],
      '01000000000000000000000000000000 ffffffffffffffffffffffffffffff3f 00000000000000000000000000000000 00000000000000000000000000000020',
    ],
  ])) {
    const { body, headerLength } = encodeRoundRequest({ ...about, vouchers, records, ringBits });
    const data = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    const ids = Buffer.from(vouchers.flatMap((own) => [...own])).toString('base64url');
    assert.equal(
      Buffer.from(body.subarray(0, headerLength)).toString(),
      `{"id":"7","parameters":{"part":1,"vouchers":"${ids}","voucher_secret":"0123456789abcdef","key_fingerprint":"${FINGERPRINT}","card_digest":"${DIGEST}"},` +
        `"inputs":[{"name":"masked_layer","shape":[2,${data.length / 2}],"datatype":"UINT8","parameters":{"binary_data_size":${data.length}}}],` +
        '"outputs":[{"name":"masked_scores","parameters":{"binary_data":true}}]}',
    );
    assert.deepEqual(Buffer.from(body.subarray(headerLength)), data, `${ringBits} bits`);

    // The answer has the same form.
    const answer = (/** @type {Buffer} */ raw) => {
      const head = Buffer.from(
        `{"model_name":"net","model_version":"1","id":"7","parameters":{"card_digest":"${DIGEST}","request_digest":"${DIGEST}","scores_digest":"${DIGEST}"},` +
          `"outputs":[{"name":"masked_scores","datatype":"UINT8","shape":[2,${data.length / 2}],"parameters":{"binary_data_size":${data.length}}}]}`,
      );
      return decodeRoundAnswer(Buffer.concat([head, raw]), head.length, { rows: 2, columns: 2, ringBits });
    };
    const { numbers, bytes } = answer(data);
    assert.deepEqual([numbers, Buffer.from(bytes)], [records, data]);
    assert.throws(() => answer(data.subarray(1)), failure('bad_answer'));
    if (ringBits % 8 === 0) continue;
    const wide = Buffer.from(data);
    wide[data.length - 1] |= 1 << (ringBits % 8);
    assert.throws(() => answer(wide), failure('bad_answer', /more than \d+ bits/));
  }
});

test('messages in the layouts of parts name them', () => {
  const layout = (/** @type {'shares' | 'products'} */ name) => ({ name, featuresPerCiphertext: 1, scoresPerAnswer: 1, part: 2 });
  for (const name of /** @type {const} */ (['shares', 'products'])) {
    const { body, headerLength } = encodeRequest({
      publicKey: Uint8Array.of(0xc0, 0xff, 0xee),
      layout: layout(name),
      records: 2,
      cardDigest: DIGEST,
      ciphertexts: [[new Uint8Array(6).fill(1)], [new Uint8Array(6).fill(2)]],
    });
    const { parameters } = JSON.parse(new TextDecoder().decode(body.subarray(0, headerLength)));
    assert.deepEqual(parameters, { public_key: 'wP_u', layout: name, part: 2, ...(name === 'shares' && { records: 2 }), card_digest: DIGEST });
    const answer = (/** @type {string} */ about) => {
      const element = Buffer.from('06000000222222222222', 'hex');
      const head = Buffer.from(
        `{"model_name":"m","model_version":"1","id":"7","parameters":{"key_fingerprint":"${FINGERPRINT}","layout":"${name}"${about},"card_digest":"${DIGEST}",` +
          `"request_digest":"${DIGEST}","scores_digest":"${DIGEST}"},"outputs":[{"name":"scores","datatype":"BYTES","shape":[2,1],"parameters":{"binary_data_size":20}}]}`,
      );
      return decodeAnswer(Buffer.concat([head, element, element]), head.length, { rows: 2, columns: 1, width: 6 });
    };
    const named = `,"voucher_batch":"${'ab'.repeat(16)}","voucher_secret":"0123456789abcdef"`;
    const records = name === 'shares' ? ',"records":9' : '';
    const found = answer(`,"part":2${records}${named}`);
    assert.deepEqual(found.layout, layout(name));
    assert.deepEqual([found.records, found.vouchers?.batch], [name === 'shares' ? 9 : 2, 'ab'.repeat(16)]);
    assert.equal(answer(`,"part":0${records}${named}`).layout.part, 0);
    for (const bad of [
      `${records}${named}`,
      `,"part":-1${records}${named}`,
      `,"part":"2"${records}${named}`,
      `,"part":2${records}`,
      `,"part":2,"scores_per_answer":1${records}${named}`,
      `,"part":2${name === 'shares' ? '' : ',"records":9'}${named}`,
    ]) {
      assert.throws(() => answer(bad), failure('bad_answer'), bad);
    }
  }
});
