import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as bigint from '../src/bigint.js';
import { SMALL_PRIMES, isProbablePrime, randomPrimePair } from '../src/primes.js';

const MERSENNE = 2n ** 521n - 1n;

test('powers agree with the square-and-multiply of the definition', () => {
  const slow = (/** @type {bigint} */ base, /** @type {bigint} */ exponent, /** @type {bigint} */ modulus) => {
    let result = 1n;
    for (const bit of exponent.toString(2)) {
      result = (result * result) % modulus;
      if (bit === '1') result = (result * base) % modulus;
    }
    return result;
  };
  for (let i = 0; i < 30; i++) {
    const modulus = 2n + bigint.randomBelow(1n << BigInt(10 + 20 * i));
    const base = bigint.randomBelow(modulus * 3n);
    const exponent = bigint.randomBelow(1n << BigInt(1 + 7 * i));
    assert.equal(bigint.modPow(base, exponent, modulus), slow(base, exponent, modulus));
  }
  assert.equal(bigint.modPow(5n, 0n, 7n), 1n);
});

test('digits make up the number', () => {
  for (const width of [1, 4, 5, 6, 16]) {
    const x = bigint.randomBelow(1n << 300n);
    const sum = bigint.digits(x, width).reduceRight((sum, digit) => (sum << BigInt(width)) + BigInt(digit), 0n);
    assert.equal(sum, x);
  }
});

test('inverses are inverse, and refused where there is none', () => {
  for (let i = 0; i < 20; i++) {
    const a = 1n + bigint.randomBelow(MERSENNE - 1n);
    assert.equal((a * bigint.inverse(a, MERSENNE)) % MERSENNE, 1n);
  }
  assert.throws(() => bigint.inverse(21n, 49n), RangeError);
  assert.throws(() => bigint.inverse(0n, 49n), RangeError);
});

test('bits and bytes', () => {
  for (const [x, bits] of /** @type {const} */ ([
    [0n, 0],
    [1n, 1],
    [2n, 2],
    [255n, 8],
    [256n, 9],
    [MERSENNE, 521],
  ])) {
    assert.equal(bigint.bitLength(x), bits);
    assert.equal(bigint.bigintFromBytes(bigint.bytesFromBigint(x)), x);
    assert.equal(bigint.bigintFromBytes(bigint.bytesFromBigint(x, 70)), x);
  }
  assert.deepEqual([...bigint.bytesFromBigint(0x0102n, 4)], [0, 0, 1, 2]);
  assert.throws(() => bigint.bytesFromBigint(256n, 1), RangeError);
});

test('base64url has one spelling', () => {
  for (let length = 0; length < 20; length++) {
    const bytes = crypto.getRandomValues(new Uint8Array(length));
    const text = bigint.base64urlFromBytes(bytes);
    assert.equal(text, Buffer.from(bytes).toString('base64url'));
    assert.deepEqual(bigint.bytesFromBase64url(text), bytes);
  }
  for (const bad of ['A', 'AA==', 'AB', 'A+AA', 'A/AA', 'AA A', 'ÄA']) {
    assert.throws(() => bigint.bytesFromBase64url(bad), SyntaxError, bad);
  }
});

test('random numbers stay below their bound and reach all of it', () => {
  const seen = new Set(Array.from({ length: 500 }, () => bigint.randomBelow(5n)));
  assert.deepEqual([...seen].sort(), [0n, 1n, 2n, 3n, 4n]);
});

test('primes are told from composites', () => {
  assert.equal(SMALL_PRIMES.length, 6542);
  assert.ok(isProbablePrime(MERSENNE));
  // A Carmichael number, a strong pseudoprime to the bases 2 to 37, and products without small factors.
  for (const composite of [0n, 1n, 561n, 3317044064679887385961981n, MERSENNE * (2n ** 127n - 1n), MERSENNE ** 2n]) {
    assert.equal(isProbablePrime(composite), false, String(composite));
  }
});

test('fresh primes are primes of the asked length, 3 modulo 4', async () => {
  const [p, q] = await randomPrimePair(1024);
  assert.notEqual(p, q);
  assert.equal(bigint.bitLength(p * q), 1024);
  for (const prime of [p, q]) {
    assert.equal(prime % 4n, 3n);
    assert.equal(bigint.bitLength(prime), 512);
    assert.ok(isProbablePrime(prime));
  }
});
