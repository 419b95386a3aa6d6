/**
 * The computations of a key's owner modulo the square of one of the two primes.
 */
/** The ring modulo p², and what decryption and a key's proof need modulo p, for a prime p of a key. All of it is secret. */
export declare class PrimeRing {
    #private;
    /** p @readonly */
    readonly p: bigint;
    /** p² @readonly */
    readonly square: bigint;
    /**
     * @param {bigint} p
     * @param {bigint} q the key's other prime
     */
    constructor(p: bigint, q: bigint);
    /**
     * rⁿ modulo p² for a random unit r: the n-th powers are a cyclic group of order p − 1.
     *
     * The first call makes a table; each then takes a uniform exponent of full length through it.
     */
    nthPower(): bigint;
    /** y^p modulo p² for a uniform y: raising to the power of q permutes these, so they are the n-th powers. */
    uniformNthPower(): bigint;
    /**
     * m modulo p of a ciphertext (1 + n)^m·rⁿ: L(c^(p−1))·h with L(x) = (x − 1)/p.
     *
     * The ciphertext is blinded first. That its power is 1 modulo p, as Fermat says, is checked: a fault
     * would give the primes away.
     *
     * @param {bigint} c
     * @returns {bigint | undefined} nothing after a fault, or if c is not a unit
     */
    message(c: bigint): bigint | undefined;
    /**
     * The n-th root of a number modulo p. It is checked: a wrong root together with a right one modulo q would give the
     * primes away.
     *
     * @param {bigint} x
     * @returns {bigint | undefined} nothing after a fault
     */
    nthRoot(x: bigint): bigint | undefined;
}
