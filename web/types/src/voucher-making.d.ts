/**
 * Vouchers while they are made: numbers are drawn and sent encrypted, and the service answers with its part of them.
 */
export type Exchange = import('./exchange.js').Exchange;
export type Group = import('./voucher-store.js').Group;
/**
 * New vouchers.
 *
 * @param {readonly Exchange[]} exchanges one for each of the card's `voucherLayouts`, in their order
 * @param {number} count
 * @returns {Promise<Group>}
 * @throws {VeilcastError} also if an answer can't be right
 */
export declare function makeVouchers(exchanges: readonly Exchange[], count: number): Promise<Group>;
