/**
 * Where the scores of records are in the plaintexts of a sealed model, and in its answers.
 *
 * A record's m scores are side by side, S bits each, the first one lowest, and T records share a ciphertext. An answer has a
 * row of bytes for each record: its S·m bits, big-endian.
 */

import { bigintFromBytes } from './bigint.js';
import { VeilcastError } from './error.js';
import { bad } from './framing.js';

/** Bits of n above the scores: plaintexts are uniform within 2^−127, whatever the records are. */
const HIDING_BITS = 128;

export class SealedLayout {
  #slotBits;
  #outputs;
  #limits;

  /**
   * @param {import('./card.js').Card} card
   * @throws {VeilcastError} `layout_not_allowed` if the model isn't offered sealed, or the key has no room for its scores
   */
  constructor({ slotBits, outputs, fields: { sealed, limits } }) {
    if (!sealed) throw new VeilcastError('layout_not_allowed', "the model's owner does not offer it sealed");
    this.#slotBits = slotBits;
    this.#outputs = outputs;
    const keyBits = 4 * sealed.modulus.length;
    const most = Math.floor((keyBits - HIDING_BITS) / this.recordBits);
    if (most < 1)
      throw new VeilcastError(
        'layout_not_allowed',
        `the service's key of ${keyBits} bits has no room for a record's scores: its owner has to seal the model under a larger key`,
      );
    /** T, or as many records as a request may hold. */
    this.recordsPerCiphertext = Math.min(most, limits.max_records);
    this.#limits = limits;
  }

  /** The bits of a record's scores. */
  get recordBits() {
    return this.#slotBits * this.#outputs;
  }

  /** The bytes of a record's scores in an answer. */
  get rowBytes() {
    return Math.ceil(this.recordBits / 8);
  }

  /** The ciphertexts that this many records take. @param {number} records */
  ciphertexts(records) {
    return Math.ceil(records / this.recordsPerCiphertext);
  }

  /**
   * The records of a request: as many as fill about this many ciphertexts, and as the card allows.
   *
   * @param {number} ciphertexts
   */
  recordsPerRequest(ciphertexts) {
    const { max_records, max_ciphertexts } = this.#limits;
    const most = Math.min(ciphertexts, max_ciphertexts, Math.floor(max_records / this.recordsPerCiphertext));
    return Math.max(1, most) * this.recordsPerCiphertext;
  }

  /**
   * The scores of the records that share a ciphertext.
   *
   * @param {readonly Uint8Array[]} rows of the answer
   * @param {bigint} mask that the ciphertext was given, or its lowest bits
   * @returns {bigint[][]} one list per record, of one score per output
   * @throws {VeilcastError} `bad_answer`
   */
  scores(rows, mask) {
    const width = BigInt(this.recordBits);
    const sum = rows.reduceRight((sum, row) => {
      const bits = bigintFromBytes(row);
      if (bits >> width !== 0n) throw bad('one of its rows has bits above its scores');
      return (sum << width) + bits;
    }, 0n);
    const unmasked = BigInt.asUintN(rows.length * this.recordBits, sum - mask);
    const edge = 1n << BigInt(this.#slotBits - 1);
    const slot = (/** @type {number} */ i) => BigInt.asUintN(this.#slotBits, unmasked >> BigInt(this.#slotBits * i));
    return rows.map((_, t) => Array.from({ length: this.#outputs }, (_, output) => slot(t * this.#outputs + output) - edge));
  }
}
