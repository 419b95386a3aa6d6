/**
 * The proof that a public key is fit for Paillier: that n has no factor in common with φ(n).
 *
 * It is eight n-th roots modulo n of numbers that SHAKE256 makes from n. Under an n with a prime ℓ that divides φ(n),
 * too, one number in ℓ has a root. Services take no n with a factor below 2¹⁶, so such an n passes with a probability
 * of 2⁻¹²⁸ at most. They ask for the proof because under such an n an answer could reveal more about their model than
 * its scores.
 */

import { base64urlFromBytes, bigintFromBytes, bitLength, bytesFromBase64url, bytesFromBigint, modPow } from './bigint.js';
import { shake256 } from './shake.js';

const DOMAIN = new TextEncoder().encode('veilcast key proof v1');

/** The roots of a proof. */
export const PROOF_ROOTS = 8;

/** Bytes of SHAKE256's output beyond those of n, so that the remainder modulo n is practically uniform. */
const SURPLUS_BYTES = 16;

/** Bytes of n. @param {bigint} n */
const lengthOf = (n) => Math.ceil(bitLength(n) / 8);

/**
 * The numbers whose n-th roots prove n.
 *
 * @param {bigint} n
 * @returns {bigint[]}
 */
export function challenges(n) {
  const length = lengthOf(n);
  const message = new Uint8Array(DOMAIN.length + 4 + length + 8);
  const view = new DataView(message.buffer);
  message.set(DOMAIN);
  view.setUint32(DOMAIN.length, length);
  message.set(bytesFromBigint(n, length), DOMAIN.length + 4);
  return Array.from({ length: PROOF_ROOTS }, (_, i) => {
    view.setBigUint64(message.length - 8, BigInt(i));
    return bigintFromBytes(shake256(message, length + SURPLUS_BYTES)) % n;
  });
}

/**
 * A proof as requests and key files hold it: its roots one after the other, each of n's bytes, in base64url without padding.
 *
 * @param {bigint} n
 * @param {readonly bigint[]} roots
 * @returns {string}
 */
export function proofText(n, roots) {
  const length = lengthOf(n);
  const bytes = new Uint8Array(roots.length * length);
  roots.forEach((root, i) => bytes.set(bytesFromBigint(root, length), i * length));
  return base64urlFromBytes(bytes);
}

/**
 * Whether a text is the proof of a modulus. It shows nothing about an n with small factors.
 *
 * @param {bigint} n odd
 * @param {string} text
 */
export function isKeyProof(n, text) {
  const length = lengthOf(n);
  if (text.length !== Math.ceil((4 * PROOF_ROOTS * length) / 3)) return false;
  try {
    return areRoots(n, bytesFromBase64url(text));
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/**
 * The same of a proof as bytes.
 *
 * @param {bigint} n odd
 * @param {Uint8Array} bytes
 */
export function areRoots(n, bytes) {
  const length = lengthOf(n);
  if (bytes.length !== PROOF_ROOTS * length) return false;
  const roots = Array.from({ length: PROOF_ROOTS }, (_, i) => bigintFromBytes(bytes.subarray(i * length, (i + 1) * length)));
  // Each root has one spelling: below n.
  return roots.every((root) => root < n) && challenges(n).every((challenge, i) => modPow(roots[i], n, n) === challenge);
}
