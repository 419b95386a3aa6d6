/**
 * The vouchers that a client has, in memory alone. What is taken is gone before it is used.
 */

/**
 * @typedef {import('./vouchers.js').Voucher | import('./layered-voucher.js').LayeredVoucher} Voucher
 *
 * @typedef {object} Group vouchers that one request may use together
 * @property {string} card the digest of the card that they are for
 * @property {bigint} n of the key that they were made with
 * @property {string} secret the service's, from which they were derived
 * @property {Voucher[]} vouchers
 */

export class VoucherStore {
  /** @type {Group[]} */
  #groups = [];

  /** @param {Group} added */
  add({ vouchers, ...kind }) {
    const group = this.#of(kind.card, kind.n).find(({ secret }) => secret === kind.secret);
    if (group) group.vouchers.push(...vouchers);
    else this.#groups.push({ ...kind, vouchers: [...vouchers] });
  }

  /** How many there are for a card and a key. @param {string} card @param {bigint} n */
  count(card, n) {
    return this.#of(card, n).reduce((sum, { vouchers }) => sum + vouchers.length, 0);
  }

  /**
   * Removes some vouchers that one request may use together, and returns them.
   *
   * @param {string} card
   * @param {bigint} n
   * @param {number} most
   * @returns {{secret: string, vouchers: Voucher[]} | undefined} none if there are none
   */
  take(card, n, most) {
    // Those of a secret that the service has now are the last ones.
    const group = this.#of(card, n).at(-1);
    if (!group) return undefined;
    const vouchers = group.vouchers.splice(-most);
    if (group.vouchers.length === 0) this.#groups = this.#groups.filter((other) => other !== group);
    return { secret: group.secret, vouchers };
  }

  /** Forgets the vouchers of these groups. @param {(group: Group) => boolean} isDropped */
  drop(isDropped) {
    const dropped = this.#groups.filter(isDropped);
    this.#groups = this.#groups.filter((group) => !dropped.includes(group));
    for (const voucher of dropped.flatMap(({ vouchers }) => vouchers)) voucher.wipe();
  }

  /** @param {string} card @param {bigint} n */
  #of(card, n) {
    return this.#groups.filter((group) => group.card === card && group.n === n);
  }
}
