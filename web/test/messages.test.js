import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { decodeAnswer, encodeRequest } from '../index.js';
import { base64urlFromBytes } from '../src/bigint.js';
import { failure, textOf } from './support.js';

/** The pinned bytes of a message, from the Rust crate's own test. @param {string} name */
function pinned(name) {
  const [, text] = new RegExp(`const ${name}: &str = r#"([^#]*?(?:#[^#"]*)*?)"#;`).exec(textOf('crates/protocol/tests/protocol/wire.rs')) ?? [];
  assert.ok(text, name);
  const parts = text.split('\n').map((line) => {
    const [, quoted] = /^'(.*)'$/.exec(line.trim()) ?? [];
    return quoted === undefined ? Buffer.from(line.split('#')[0].replaceAll(/\s/g, ''), 'hex') : Buffer.from(quoted);
  });
  return new Uint8Array(Buffer.concat(parts));
}

const DIGEST = 'sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const PAIR = [[new Uint8Array(6).fill(0x11)], [new Uint8Array(6).fill(0x22)]];
const SCALAR = /** @type {const} */ ({ name: 'scalar', featuresPerCiphertext: 1, scoresPerAnswer: 1 });
const REQUEST = { id: '7', publicKey: Uint8Array.of(0xc0, 0xff, 0xee), layout: SCALAR, records: 2, cardDigest: DIGEST, ciphertexts: PAIR };
const EXPECTED = { rows: 2, columns: 1, width: 6 };

test('a request has the pinned bytes', () => {
  const expected = pinned('BINARY_REQUEST');
  const { body, headerLength } = encodeRequest(REQUEST);
  assert.equal(new TextDecoder().decode(body), new TextDecoder().decode(expected));
  assert.deepEqual(body, expected);
  assert.equal(headerLength, expected.length - 20);
});

test('a request with a proof of its key has the pinned bytes', () => {
  const { body } = encodeRequest({ ...REQUEST, keyProof: base64urlFromBytes(Uint8Array.from({ length: 24 }, (_, i) => i)) });
  assert.equal(new TextDecoder('latin1').decode(body), new TextDecoder('latin1').decode(pinned('PROVEN_REQUEST')));
});

test('a request in the layout features has the parameters that are pinned with a seeded one', () => {
  const seeded = new TextDecoder('latin1').decode(pinned('SEEDED_REQUEST'));
  const expected = seeded.replace(/"seed":"[^"]*","first":784,/, '').replace('corrections', 'ciphertexts');
  const layout = /** @type {const} */ ({ name: 'features', featuresPerCiphertext: 9, scoresPerAnswer: 3 });
  const { body } = encodeRequest({ ...REQUEST, id: undefined, layout });
  assert.equal(new TextDecoder('latin1').decode(body), expected);
});

test('messages about groups of records name their number, where the pinned answer does', () => {
  const layout = /** @type {const} */ ({ name: 'records', featuresPerCiphertext: 1, scoresPerAnswer: 1 });
  const { body, headerLength } = encodeRequest({ ...REQUEST, layout, records: 9 });
  const { parameters } = JSON.parse(new TextDecoder().decode(body.subarray(0, headerLength)));
  const { parameters: answered } = JSON.parse(new TextDecoder().decode(pinned('RECORDS_RESPONSE')));
  assert.deepEqual(Object.entries(parameters).slice(1, 3), Object.entries(answered).slice(1, 3));

  const answer = (/** @type {string} */ about) => {
    const scalar = pinned('BINARY_RESPONSE');
    const length = scalar.length - 20;
    const header = new TextDecoder().decode(scalar.subarray(0, length)).replace('"layout":"scalar"', `"layout":"records"${about}`);
    const bytes = new TextEncoder().encode(header);
    return decodeAnswer(new Uint8Array([...bytes, ...scalar.subarray(length)]), bytes.length, EXPECTED);
  };
  const { layout: found, records, scores } = answer(',"records":9');
  assert.deepEqual({ found, records, scores }, { found: layout, records: 9, scores: PAIR });
  for (const bad of [
    '',
    ',"records":0',
    ',"records":1.5',
    ',"records":"9"',
    ',"records":null',
    ',"records":9,"scores_per_answer":1',
    ',"records":9,"features_per_ciphertext":1',
  ]) {
    assert.throws(() => answer(bad), failure('bad_answer'), bad);
  }
});

