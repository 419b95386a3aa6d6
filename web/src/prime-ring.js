/**
 * The computations of a key's owner modulo the square of one of the two primes.
 */

import { digits, inverse, modPow, randomBelow } from './bigint.js';
import { SMALL_PRIMES } from './primes.js';

/** Bits of the digits of exponents that go through the large table: a product for each digit. */
const WINDOW = 6;

/** Bits of the exponent that blinds a decryption, and of its digits. */
const BLIND_BITS = 128;
const BLIND_WINDOW = 4;

/** Powers of one base, in a table of all digits at all places. */
class FixedBase {
  /** @type {bigint[][]} */
  #table = [];
  #window;
  #modulus;

  /**
   * @param {bigint} base
   * @param {bigint} modulus
   * @param {number} bits of exponents
   * @param {number} window bits of a digit
   */
  constructor(base, modulus, bits, window) {
    this.#window = window;
    this.#modulus = modulus;
    for (let place = 0; place < bits; place += window) {
      const row = [1n];
      for (let digit = 1; digit <= 1 << window; digit++) row.push((row[digit - 1] * base) % modulus);
      base = /** @type {bigint} */ (row.pop());
      this.#table.push(row);
    }
  }

  /** @param {bigint} exponent */
  pow(exponent) {
    const row = digits(exponent, this.#window);
    return this.#table.reduce((power, powers, i) => (power * powers[row[i] ?? 0]) % this.#modulus, 1n);
  }
}

/** The ring modulo p², and what decryption and a key's proof need modulo p, for a prime p of a key. All of it is secret. */
export class PrimeRing {
  /** p @readonly */
  p;
  /** p² @readonly */
  square;
  /** n modulo p − 1. */
  #n;
  /** L((1 + n)^(p−1) mod p²)⁻¹ = (−q)⁻¹ modulo p. */
  #h;
  /** Powers of an n-th power, which blind ciphertexts: their (p − 1)-th power is 1. */
  #blinds;
  /** @type {FixedBase | undefined} powers of a generator of the n-th powers, once one was asked for */
  #nthPowers;

  /**
   * @param {bigint} p
   * @param {bigint} q the key's other prime
   */
  constructor(p, q) {
    this.p = p;
    this.square = p * p;
    this.#n = q % (p - 1n);
    this.#h = inverse(p - (q % p), p);
    this.#blinds = new FixedBase(this.uniformNthPower(), this.square, BLIND_BITS, BLIND_WINDOW);
  }

  /**
   * rⁿ modulo p² for a random unit r: the n-th powers are a cyclic group of order p − 1.
   *
   * The first call makes a table; each then takes a uniform exponent of full length through it.
   */
  nthPower() {
    const bits = this.p.toString(2).length;
    this.#nthPowers ??= new FixedBase(this.#generator(), this.square, bits, WINDOW);
    return this.#nthPowers.pow(randomBelow(this.p - 1n));
  }

  /**
   * A generator of the n-th powers, but for prime factors of p − 1 above 2¹⁶.
   *
   * A random element misses the factor ℓ with probability 1/ℓ; for every ℓ below 2¹⁶ it is tried until
   * it doesn't.
   */
  #generator() {
    const order = this.p - 1n;
    const factors = SMALL_PRIMES.map(BigInt).filter((prime) => order % prime === 0n);
    for (;;) {
      const candidate = this.uniformNthPower();
      const misses = (/** @type {bigint} */ prime) => modPow(candidate, order / prime, this.square) === 1n;
      if (!factors.some(misses)) return candidate;
    }
  }

  /** y^p modulo p² for a uniform y: raising to the power of q permutes these, so they are the n-th powers. */
  uniformNthPower() {
    return modPow(1n + randomBelow(this.p - 1n), this.p, this.square);
  }

  /**
   * m modulo p of a ciphertext (1 + n)^m·rⁿ: L(c^(p−1))·h with L(x) = (x − 1)/p.
   *
   * The ciphertext is blinded first. That its power is 1 modulo p, as Fermat says, is checked: a fault
   * would give the primes away.
   *
   * @param {bigint} c
   * @returns {bigint | undefined} nothing after a fault, or if c is not a unit
   */
  message(c) {
    const blinded = ((c % this.square) * this.#blinds.pow(randomBelow(1n << BigInt(BLIND_BITS)))) % this.square;
    const power = modPow(blinded, this.p - 1n, this.square);
    if (power % this.p !== 1n) return undefined;
    return ((power / this.p) * this.#h) % this.p;
  }

  /**
   * The n-th root of a number modulo p. It is checked: a wrong root together with a right one modulo q would give the
   * primes away.
   *
   * @param {bigint} x
   * @returns {bigint | undefined} nothing after a fault
   */
  nthRoot(x) {
    const root = modPow(x, inverse(this.#n, this.p - 1n), this.p);
    return modPow(root, this.#n, this.p) === x % this.p ? root : undefined;
  }
}
