/**
 * The proof that a public key is fit for Paillier: that n has no factor in common with φ(n).
 *
 * It is eight n-th roots modulo n of numbers that SHAKE256 makes from n. Under an n with a prime ℓ that divides φ(n),
 * too, one number in ℓ has a root. Services take no n with a factor below 2¹⁶, so such an n passes with a probability
 * of 2⁻¹²⁸ at most. They ask for the proof because under such an n an answer could reveal more about their model than
 * its scores.
 */
/** The roots of a proof. */
export declare const PROOF_ROOTS = 8;
/**
 * The numbers whose n-th roots prove n.
 *
 * @param {bigint} n
 * @returns {bigint[]}
 */
export declare function challenges(n: bigint): bigint[];
/**
 * A proof as requests and key files hold it: its roots one after the other, each of n's bytes, in base64url without padding.
 *
 * @param {bigint} n
 * @param {readonly bigint[]} roots
 * @returns {string}
 */
export declare function proofText(n: bigint, roots: readonly bigint[]): string;
/**
 * Whether a text is the proof of a modulus. It shows nothing about an n with small factors.
 *
 * @param {bigint} n odd
 * @param {string} text
 */
export declare function isKeyProof(n: bigint, text: string): boolean;
/**
 * The same of a proof as bytes.
 *
 * @param {bigint} n odd
 * @param {Uint8Array} bytes
 */
export declare function areRoots(n: bigint, bytes: Uint8Array): boolean;
