/**
 * Random primes from WebCrypto's RSA key generation, which is fast, audited, and everywhere.
 */

import { bigintFromBytes, bitLength, bytesFromBase64url, modPow, randomBelow } from './bigint.js';
import { subtle } from './webcrypto.js';

/** Rounds of Miller and Rabin: a composite passes one with a probability below 1/4. */
const ROUNDS = 32;

/** RSA keys that are made at once. */
const AT_ONCE = 2;

/** All primes below 2¹⁶. */
export const SMALL_PRIMES = sieve(1 << 16);

/** @param {number} bound */
function sieve(bound) {
  const isComposite = new Uint8Array(bound);
  const primes = [];
  for (let i = 2; i < bound; i++) {
    if (isComposite[i]) continue;
    primes.push(i);
    for (let multiple = i * i; multiple < bound; multiple += i) isComposite[multiple] = 1;
  }
  return primes;
}

/**
 * Two different random primes p and q that are 3 modulo 4, of half as many bits each as their product.
 *
 * They may come from different RSA keys: half of all primes are 1 modulo 4 and are thrown away.
 *
 * @param {number} bits of the product: an even number
 * @param {AbortSignal} [signal] ends the search
 * @returns {Promise<[bigint, bigint]>}
 */
export async function randomPrimePair(bits, signal) {
  /** @type {Set<bigint>} */
  const found = new Set();
  for (;;) {
    signal?.throwIfAborted();
    const keys = await Promise.all(Array.from({ length: AT_ONCE }, () => rsaPrimes(bits)));
    for (const prime of keys.flat()) {
      if (prime % 4n === 3n && bitLength(prime) === bits / 2) found.add(prime);
    }
    const [p, q] = found;
    if (q !== undefined && bitLength(p * q) === bits) return [p, q];
    if (q !== undefined) found.clear();
  }
}

/**
 * The primes of a fresh RSA key.
 *
 * @param {number} bits
 */
async function rsaPrimes(bits) {
  const algorithm = {
    name: 'RSA-OAEP',
    modulusLength: bits,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  };
  const key = await subtle().generateKey(algorithm, true, ['decrypt']);
  const { p, q } = await subtle().exportKey('jwk', key.privateKey);
  if (p === undefined || q === undefined) throw new TypeError('the platform exports no primes of RSA keys');
  return [p, q].map((prime) => bigintFromBytes(bytesFromBase64url(prime)));
}

/**
 * Whether a number is prime, by small factors and by Miller and Rabin's test with random bases.
 *
 * @param {bigint} n
 */
export function isProbablePrime(n) {
  if (n < 2n) return false;
  for (const prime of SMALL_PRIMES) {
    if (n % BigInt(prime) === 0n) return n === BigInt(prime);
  }
  let twos = 0;
  let odd = n - 1n;
  while (odd % 2n === 0n) {
    odd /= 2n;
    twos += 1;
  }
  for (let round = 0; round < ROUNDS; round++) {
    if (!passes(n, odd, twos, 2n + randomBelow(n - 3n))) return false;
  }
  return true;
}

/**
 * @param {bigint} n = odd · 2^twos + 1
 * @param {bigint} odd
 * @param {number} twos
 * @param {bigint} base
 */
function passes(n, odd, twos, base) {
  let x = modPow(base, odd, n);
  if (x === 1n || x === n - 1n) return true;
  for (let i = 1; i < twos; i++) {
    x = (x * x) % n;
    if (x === n - 1n) return true;
  }
  return false;
}
