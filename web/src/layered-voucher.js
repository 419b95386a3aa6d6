/**
 * Vouchers for networks with hidden layers that square their numbers. All numbers are modulo 2^k.
 *
 * - Ahead of time, for each affine part l, the client draws r and sends it encrypted; the service answers with an encryption of
 *   a = W·r − s. For the hidden layer after it, the client sends a encrypted, and the service answers with an encryption of
 *   g = t∘a − s′. The numbers s, t and s′ are the service's.
 * - What goes into part l is the sum of the client's v and the service's u; v of the first part is the record. The client sends
 *   v − r. Before the last part the service answers δ, and the client's share of the squares is v′ = 2·(δ∘a + g) + a². After the
 *   last part it answers z, and the result is z + a.
 *
 * v − r is a one-time pad of v, so a voucher is used once, ever: a {@link LayeredVoucher} forgets each r as soon as it has masked.
 */

import { ID_BYTES, clear, wideRecordOf } from './vouchers.js';

/**
 * @typedef {object} PartShare what a voucher has for an affine part
 * @property {Uint8Array} id of `ID_BYTES` bytes
 * @property {Uint8Array} seed of r
 * @property {bigint[]} shares a
 *
 * @typedef {object} ProductShare what it has for a hidden layer
 * @property {Uint8Array} id of `ID_BYTES` bytes
 * @property {bigint[]} shares g
 */

/** A voucher for a network. Secret, and for one use. */
export class LayeredVoucher {
  #ringBits;
  #scoreShift;
  /** @type {PartShare[]} */
  #parts;
  /** @type {ProductShare[]} */
  #products;
  /** The next part whose numbers it masks. */
  #next = 0;

  /**
   * @param {import('./card-types.js').HiddenFields} hidden of the card
   * @param {PartShare[]} parts for each affine part
   * @param {ProductShare[]} products for each hidden layer
   */
  constructor({ ring_bits, score_shift }, parts, products) {
    this.#ringBits = ring_bits;
    this.#scoreShift = BigInt(score_shift);
    this.#parts = parts;
    this.#products = products;
  }

  /** What of it a round takes: the shares of the part, and the products before and after it. @param {number} part */
  ids(part) {
    const products = [part - 1, part].flatMap((layer) => this.#products[layer]?.id ?? []);
    const ids = new Uint8Array((1 + products.length) * ID_BYTES);
    [this.#parts[part].id, ...products].forEach((id, i) => ids.set(id, i * ID_BYTES));
    return ids;
  }

  /**
   * A quantised record masked, for the first round. It can't mask another one.
   *
   * @param {readonly number[]} values of each feature
   * @returns {bigint[]}
   * @throws {Error} if it has masked a record before, or was wiped
   */
  mask(values) {
    return this.#masked(0, Array.from(values, BigInt));
  }

  /**
   * The next round's numbers: the client's shares of the squares, masked, and then those of the answer.
   *
   * @param {readonly bigint[]} answered δ of the hidden layer
   * @returns {bigint[]}
   * @throws {Error} if its turn is over, or the last part has been reached
   */
  next(answered) {
    const part = this.#next - 1;
    const [own, product] = [this.#parts[part], this.#products[part]];
    if (!own || !product) throw new Error('a voucher takes one record through each layer, once');
    const squares = answered.map((delta, i) => 2n * (delta * own.shares[i] + product.shares[i]) + own.shares[i] ** 2n);
    clear(own.shares);
    clear(product.shares);
    return [...this.#masked(part + 1, squares), ...answered];
  }

  /**
   * The scores of the record that it took through the network, and no others.
   *
   * @param {readonly bigint[]} answered z of the last part
   * @returns {bigint[]}
   * @throws {Error} if it has unmasked scores before, or its record has not come this far
   */
  scores(answered) {
    const last = this.#parts.length - 1;
    if (this.#next !== last + 1 || last < 0) throw new Error('a voucher unmasks the scores of one record, once');
    const { shares } = this.#parts[last];
    const scores = answered.map((z, i) => BigInt.asIntN(this.#ringBits, z + shares[i]) >> this.#scoreShift);
    this.wipe();
    return scores;
  }

  /** Forgets its secrets. */
  wipe() {
    for (const { seed, shares } of this.#parts) {
      seed.fill(0);
      clear(shares);
    }
    for (const { shares } of this.#products) clear(shares);
    this.#parts = [];
    this.#products = [];
  }

  /** @param {number} part @param {bigint[]} numbers which are forgotten */
  #masked(part, numbers) {
    const own = this.#parts[part];
    if (!own || part !== this.#next) throw new Error('a voucher masks one record, once');
    this.#next += 1;
    const r = wideRecordOf(own.seed, this.#ringBits, numbers.length);
    own.seed.fill(0);
    const masked = numbers.map((v, i) => BigInt.asUintN(this.#ringBits, v - r[i]));
    clear(r);
    clear(numbers);
    return masked;
  }
}
