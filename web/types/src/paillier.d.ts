/**
 * Paillier's cryptosystem with g = n + 1, as the owner of the secret key uses it.
 *
 * Plaintexts are numbers from 0 to below n, ciphertexts numbers from 1 to below n² without a factor
 * in common with n; both are BigInt. BigInt is not constant time: don't let a stranger measure how long
 * single operations take.
 */
/** The sizes of n, in bits, that every key may have. */
export declare const KEY_BITS: readonly number[];
export type KeyPolicy = {
    /**
     * accept keys of 1024 bits, which can be broken: for tests only
     */
    allowInsecure1024?: boolean;
};
export type WorkOptions = import('./turns.js').WorkOptions;
/**
 * What to accept beyond the keys that are safe.
 *
 * @typedef {object} KeyPolicy
 * @property {boolean} [allowInsecure1024] accept keys of 1024 bits, which can be broken: for tests only
 */
/** @typedef {import('./turns.js').WorkOptions} WorkOptions */
/**
 * A new secret key of 2048, 3072 or 4096 bits; its primes are 3 modulo 4 and made by WebCrypto.
 *
 * @param {number} [bits]
 * @param {{signal?: AbortSignal}} [options]
 * @returns {Promise<SecretKey>}
 * @throws {VeilcastError} `key_size`
 */
export declare function generateKey(bits?: number, { signal }?: {
    signal?: AbortSignal;
}): Promise<SecretKey>;
/**
 * The secret key of two numbers, after full checks.
 *
 * @param {bigint} p
 * @param {bigint} q
 * @param {KeyPolicy} [policy]
 * @returns {SecretKey}
 * @throws {VeilcastError} `key_size` or `bad_key`
 */
export declare function keyFromPrimes(p: bigint, q: bigint, policy?: KeyPolicy): SecretKey;
/** Whether keys of a size are accepted. @param {number} bits @param {KeyPolicy} policy */
export declare const isKeySize: (bits: number, { allowInsecure1024 }: KeyPolicy) => boolean;
/**
 * Two primes p and q of equal length: to decrypt, and to encrypt fast.
 *
 * It comes from {@link generateKey}, {@link keyFromPrimes} or `keyFromFile`. The primes are in private
 * fields, which neither JSON nor a console shows.
 */
export declare class SecretKey {
    #private;
    /** The public modulus. @readonly @type {bigint} */
    readonly n: bigint;
    /**
     * @param {bigint} p
     * @param {bigint} q
     */
    constructor(p: bigint, q: bigint);
    /** Bits of n. */
    get bits(): number;
    /** n as minimal big-endian bytes. */
    get modulus(): Uint8Array<ArrayBuffer>;
    /** SHA-256 of n's bytes, in hexadecimal. */
    fingerprint(): Promise<string>;
    /**
     * The proof that n is fit for Paillier, in base64url: services that don't know the key ask for it. It is public.
     *
     * The first call makes it, which takes a fraction of a second: an n-th root modulo p and q for each of its numbers.
     *
     * @returns {string}
     * @throws {VeilcastError} `bad_key` after a fault: a wrong root would give the primes away
     */
    keyProof(): string;
    /** The primes p and q: the secret itself, only for key files. */
    primes(): readonly [bigint, bigint];
    /**
     * Makes randomisers ahead of time, so that there are `count`: an encryption then takes one product.
     *
     * @param {number} count
     * @param {WorkOptions} [options]
     */
    prepare(count: number, options?: WorkOptions): Promise<void>;
    /**
     * A fresh encryption of a plaintext.
     *
     * The randomiser is a uniform n-th power, made modulo p² and q² through tables of fixed bases with
     * uniform exponents of full length. The first call makes the tables.
     *
     * @param {bigint} m from 0 to below n
     * @returns {bigint}
     */
    encrypt(m: bigint): bigint;
    /**
     * Fresh encryptions of plaintexts, taking turns with the thread's other work.
     *
     * @param {readonly bigint[]} plaintexts
     * @param {WorkOptions} [options]
     * @returns {Promise<bigint[]>}
     */
    encryptMany(plaintexts: readonly bigint[], options?: WorkOptions): Promise<bigint[]>;
    /**
     * The plaintext of a ciphertext, modulo p and q and by the Chinese remainder theorem.
     *
     * The ciphertext is blinded, and the result is checked before it leaves. A plaintext that was
     * decrypted must not be sent to the party that made the ciphertext.
     *
     * @param {bigint} c
     * @returns {bigint}
     * @throws {VeilcastError} `bad_ciphertext`, which says no more, on purpose
     */
    decrypt(c: bigint): bigint;
    /**
     * The plaintexts of ciphertexts, taking turns with the thread's other work.
     *
     * @param {readonly bigint[]} ciphertexts
     * @param {WorkOptions} [options]
     * @returns {Promise<bigint[]>}
     */
    decryptMany(ciphertexts: readonly bigint[], options?: WorkOptions): Promise<bigint[]>;
    /**
     * As {@link SecretKey.decryptMany}, with nothing in place of each ciphertext that could not be decrypted.
     *
     * @param {readonly bigint[]} ciphertexts
     * @param {WorkOptions} [options]
     * @returns {Promise<(bigint | undefined)[]>}
     */
    decryptEach(ciphertexts: readonly bigint[], options?: WorkOptions): Promise<(bigint | undefined)[]>;
}
