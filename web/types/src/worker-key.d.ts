/**
 * A secret key that lives in a separate thread, so that a page stays responsive while it works.
 */
import { Calls } from './thread.js';
export type WorkOptions = import('./paillier.js').WorkOptions;
/** @typedef {import('./paillier.js').WorkOptions} WorkOptions */
/**
 * The owner's key like `SecretKey`, in a separate thread, without single encryptions and decryptions. Close
 * it when it is no longer needed.
 */
export declare class WorkerKey {
    #private;
    /** The public modulus. @readonly */
    n: bigint;
    /**
     * @param {Calls} calls
     * @param {bigint} n
     */
    constructor(calls: Calls, n: bigint);
    /**
     * Makes a key in a new thread, as `generateKey` does, and its proof: progress is 0 of 2 until the primes are found, 1 when they
     * are, and 2 with the proof.
     *
     * @param {number} [bits]
     * @param {WorkOptions} [options]
     */
    static generate(bits?: number, options?: WorkOptions): Promise<WorkerKey>;
    /**
     * Reads a key file in a new thread, as `keyFromFile` does.
     *
     * @param {string} text
     * @param {import('./paillier.js').KeyPolicy} [policy]
     */
    static fromFile(text: string, policy?: import('./paillier.js').KeyPolicy): Promise<WorkerKey>;
    /** Bits of n. */
    get bits(): number;
    /** n as minimal big-endian bytes. */
    get modulus(): Uint8Array<ArrayBuffer>;
    /** SHA-256 of n's bytes, in hexadecimal. */
    fingerprint(): Promise<string>;
    /**
     * The proof that n is fit for Paillier, as `SecretKey` has it.
     *
     * @returns {Promise<string>}
     */
    keyProof(): Promise<string>;
    /**
     * The text of a key file: as secret as the key.
     *
     * @param {string} [kid] a name for people
     * @returns {Promise<string>}
     */
    toFile(kid?: string): Promise<string>;
    /**
     * Makes randomisers ahead of time, so that there are `count`: an encryption then takes one product.
     *
     * @param {number} count
     * @param {WorkOptions} [options]
     * @returns {Promise<void>}
     */
    prepare(count: number, options?: WorkOptions): Promise<void>;
    /**
     * Fresh encryptions of plaintexts.
     *
     * @param {readonly bigint[]} plaintexts
     * @param {WorkOptions} [options]
     * @returns {Promise<bigint[]>}
     */
    encryptMany(plaintexts: readonly bigint[], options?: WorkOptions): Promise<bigint[]>;
    /**
     * The plaintexts of ciphertexts.
     *
     * @param {readonly bigint[]} ciphertexts
     * @param {WorkOptions} [options]
     * @returns {Promise<bigint[]>}
     */
    decryptMany(ciphertexts: readonly bigint[], options?: WorkOptions): Promise<bigint[]>;
    /**
     * The plaintexts of ciphertexts, with nothing in place of each that could not be decrypted.
     *
     * @param {readonly bigint[]} ciphertexts
     * @param {WorkOptions} [options]
     * @returns {Promise<(bigint | undefined)[]>}
     */
    decryptEach(ciphertexts: readonly bigint[], options?: WorkOptions): Promise<(bigint | undefined)[]>;
    /** Ends the thread; the key is gone with it. */
    close(): void;
}
