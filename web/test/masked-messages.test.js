import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeMaskedAnswer, encodeMaskedRequest } from '../src/masked-messages.js';
import { decodeAnswer } from '../index.js';
import { failure } from './support.js';

const DIGEST = `sha256:${'01'.repeat(32)}`;
const FINGERPRINT = '23'.repeat(32);
const SECRET = '0123456789abcdef';

/** A voucher's id: its batch, and its number in big-endian. @param {number} number */
const voucher = (number) => Uint8Array.of(...Array(16).fill(0xab), 0, 0, number >> 8, number & 255);

const header = (/** @type {string} */ datatype, /** @type {number} */ size) =>
  '{"id":"7","parameters":{"vouchers":"q6urq6urq6urq6urq6urqwAAAAGrq6urq6urq6urq6urq6urAAABAA","voucher_secret":"0123456789abcdef",' +
  `"key_fingerprint":"${FINGERPRINT}","card_digest":"${DIGEST}"},` +
  `"inputs":[{"name":"masked_records","shape":[2,2],"datatype":"${datatype}","parameters":{"binary_data_size":${size}}}],` +
  '"outputs":[{"name":"masked_scores","parameters":{"binary_data":true}}]}';

/** The bits of a slot, its datatype, two records, and their bytes. @type {[number, string, import('../src/vouchers.js').Residues[], string][]} */
const forms = [
  [12, 'UINT16', [Uint32Array.of(1, 0xfff), Uint32Array.of(0x203, 0)], '0100 ff0f 0302 0000'],
  [16, 'UINT16', [Uint32Array.of(1, 0xffff), Uint32Array.of(0x203, 0)], '0100 ffff 0302 0000'],
  [17, 'UINT32', [Uint32Array.of(1, 0x1ffff), Uint32Array.of(0x203, 0)], '01000000 ffff0100 03020000 00000000'],
  [32, 'UINT32', [Uint32Array.of(1, 0xffffffff), Uint32Array.of(0x203, 0)], '01000000 ffffffff 03020000 00000000'],
  [33, 'UINT64', [BigUint64Array.of(1n, 0x1ffffffffn), BigUint64Array.of(0x203n, 0n)], '0100000000000000 ffffffff01000000 0302000000000000 0000000000000000'],
  [62, 'UINT64', [BigUint64Array.of(1n, 2n ** 62n - 1n), BigUint64Array.of(0x203n, 0n)], '0100000000000000 ffffffffffffff3f 0302000000000000 0000000000000000'],
];

/** @param {number} slotBits @param {import('../src/vouchers.js').Residues[]} records */
const request = (slotBits, records) => ({
  id: '7',
  cardDigest: DIGEST,
  keyFingerprint: FINGERPRINT,
  secret: SECRET,
  vouchers: [voucher(1), voucher(256)],
  records,
  slotBits,
});

/** @param {string} hex */
const bytesOf = (hex) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

test('a request has its pinned bytes, in each datatype', () => {
  for (const [slotBits, datatype, records, hex] of forms) {
    const { body, headerLength } = encodeMaskedRequest(request(slotBits, records));
    const data = bytesOf(hex);
    assert.equal(Buffer.from(body.subarray(0, headerLength)).toString(), header(datatype, data.length));
    assert.deepEqual(Buffer.from(body.subarray(headerLength)), data, `${slotBits} bits`);
  }
});

/** @param {string} datatype @param {number} size */
const answerHeader = (datatype, size) =>
  `{"model_name":"digits","model_version":"1","id":"7","parameters":{"card_digest":"${DIGEST}","request_digest":"${DIGEST}","scores_digest":"${DIGEST}"},` +
  `"outputs":[{"name":"masked_scores","datatype":"${datatype}","shape":[2,2],"parameters":{"binary_data_size":${size}}}]}`;

