/**
 * A secret key that lives in a separate thread, so that a page stays responsive while it works.
 */

import { bitLength, bytesFromBigint } from './bigint.js';
import { Calls } from './thread.js';
import { sha256 } from './webcrypto.js';

/** @typedef {import('./paillier.js').WorkOptions} WorkOptions */

/**
 * The owner's key like `SecretKey`, in a separate thread, without single encryptions and decryptions. Close
 * it when it is no longer needed.
 */
export class WorkerKey {
  #calls;

  /**
   * @param {Calls} calls
   * @param {bigint} n
   */
  constructor(calls, n) {
    this.#calls = calls;
    /** The public modulus. @readonly */
    this.n = n;
  }

  /**
   * Makes a key in a new thread, as `generateKey` does, and its proof: progress is 0 of 2 until the primes are found, 1 when they
   * are, and 2 with the proof.
   *
   * @param {number} [bits]
   * @param {WorkOptions} [options]
   */
  static generate(bits = 3072, options = {}) {
    return WorkerKey.#open('generate', bits, options);
  }

  /**
   * Reads a key file in a new thread, as `keyFromFile` does.
   *
   * @param {string} text
   * @param {import('./paillier.js').KeyPolicy} [policy]
   */
  static fromFile(text, policy) {
    return WorkerKey.#open('import', [text, policy]);
  }

  /**
   * @param {string} method
   * @param {unknown} args
   * @param {WorkOptions} [options]
   */
  static async #open(method, args, options = {}) {
    const { calls, result } = await Calls.open(method, args, options);
    return new WorkerKey(calls, result);
  }

  /** Bits of n. */
  get bits() {
    return bitLength(this.n);
  }

  /** n as minimal big-endian bytes. */
  get modulus() {
    return bytesFromBigint(this.n);
  }

  /** SHA-256 of n's bytes, in hexadecimal. */
  fingerprint() {
    return sha256(this.modulus);
  }

  /**
   * The proof that n is fit for Paillier, as `SecretKey` has it.
   *
   * @returns {Promise<string>}
   */
  keyProof() {
    return this.#calls.call('prove', undefined);
  }

  /**
   * The text of a key file: as secret as the key.
   *
   * @param {string} [kid] a name for people
   * @returns {Promise<string>}
   */
  toFile(kid = '') {
    return this.#calls.call('export', kid);
  }

  /**
   * Makes randomisers ahead of time, so that there are `count`: an encryption then takes one product.
   *
   * @param {number} count
   * @param {WorkOptions} [options]
   * @returns {Promise<void>}
   */
  prepare(count, options) {
    return this.#calls.call('prepare', count, options);
  }

  /**
   * Fresh encryptions of plaintexts.
   *
   * @param {readonly bigint[]} plaintexts
   * @param {WorkOptions} [options]
   * @returns {Promise<bigint[]>}
   */
  encryptMany(plaintexts, options) {
    return this.#calls.call('encrypt', plaintexts, options);
  }

  /**
   * The plaintexts of ciphertexts.
   *
   * @param {readonly bigint[]} ciphertexts
   * @param {WorkOptions} [options]
   * @returns {Promise<bigint[]>}
   */
  decryptMany(ciphertexts, options) {
    return this.#calls.call('decrypt', ciphertexts, options);
  }

  /**
   * The plaintexts of ciphertexts, with nothing in place of each that could not be decrypted.
   *
   * @param {readonly bigint[]} ciphertexts
   * @param {WorkOptions} [options]
   * @returns {Promise<(bigint | undefined)[]>}
   */
  decryptEach(ciphertexts, options) {
    return this.#calls.call('decryptEach', ciphertexts, options);
  }

  /** Ends the thread; the key is gone with it. */
  close() {
    this.#calls.end('the key was closed');
  }
}
