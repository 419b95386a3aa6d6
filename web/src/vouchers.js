/**
 * Vouchers: what takes ciphertexts is done before a record is known. All numbers are modulo 2^S.
 *
 * - Ahead of time the client draws r for each voucher and sends it encrypted. The service answers with an encryption of
 *   a = W·r − s, where s is its own secret. The client keeps r and a.
 * - When the record x is known, the client sends e = x − r, and the service answers z = W·e + b + s. Then z + a = W·x + b.
 *
 * e is a one-time pad of x, so a voucher is used once, ever: a {@link Voucher} forgets r when it has masked a record.
 */

import { littleEndian } from './bigint.js';
import { shake256 } from './shake.js';

/**
 * @typedef {import('./layout.js').Numbers} Numbers
 * @typedef {Uint32Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>} Residues numbers of S bits: BigInt if S is above 32
 */

/** Distinguishes r from everything else that SHAKE256 is used for. */
const DOMAIN = new TextEncoder().encode('veilcast voucher record v1');

const SEED_BYTES = 32;

/** Bytes of a voucher's id in a message: the batch, then its number in it, big-endian. */
export const ID_BYTES = 20;

/** The most bits that fit the operators of plain numbers. */
const WORD = 32;

/** A fresh seed of r. Secret. */
export const newSeed = () => crypto.getRandomValues(new Uint8Array(SEED_BYTES));

/**
 * r: a number of S bits for each feature, from ⌈S/8⌉ bytes each, little-endian, of which the lowest S bits count. Secret.
 *
 * @param {Uint8Array} seed
 * @param {number} slotBits S
 * @param {number} features
 * @returns {Residues}
 */
export function recordOf(seed, slotBits, features) {
  const { bytes, stride } = bytesOf(seed, slotBits, features);
  const record = residues(features, slotBits, (i) => {
    const number = bytes.subarray(i * stride, (i + 1) * stride);
    return slotBits <= WORD ? little(number) : littleEndian(number);
  });
  bytes.fill(0);
  return record;
}

/**
 * The same for numbers of any bits up to 128, as BigInt. Secret.
 *
 * @param {Uint8Array} seed
 * @param {number} bits
 * @param {number} count
 * @returns {bigint[]}
 */
export function wideRecordOf(seed, bits, count) {
  const { bytes, stride } = bytesOf(seed, bits, count);
  const record = Array.from({ length: count }, (_, i) => BigInt.asUintN(bits, littleEndian(bytes.subarray(i * stride, (i + 1) * stride))));
  bytes.fill(0);
  return record;
}

/** What a seed becomes, before it is cut to numbers. @param {Uint8Array} seed @param {number} bits @param {number} count */
function bytesOf(seed, bits, count) {
  const message = new Uint8Array(DOMAIN.length + seed.length);
  message.set(DOMAIN);
  message.set(seed, DOMAIN.length);
  const stride = Math.ceil(bits / 8);
  const bytes = shake256(message, count * stride);
  message.fill(0);
  return { bytes, stride };
}

/** The number of at most four little-endian bytes. @param {Uint8Array} bytes */
const little = (bytes) => bytes.reduceRight((number, byte) => 256 * number + byte, 0);

/**
 * This many integers modulo 2^S. Those up to 32 bits are exact numbers before they are reduced, others BigInt.
 *
 * @param {number} count
 * @param {number} slotBits S
 * @param {(index: number) => number | bigint} integer
 * @returns {Residues}
 */
function residues(count, slotBits, integer) {
  if (slotBits > WORD) return BigUint64Array.from({ length: count }, (_, i) => BigInt.asUintN(slotBits, BigInt(integer(i))));
  const list = new Uint32Array(count);
  const surplus = WORD - slotBits;
  for (let i = 0; i < count; i++) list[i] = (Number(integer(i)) << surplus) >>> surplus;
  return list;
}

/** A voucher: the seed of r, and a for each output. Secret, and for one use. */
export class Voucher {
  #slotBits;
  /** @type {Uint8Array | undefined} until it has masked a record */
  #seed;
  /** @type {Residues | undefined} until it has unmasked scores */
  #shares;

  /**
   * @param {Uint8Array} id of {@link ID_BYTES} bytes
   * @param {number} slotBits S
   * @param {Uint8Array} seed
   * @param {readonly bigint[]} shares a for each output
   */
  constructor(id, slotBits, seed, shares) {
    /** The voucher in messages. @readonly */
    this.id = id;
    this.#slotBits = slotBits;
    this.#seed = seed;
    this.#shares = residues(shares.length, slotBits, (i) => shares[i]);
  }

  /**
   * e: a quantised record masked. That is all the voucher is good for: it can't mask another one.
   *
   * @param {readonly number[]} values of each feature
   * @returns {Residues}
   * @throws {Error} if it has masked a record before, or was wiped
   */
  mask(values) {
    const seed = this.#seed;
    if (!seed) throw new Error('a voucher masks one record, once');
    this.#seed = undefined;
    const r = recordOf(seed, this.#slotBits, values.length);
    seed.fill(0);
    const difference = r instanceof Uint32Array ? (/** @type {number} */ i) => values[i] - r[i] : (/** @type {number} */ i) => BigInt(values[i]) - r[i];
    const masked = residues(values.length, this.#slotBits, difference);
    clear(r);
    return masked;
  }

  /**
   * The scores of the record that it masked, and no others.
   *
   * @param {Residues} masked z for each output
   * @returns {bigint[]} z + a for each output, as signed numbers of S bits
   * @throws {Error} if it has unmasked scores before, or was wiped
   */
  scores(masked) {
    const shares = this.#shares;
    if (!shares) throw new Error('a voucher unmasks the scores of one record, once');
    const scores = Array.from({ length: shares.length }, (_, i) => BigInt.asIntN(this.#slotBits, BigInt(masked[i]) + BigInt(shares[i])));
    this.wipe();
    return scores;
  }

  /** Forgets its secrets. */
  wipe() {
    this.#seed?.fill(0);
    if (this.#shares) clear(this.#shares);
    this.#seed = this.#shares = undefined;
  }
}

/** Makes numbers zeros. @param {Residues | bigint[]} numbers */
export function clear(numbers) {
  if (numbers instanceof Uint32Array) numbers.fill(0);
  else numbers.fill(0n);
}
