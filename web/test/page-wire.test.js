import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeRequest } from '../index.js';
import { ciphertextsOf, hexDump, noiseOf, secretsOf } from '../page/noise.js';

const WIDTH = 8;
const elements = Array.from({ length: 6 }, (_, i) => Uint8Array.from({ length: WIDTH }, (_, j) => 16 * i + j));
const { headerLength, body } = encodeRequest({
  publicKey: new Uint8Array(WIDTH / 2).fill(255),
  layout: { name: 'scalar', featuresPerCiphertext: 1, scoresPerAnswer: 1 },
  records: 2,
  cardDigest: `sha256:${'0'.repeat(64)}`,
  ciphertexts: [elements.slice(0, 3), elements.slice(3)],
});

test('the ciphertexts of a request are found', () => {
  assert.deepEqual(
    [...ciphertextsOf(body, headerLength)],
    elements.flatMap((element) => [...element]),
  );
  assert.deepEqual([...ciphertextsOf(body.subarray(0, -3), headerLength)], elements.flatMap((element) => [...element]).slice(0, -3));
  assert.equal(ciphertextsOf(body, body.length).length, 0);
});

test('what vouchers mask is all that follows the header', () => {
  assert.deepEqual([...secretsOf(Uint8Array.of(1, 2, 3, 4, 5), 2, 'vouchers')], [3, 4, 5]);
  assert.deepEqual(secretsOf(body, headerLength, 'direct'), ciphertextsOf(body, headerLength));
});

test('a sealed model gets ciphertexts, and answers with plain numbers', () => {
  assert.deepEqual(secretsOf(body, headerLength, 'sealed', 'request'), ciphertextsOf(body, headerLength));
  assert.deepEqual([...secretsOf(Uint8Array.of(1, 2, 3, 4, 5), 2, 'sealed', 'answer')], [3, 4, 5]);
});

test('noise is one dot per byte, the greater the lighter', () => {
  const { side, data } = noiseOf(Uint8Array.of(0, 255, 128, 64, 1, 1));
  assert.deepEqual([side, data.length], [2, 16]);
  const [black, white, grey] = [0, 1, 2].map((i) => data[4 * i]);
  assert.ok(black < grey && grey < white);
  assert.ok([3, 7, 11, 15].every((i) => data[i] === 255));
  assert.equal(noiseOf(new Uint8Array(2 << 20)).side, 512);
  assert.equal(noiseOf(new Uint8Array(0)).side, 1);
});

test('hexadecimal has places and text', () => {
  const bytes = new TextEncoder().encode('{"parameters":1}\n');
  assert.equal(
    hexDump(bytes, 0, 24),
    ['000000  7b 22 70 61 72 61 6d 65 74 65 72 73  {"parameters', '00000c  22 3a 31 7d 0a                       ":1}·'].join('\n'),
  );
  assert.equal(hexDump(bytes, 12, 3), '00000c  22 3a 31                             ":1');
});