test('the answer to it is understood, in each datatype', () => {
  for (const [slotBits, datatype, scores, hex] of forms) {
    const data = bytesOf(hex);
    const head = Buffer.from(answerHeader(datatype, data.length));
    // At an odd place.
    for (const odd of [0, 1]) {
      const body = Buffer.concat([Buffer.alloc(odd), head, data]).subarray(odd);
      const { bytes, ...answer } = decodeMaskedAnswer(body, head.length, { rows: 2, columns: 2, slotBits });
      assert.deepEqual(Buffer.from(bytes), data);
      const about = { id: '7', modelName: 'digits', modelVersion: '1', cardDigest: DIGEST, requestDigest: DIGEST, scoresDigest: DIGEST };
      assert.deepEqual(answer, { ...about, scores });
    }
  }
});

test('damaged answers are refused', () => {
  const data = bytesOf('0100 ffff 0302 0000');
  const head = answerHeader('UINT16', 8);
  const expected = { rows: 2, columns: 2, slotBits: 16 };
  const refused = (/** @type {Buffer} */ body, /** @type {number} */ length, other = expected) =>
    assert.throws(() => decodeMaskedAnswer(body, length, other), failure('bad_answer'));
  const body = Buffer.concat([Buffer.from(head), data]);
  decodeMaskedAnswer(body, head.length, expected);
  for (const wrong of [0, 1, -1, NaN, 1.5, head.length - 1, head.length + 1, body.length + 1]) refused(body, wrong);
  for (let end = 0; end < body.length; end += 7) refused(body.subarray(0, end), head.length);
  refused(Buffer.concat([body, Buffer.alloc(1)]), head.length);
  for (const other of [
    { ...expected, rows: 1 },
    { ...expected, columns: 4 },
    { ...expected, slotBits: 17 },
  ])
    refused(body, head.length, other);
  for (const [from, to] of [
    ['masked_scores', 'scores'],
    ['UINT16', 'UINT32'],
    ['UINT16', 'BYTES'],
    ['[2,2]', '[4,1]'],
    ['"binary_data_size":8', '"binary_data_size":7'],
    ['"parameters":{"binary_data_size":8}', '"data":[1,65535,515,0]'],
    [`"request_digest":"${DIGEST}"`, '"request_digest":"sha256:01"'],
    ['"scores_digest"', '"scores_digezt"'],
    ['"card_digest"', '"card_digezt"'],
  ]) {
    assert.ok(head.includes(from));
    const other = Buffer.from(head.replace(from, to));
    refused(Buffer.concat([other, data]), other.length);
  }
});

test('an answer with vouchers names them', () => {
  const answer = (/** @type {string} */ about) => {
    const size = 2 * (4 + 6);
    const header = Buffer.from(
      `{"model_name":"m","model_version":"1","id":"7","parameters":{"key_fingerprint":"${FINGERPRINT}","layout":"vouchers"${about},"card_digest":"${DIGEST}",` +
        `"request_digest":"${DIGEST}","scores_digest":"${DIGEST}"},"outputs":[{"name":"scores","datatype":"BYTES","shape":[1,2],"parameters":{"binary_data_size":${size}}}]}`,
    );
    const element = Buffer.from('06000000222222222222', 'hex');
    return decodeAnswer(Buffer.concat([header, element, element]), header.length, { rows: 1, columns: 2, width: 6 });
  };
  const batch = 'ab'.repeat(16);
  const named = `,"voucher_batch":"${batch}","voucher_secret":"${SECRET}"`;
  const { vouchers, records, layout } = answer(`,"records":7${named}`);
  assert.deepEqual(vouchers, { batch, secret: SECRET });
  assert.deepEqual([records, layout.name], [7, 'vouchers']);
  for (const bad of [
    named,
    `,"records":7`,
    `,"records":7,"voucher_batch":"${batch}"`,
    `,"records":7,"voucher_secret":"${SECRET}"`,
    `,"records":7,"voucher_batch":"${batch.toUpperCase()}","voucher_secret":"${SECRET}"`,
    `,"records":7,"voucher_batch":"${batch}ab","voucher_secret":"${SECRET}"`,
    `,"records":7,"voucher_batch":"${batch}","voucher_secret":"${SECRET.slice(2)}"`,
    `,"records":7,"scores_per_answer":1${named}`,
    `,"records":7,"features_per_ciphertext":1${named}`,
  ]) {
    assert.throws(() => answer(bad), failure('bad_answer'), bad);
  }
});
