/**
 * Products of fixed numbers to the power of small integers that are secret: Π cᵢ^xᵢ modulo n², and with it, if c are Paillier's
 * ciphertexts, sums of weights times a record's values.
 *
 * The digits of x sort the c into buckets, one for each digit's value. Buckets are multiplied from the highest value down, so
 * that each counts as often as its value says. All buckets begin with the same random unit, whose powers are divided out once:
 * the sequence of products and the size of their factors do not depend on x.
 */

import { inverse, modPow, randomBelow } from './bigint.js';

/** Bits of the widest digits: there are never more than this many buckets. */
const MAX_WINDOW = 8;

export class WeightedProducts {
  #factors;
  #last;
  #modulus;
  #most;
  #window;
  #places;
  /** What all buckets begin with. */
  #filler;
  /** The last factor, without what the filler adds at all places. */
  #start;

  /**
   * @param {readonly bigint[]} factors units: one for each value, and a last one that is in all products once
   * @param {bigint} n
   * @param {number} bits of the values
   */
  constructor(factors, n, bits) {
    this.#factors = factors.slice(0, -1);
    this.#last = factors[factors.length - 1];
    this.#modulus = n * n;
    this.#most = 2 ** bits - 1;
    this.#window = bestWindow(this.#factors.length, bits);
    this.#places = Math.ceil(bits / this.#window);
    this.#filler = unitBelow(n);
    this.#start = (this.#last * this.#unfilled()) % this.#modulus;
  }

  /**
   * @param {readonly number[]} values one for each factor but the last
   * @returns {bigint}
   * @throws {RangeError} if there are too few or too many, or one is not a number of the bits that were said
   */
  of(values) {
    if (values.length !== this.#factors.length) throw new RangeError(`there are ${values.length} values for ${this.#factors.length} factors`);
    if (!values.every((x) => Number.isInteger(x) && x >= 0 && x <= this.#most)) throw new RangeError(`a value is a whole number from 0 to ${this.#most}`);
    let product = 1n;
    for (let place = this.#places - 1; place >= 0; place--) {
      for (let i = 0; i < this.#window; i++) product = (product * product) % this.#modulus;
      product = (product * this.#ofDigits(values, place * this.#window)) % this.#modulus;
    }
    return (product * this.#start) % this.#modulus;
  }

  /** The product of the powers by the digits at a place. @param {readonly number[]} values @param {number} shift */
  #ofDigits(values, shift) {
    const mask = (1 << this.#window) - 1;
    const buckets = Array(mask + 1).fill(this.#filler);
    this.#factors.forEach((factor, i) => {
      const digit = (values[i] >>> shift) & mask;
      buckets[digit] = (buckets[digit] * factor) % this.#modulus;
    });
    let [running, product] = [1n, 1n];
    // The bucket of 0 counts for nothing.
    for (let digit = mask; digit > 0; digit--) {
      running = (running * buckets[digit]) % this.#modulus;
      product = (product * running) % this.#modulus;
    }
    return product;
  }

  /** The inverse of what the filler adds: its power of 1 + 2 + … at each place. */
  #unfilled() {
    const most = (1n << BigInt(this.#window)) - 1n;
    const atPlace = (most * (most + 1n)) / 2n;
    let exponent = 0n;
    for (let place = 0; place < this.#places; place++) exponent = (exponent << BigInt(this.#window)) + atPlace;
    return inverse(modPow(this.#filler, exponent, this.#modulus), this.#modulus);
  }
}

/** The window with the fewest products. @param {number} factors @param {number} bits */
function bestWindow(factors, bits) {
  const products = (/** @type {number} */ window) => Math.ceil(bits / window) * (factors + 2 * 2 ** window);
  const windows = Array.from({ length: Math.min(bits, MAX_WINDOW) }, (_, i) => i + 1);
  return windows.reduce((best, window) => (products(window) < products(best) ? window : best));
}

/** A random number that is as good as certainly a unit: else the factors of n would be found by chance. @param {bigint} n */
const unitBelow = (n) => 1n + randomBelow(n - 1n);
