/** The search for leaks finds every form of a leak that it claims to, and nothing where nothing is. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { imageNeedles, leaksIn, primeNeedles, textNeedles } from './e2e/harness/leaks.js';
import { SIDE, pixelsOf } from './e2e/harness/mnist.js';
import { goodKey } from './support.js';

const LEVELS = 16;
const pixels = pixelsOf(0);
const quantized = Array.from(pixels, (pixel) => Math.round((pixel / 255) * (LEVELS - 1)));
const columns = Uint8Array.from(pixels, (_, i) => pixels[(i % SIDE) * SIDE + Math.floor(i / SIDE)]);
const fractions = Array.from(pixels, (pixel) => pixel / 255);
const [p, q] = goodKey().primes();
const [pBytes, qBytes] = [p, q].map((prime) => Buffer.from(prime.toString(16), 'hex'));
const needles = [...imageNeedles(pixels, SIDE, LEVELS), ...primeNeedles('p', p), ...primeNeedles('q', q), ...textNeedles('Lung Cancer')];

/** Among random bytes, at an odd place. @param {string | Uint8Array} leak */
const hidden = (leak) => Buffer.concat([randomBytes(10_001), Buffer.from(leak), randomBytes(10_001)]);

/** @param {(i: number) => number} byte */
const packed = (byte) => Uint8Array.from({ length: quantized.length / 2 }, (_, i) => byte(2 * i));

/** @type {[string, string | Uint8Array][]} */
const leaks = [
  ['pixels, one byte each', pixels],
  ['pixels by columns', columns],
  ['pixels in JSON', JSON.stringify({ pixels: [...pixels] })],
  ['pixels in JSON, spread over lines', JSON.stringify([...pixels], undefined, 2)],
  ['fractions in JSON', JSON.stringify(fractions)],
  ['pixels in base64', Buffer.from(pixels).toString('base64')],
  ['pixels in base64url behind a byte', Buffer.concat([randomBytes(1), pixels]).toString('base64url')],
  ['pixels in base64 behind two bytes', Buffer.concat([randomBytes(2), pixels]).toString('base64')],
  ['pixels in capital hexadecimal', Buffer.from(pixels).toString('hex').toUpperCase()],
  ['fractions as 32-bit floats', new Uint8Array(Float32Array.from(fractions).buffer)],
  ['quantised pixels in JSON', JSON.stringify(quantized)],
  ['quantised pixels, one byte each', Uint8Array.from(quantized)],
  ['quantised pixels, two per byte', packed((i) => 16 * quantized[i] + quantized[i + 1])],
  ['quantised pixels, two per byte, low first', packed((i) => quantized[i] + 16 * quantized[i + 1])],
  ['quantised pixels, two per byte, one place on', packed((i) => 16 * (quantized[i - 1] ?? 0) + quantized[i])],
  ['one row of pixels', pixels.subarray(10 * SIDE, 11 * SIDE)],
  ['p, big end first', pBytes],
  ['q, little end first', Buffer.from(qBytes).reverse()],
  ['p in base64', pBytes.toString('base64')],
  ['q in base64url behind a byte', Buffer.concat([randomBytes(1), qBytes]).toString('base64url')],
  ['p in hexadecimal', p.toString(16)],
  ['q in decimal', q.toString()],
  ['half of p', pBytes.subarray(pBytes.length / 2)],
  ['a text', 'Lung Cancer'],
  ['a text in base64', Buffer.from('LungCancer').toString('base64')],
];

for (const [name, leak] of leaks) {
  test(`a leak is found: ${name}`, () => assert.notDeepEqual(leaksIn([hidden(leak)], needles), []));
}

test('nothing is found where nothing is', () => {
  const other = pixelsOf(1);
  const innocent = [other, JSON.stringify([...other]), Buffer.from(other).toString('base64'), goodKey().n.toString()];
  assert.deepEqual(leaksIn(innocent.map(hidden), needles), []);
});
