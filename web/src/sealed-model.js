/**
 * A model whose weights came encrypted under the service's key: records in, ciphertexts out, without any key of the client's.
 *
 * A ciphertext holds the scores of its records plus r, which is uniform in nearly all of n, and is rerandomised by a uniform
 * n-th power. So it tells the service nothing about the records, whatever it computes, provided that its modulus is sound and
 * all its weights are units: both are checked before any use.
 */

import { bigintFromBytes, bytesFromHex, gcd, modPow, randomBelow } from './bigint.js';
import { VeilcastError } from './error.js';
import { areRoots } from './key-proof.js';
import { isKeySize } from './paillier.js';
import { SMALL_PRIMES } from './primes.js';
import { SealedLayout } from './sealed-layout.js';
import { inTurns } from './turns.js';
import { sha256 } from './webcrypto.js';
import { WeightedProducts } from './weighted-products.js';

/**
 * @typedef {import('./card.js').Card} Card
 * @typedef {import('./card-types.js').SealedFields} SealedFields
 * @typedef {import('./paillier.js').KeyPolicy} KeyPolicy
 * @typedef {import('./turns.js').WorkOptions} WorkOptions
 *
 * @typedef {object} SealedRecords
 * @property {bigint[]} ciphertexts
 * @property {bigint[]} masks what opens the answer: r for each of them, as many bits as its records' scores have. Secret.
 */

/** The length of the file of a model's encrypted weights: a ciphertext for each feature, and one for the biases. @param {Card} card */
export function sealedBytes({ features, fields: { sealed } }) {
  return (features + 1) * (sealed?.modulus.length ?? 0);
}

/** The error for a file of weights that is not the one that a card names. @param {string} problem */
export const otherSealedModel = (problem) =>
  new VeilcastError('other_sealed_model', `the sealed model's weights are not those that its card names: the file ${problem}`);

/** A sealed model that has been checked; made by {@link SealedModel.open}. */
export class SealedModel {
  #n;
  #nSquared;
  #layout;
  #products;
  /** @type {bigint[]} n-th powers made ahead of time, each used once */
  #randomizers = [];

  /**
   * @param {bigint} n checked
   * @param {readonly bigint[]} weights checked
   * @param {SealedLayout} layout
   * @param {number} bits of quantised features
   */
  constructor(n, weights, layout, bits) {
    this.#n = n;
    this.#nSquared = n * n;
    this.#layout = layout;
    this.#products = new WeightedProducts(weights, n, bits);
  }

  /**
   * Checks that a file is the one that a card names, that the service's modulus is proven fit for use, and that all numbers in
   * the file are ciphertexts.
   *
   * @param {Card} card
   * @param {Uint8Array<ArrayBuffer>} file
   * @param {KeyPolicy} [policy]
   * @returns {Promise<SealedModel>}
   * @throws {VeilcastError} `layout_not_allowed` if the model isn't offered sealed or its key has no room, `other_sealed_model`
   *   if it is another file, `bad_sealed_model` if the key or the file could betray records
   */
  static async open(card, file, policy = {}) {
    const layout = new SealedLayout(card);
    const sealed = /** @type {SealedFields} */ (card.fields.sealed);
    const expected = sealedBytes(card);
    if (file.length !== expected) throw otherSealedModel(`has ${file.length} bytes instead of ${expected}`);
    if ((await sha256(file)) !== sealed.sha256) throw otherSealedModel('has another digest');
    const n = modulusOf(sealed, policy);
    return new SealedModel(n, ciphertextsIn(file, n, sealed.modulus.length), layout, card.fields.quantization.bits);
  }

  /** Randomisers that are ready. */
  get randomizers() {
    return this.#randomizers.length;
  }

  /**
   * Makes randomisers ahead of time, so that there are `count`: a ciphertext, of which each uses one, then takes only the
   * products of its records.
   *
   * @param {number} count
   * @param {WorkOptions} [options]
   * @returns {Promise<number>} how many there are
   */
  async prepare(count, options = {}) {
    const missing = Math.max(0, count - this.#randomizers.length);
    await inTurns(missing, () => this.#randomizers.push(this.#randomizer()), options);
    return this.#randomizers.length;
  }

  /**
   * Ciphertexts that hold the masked scores of records.
   *
   * @param {readonly (readonly number[])[]} records quantised
   * @param {WorkOptions} [options]
   * @returns {Promise<SealedRecords>}
   */
  async encrypt(records, options = {}) {
    const { recordsPerCiphertext } = this.#layout;
    const made = await inTurns(
      this.#layout.ciphertexts(records.length),
      (i) => this.#masked(records.slice(i * recordsPerCiphertext, (i + 1) * recordsPerCiphertext)),
      options,
    );
    return { ciphertexts: made.map(({ ciphertext }) => ciphertext), masks: made.map(({ mask }) => mask) };
  }

  /** @param {readonly (readonly number[])[]} records that share a ciphertext */
  #masked(records) {
    const { recordBits } = this.#layout;
    const scores = records
      .map((values) => this.#products.of(values))
      .reduceRight((sum, product) => {
        for (let i = 0; i < recordBits; i++) sum = (sum * sum) % this.#nSquared;
        return (sum * product) % this.#nSquared;
      });
    const bits = recordBits * records.length;
    // The sum of both stays below n.
    const r = randomBelow(this.#n - (1n << BigInt(bits)) + 1n);
    const masked = (scores * (1n + r * this.#n)) % this.#nSquared;
    const ciphertext = (masked * (this.#randomizers.pop() ?? this.#randomizer())) % this.#nSquared;
    return { ciphertext, mask: BigInt.asUintN(bits, r) };
  }

  /** A uniform n-th power modulo n². Without the primes, no table can make it. */
  #randomizer() {
    return modPow(randomBelow(this.#n), this.#n, this.#nSquared);
  }
}

/**
 * The service's modulus, if it is fit for use. Perfect powers have no proof.
 *
 * @param {SealedFields} sealed
 * @param {KeyPolicy} policy
 */
function modulusOf({ modulus, proof }, policy) {
  const n = BigInt(`0x${modulus}`);
  const bits = 4 * modulus.length;
  const problem =
    (!isKeySize(bits, policy) && `has ${bits} bits, where 2048, 3072 or 4096 are safe`) ||
    (SMALL_PRIMES.some((prime) => n % BigInt(prime) === 0n) && 'is divisible by a small prime') ||
    (modPow(2n, n - 1n, n) === 1n && 'is a prime number') ||
    (!areRoots(n, bytesFromHex(proof)) && 'is not proven fit for use');
  if (problem) throw bad(`the modulus of its key ${problem}`);
  return n;
}

/**
 * @param {Uint8Array} file
 * @param {bigint} n
 * @param {number} width bytes of a ciphertext
 */
function ciphertextsIn(file, n, width) {
  const numbers = Array.from({ length: file.length / width }, (_, i) => bigintFromBytes(file.subarray(i * width, (i + 1) * width)));
  const nSquared = n * n;
  const areBelow = numbers.every((c) => c < nSquared);
  // Zero has all factors in common with n.
  const areUnits =
    areBelow &&
    gcd(
      numbers.reduce((product, c) => (product * (c % n)) % n, 1n),
      n,
    ) === 1n;
  if (!areUnits) throw bad('its file holds a number that is no ciphertext');
  return numbers;
}

/** @param {string} problem */
const bad = (problem) => new VeilcastError('bad_sealed_model', `the sealed model can't be used, since it could betray the records: ${problem}`);
