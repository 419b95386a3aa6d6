/**
 * Vouchers: what takes ciphertexts is done before a record is known. All numbers are modulo 2^S.
 *
 * - Ahead of time the client draws r for each voucher and sends it encrypted. The service answers with an encryption of
 *   a = W·r − s, where s is its own secret. The client keeps r and a.
 * - When the record x is known, the client sends e = x − r, and the service answers z = W·e + b + s. Then z + a = W·x + b.
 *
 * e is a one-time pad of x, so a voucher is used once, ever: a {@link Voucher} forgets r when it has masked a record.
 */
export type Numbers = import('./layout.js').Numbers;
export type Residues = Uint32Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>;
/** Bytes of a voucher's id in a message: the batch, then its number in it, big-endian. */
export declare const ID_BYTES = 20;
/** A fresh seed of r. Secret. */
export declare const newSeed: () => Uint8Array<ArrayBuffer>;
/**
 * r: a number of S bits for each feature, from ⌈S/8⌉ bytes each, little-endian, of which the lowest S bits count. Secret.
 *
 * @param {Uint8Array} seed
 * @param {number} slotBits S
 * @param {number} features
 * @returns {Residues}
 */
export declare function recordOf(seed: Uint8Array, slotBits: number, features: number): Residues;
/**
 * The same for numbers of any bits up to 128, as BigInt. Secret.
 *
 * @param {Uint8Array} seed
 * @param {number} bits
 * @param {number} count
 * @returns {bigint[]}
 */
export declare function wideRecordOf(seed: Uint8Array, bits: number, count: number): bigint[];
/** A voucher: the seed of r, and a for each output. Secret, and for one use. */
export declare class Voucher {
    #private;
    /** The voucher in messages. @readonly */
    id: Uint8Array<ArrayBufferLike>;
    /**
     * @param {Uint8Array} id of {@link ID_BYTES} bytes
     * @param {number} slotBits S
     * @param {Uint8Array} seed
     * @param {readonly bigint[]} shares a for each output
     */
    constructor(id: Uint8Array, slotBits: number, seed: Uint8Array, shares: readonly bigint[]);
    /**
     * e: a quantised record masked. That is all the voucher is good for: it can't mask another one.
     *
     * @param {readonly number[]} values of each feature
     * @returns {Residues}
     * @throws {Error} if it has masked a record before, or was wiped
     */
    mask(values: readonly number[]): Residues;
    /**
     * The scores of the record that it masked, and no others.
     *
     * @param {Residues} masked z for each output
     * @returns {bigint[]} z + a for each output, as signed numbers of S bits
     * @throws {Error} if it has unmasked scores before, or was wiped
     */
    scores(masked: Residues): bigint[];
    /** Forgets its secrets. */
    wipe(): void;
}
/** Makes numbers zeros. @param {Residues | bigint[]} numbers */
export declare function clear(numbers: Residues | bigint[]): void;
