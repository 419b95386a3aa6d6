/**
 * The vouchers that a client has, in memory alone. What is taken is gone before it is used.
 */
export type Voucher = import('./vouchers.js').Voucher | import('./layered-voucher.js').LayeredVoucher;
export type Group = {
    /**
     * the digest of the card that they are for
     */
    card: string;
    /**
     * of the key that they were made with
     */
    n: bigint;
    /**
     * the service's, from which they were derived
     */
    secret: string;
    vouchers: Voucher[];
};
/**
 * @typedef {import('./vouchers.js').Voucher | import('./layered-voucher.js').LayeredVoucher} Voucher
 *
 * @typedef {object} Group vouchers that one request may use together
 * @property {string} card the digest of the card that they are for
 * @property {bigint} n of the key that they were made with
 * @property {string} secret the service's, from which they were derived
 * @property {Voucher[]} vouchers
 */
export declare class VoucherStore {
    #private;
    /** @param {Group} added */
    add({ vouchers, ...kind }: Group): void;
    /** How many there are for a card and a key. @param {string} card @param {bigint} n */
    count(card: string, n: bigint): number;
    /**
     * Removes some vouchers that one request may use together, and returns them.
     *
     * @param {string} card
     * @param {bigint} n
     * @param {number} most
     * @returns {{secret: string, vouchers: Voucher[]} | undefined} none if there are none
     */
    take(card: string, n: bigint, most: number): {
        secret: string;
        vouchers: Voucher[];
    } | undefined;
    /** Forgets the vouchers of these groups. @param {(group: Group) => boolean} isDropped */
    drop(isDropped: (group: Group) => boolean): void;
}
