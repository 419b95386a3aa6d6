/**
 * Random primes from WebCrypto's RSA key generation, which is fast, audited, and everywhere.
 */
/** All primes below 2¹⁶. */
export declare const SMALL_PRIMES: number[];
/**
 * Two different random primes p and q that are 3 modulo 4, of half as many bits each as their product.
 *
 * They may come from different RSA keys: half of all primes are 1 modulo 4 and are thrown away.
 *
 * @param {number} bits of the product: an even number
 * @param {AbortSignal} [signal] ends the search
 * @returns {Promise<[bigint, bigint]>}
 */
export declare function randomPrimePair(bits: number, signal?: AbortSignal): Promise<[bigint, bigint]>;
/**
 * Whether a number is prime, by small factors and by Miller and Rabin's test with random bases.
 *
 * @param {bigint} n
 */
export declare function isProbablePrime(n: bigint): boolean;
