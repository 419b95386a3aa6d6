import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { shake256 } from '../src/shake.js';

/** @param {Uint8Array} message @param {number} length */
const expected = (message, length) => createHash('shake256', { outputLength: length }).update(message).digest('hex');

test('SHAKE256 is that of OpenSSL, at all lengths around a block', () => {
  const lengths = [0, 1, 7, 8, 134, 135, 136, 137, 271, 272, 273, 418, 1000];
  for (const given of lengths) {
    const message = new Uint8Array(randomBytes(given));
    for (const wanted of lengths.filter((length) => length > 0)) {
      assert.equal(Buffer.from(shake256(message, wanted)).toString('hex'), expected(message, wanted), `${given} bytes in, ${wanted} out`);
    }
  }
  assert.equal(shake256(new Uint8Array(3), 0).length, 0);
});

test('SHAKE256 has the known answer for nothing', () => {
  // The beginning of FIPS 202's example for an empty message.
  const known = '46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f';
  assert.equal(Buffer.from(shake256(new Uint8Array(), 32)).toString('hex'), known);
});
