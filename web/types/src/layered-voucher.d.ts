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
export type PartShare = {
    /**
     * of `ID_BYTES` bytes
     */
    id: Uint8Array;
    /**
     * of r
     */
    seed: Uint8Array;
    /**
     * a
     */
    shares: bigint[];
};
export type ProductShare = {
    /**
     * of `ID_BYTES` bytes
     */
    id: Uint8Array;
    /**
     * g
     */
    shares: bigint[];
};
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
export declare class LayeredVoucher {
    #private;
    /**
     * @param {import('./card-types.js').HiddenFields} hidden of the card
     * @param {PartShare[]} parts for each affine part
     * @param {ProductShare[]} products for each hidden layer
     */
    constructor({ ring_bits, score_shift }: import('./card-types.js').HiddenFields, parts: PartShare[], products: ProductShare[]);
    /** What of it a round takes: the shares of the part, and the products before and after it. @param {number} part */
    ids(part: number): Uint8Array<ArrayBuffer>;
    /**
     * A quantised record masked, for the first round. It can't mask another one.
     *
     * @param {readonly number[]} values of each feature
     * @returns {bigint[]}
     * @throws {Error} if it has masked a record before, or was wiped
     */
    mask(values: readonly number[]): bigint[];
    /**
     * The next round's numbers: the client's shares of the squares, masked, and then those of the answer.
     *
     * @param {readonly bigint[]} answered δ of the hidden layer
     * @returns {bigint[]}
     * @throws {Error} if its turn is over, or the last part has been reached
     */
    next(answered: readonly bigint[]): bigint[];
    /**
     * The scores of the record that it took through the network, and no others.
     *
     * @param {readonly bigint[]} answered z of the last part
     * @returns {bigint[]}
     * @throws {Error} if it has unmasked scores before, or its record has not come this far
     */
    scores(answered: readonly bigint[]): bigint[];
    /** Forgets its secrets. */
    wipe(): void;
}