test('ciphertexts of another width make no request', () => {
  assert.throws(() => encodeRequest({ ...REQUEST, ciphertexts: [[new Uint8Array(5)]] }), RangeError);
});

test('the pinned answer is understood', () => {
  const body = pinned('BINARY_RESPONSE');
  assert.deepEqual(decodeAnswer(body, body.length - 20, EXPECTED), {
    id: '7',
    modelName: 'digits',
    modelVersion: '1',
    keyFingerprint: 'c47a10dc272b1221f0380a2ae0f7d7fa830b3e378f2f5309bbf13f61ad211913',
    cardDigest: DIGEST,
    requestDigest: `sha256:${'ab'.repeat(32)}`,
    scoresDigest: `sha256:${createHash('sha256').update(Buffer.concat(PAIR.flat())).digest('hex')}`,
    layout: SCALAR,
    records: 2,
    scores: PAIR,
  });
});

test('damaged answers are refused', () => {
  const body = pinned('BINARY_RESPONSE');
  const length = body.length - 20;
  const refuse = (/** @type {Uint8Array} */ body, /** @type {number} */ length, expected = EXPECTED) =>
    assert.throws(() => decodeAnswer(body, length, expected), failure('bad_answer'));

  for (const wrong of [0, 1, -1, NaN, 1.5, length - 1, length + 1, body.length, body.length + 1]) refuse(body, wrong);
  for (let end = 0; end < body.length; end += 7) refuse(body.subarray(0, end), length);
  refuse(new Uint8Array([...body, 0]), length);
  refuse(body.with(length, 7), length);
  for (const expected of [
    { ...EXPECTED, rows: 1 },
    { ...EXPECTED, columns: 2 },
    { ...EXPECTED, width: 8 },
  ])
    refuse(body, length, expected);

  const header = new TextDecoder().decode(body.subarray(0, length));
  const raw = body.subarray(length);
  for (const [from, to] of [
    ['"scores"', '"labels"'],
    ['BYTES', 'FP32'],
    ['[2,1]', '[1,2]'],
    ['[2,1]', '[2,1,1]'],
    ['[2,1]', '"2,1"'],
    ['"binary_data_size":20', '"binary_data_size":21'],
    ['"binary_data_size":20', ''],
    ['"parameters":{"binary_data_size":20}', '"data":["ERERERER","IiIiIiIi"]'],
    ['"layout":"scalar"', '"layout":"diagonal"'],
    ['"layout":"scalar"', '"layout":"constructor"'],
    ['"layout":"scalar"', '"layout":"scalar","records":3'],
    ['"layout":"scalar"', '"layout":"records"'],
    ['"layout":"scalar"', '"layout":"scalar","features_per_ciphertext":9'],
    ['"layout":"scalar"', '"layout":"scalar","scores_per_answer":0'],
    ['"layout":"scalar"', '"layout":"scalar","scores_per_answer":1.5'],
    ['"layout":"scalar",', ''],
    ['"card_digest"', '"digest"'],
    ['"request_digest"', '"digest"'],
    ['"scores_digest"', '"digest"'],
    ['"request_digest":"sha256:ab', '"request_digest":"sha256:AB'],
    ['"request_digest":"sha256:ab', '"request_digest":"sha256:'],
    ['"scores_digest":"sha256:', '"scores_digest":"md5:'],
    ['"scores_digest":"sha256:', '"scores_digest":7,"other":"'],
    ['"model_name":"digits"', '"model_name":7'],
    ['"outputs":[', '"outputs":[{},'],
    ['"outputs":[', '"outputs":[7,'],
    ['"outputs"', '"inputs"'],
    ['{"model_name"', '["model_name"'],
  ]) {
    assert.ok(header.includes(from), from);
    const changed = new TextEncoder().encode(header.replace(from, to));
    refuse(new Uint8Array([...changed, ...raw]), changed.length);
  }
  const nothing = new TextEncoder().encode('null');
  refuse(new Uint8Array([...nothing, ...raw]), nothing.length);
});
