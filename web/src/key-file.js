/**
 * Keys as JSON, in the format of python-paillier's command-line tool and of `veilcast keygen`.
 *
 * Numbers are minimal big-endian bytes in base64url without padding. Only the primes are trusted;
 * everything else is computed from them and checked. The public part also holds the key's proof,
 * which other programs ignore; files without it are also accepted.
 */

import { base64urlFromBytes, bigintFromBytes, bytesFromBase64url, bytesFromBigint } from './bigint.js';
import { VeilcastError, excerpt } from './error.js';
import { keyFromPrimes } from './paillier.js';

/** Longest key file of an accepted size, in characters. */
const MAX_LENGTH = 64 * 1024;

const KEY_TYPE = 'DAJ';
const ALGORITHM = 'PAI-GN1';

/**
 * A secret key as the text of a key file: as secret as the key.
 *
 * @param {import('./paillier.js').SecretKey} key
 * @param {string} [kid] a name for people
 * @returns {string}
 */
export function keyToFile(key, kid = '') {
  const [p, q, n] = [...key.primes(), key.n].map((number) => base64urlFromBytes(bytesFromBigint(number)));
  const pub = { kty: KEY_TYPE, alg: ALGORITHM, key_ops: ['encrypt'], n, kid, proof: key.keyProof() };
  return JSON.stringify({ kty: KEY_TYPE, key_ops: ['decrypt'], p, q, pub, kid }, undefined, 2);
}

/**
 * The secret key in the text of a key file.
 *
 * @param {string} text
 * @param {import('./paillier.js').KeyPolicy} [policy]
 * @returns {import('./paillier.js').SecretKey}
 * @throws {VeilcastError} `bad_key_file`, `bad_key` or `key_size`
 */
export function keyFromFile(text, policy) {
  if (text.length > MAX_LENGTH) throw bad(`it has ${text.length} characters; no key is longer than ${MAX_LENGTH}`);
  const file = parse(text);
  const pub = file?.pub;
  if (typeof pub !== 'object' || pub === null) throw bad('it holds no secret key');
  for (const [field, value, expected] of [
    ['kty', file.kty, KEY_TYPE],
    ['pub.kty', pub.kty, KEY_TYPE],
    ['pub.alg', pub.alg ?? ALGORITHM, ALGORITHM],
  ]) {
    if (value !== expected) throw bad(`its ${field} is ${excerpt(JSON.stringify(value))}, where a Paillier key has "${expected}"`);
  }
  const key = keyFromPrimes(number('p', file.p), number('q', file.q), policy);
  if (number('n', pub.n) !== key.n) throw bad('its n is not p times q: the file is damaged');
  // A key has one proof: each number has one root.
  if (pub.proof !== undefined && pub.proof !== key.keyProof()) throw bad('its proof is not that of n: the file is damaged');
  return key;
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    // What JSON.parse says may quote the secret.
    throw bad('it is not JSON');
  }
}

/**
 * @param {string} field
 * @param {unknown} value
 */
function number(field, value) {
  try {
    if (typeof value === 'string') return bigintFromBytes(bytesFromBase64url(value));
  } catch {
    // The same error as for another type; the value is secret.
  }
  throw bad(`its ${field} is not a number in base64url without padding`);
}

/** @param {string} problem */
const bad = (problem) => new VeilcastError('bad_key_file', `not a Paillier key file: ${problem}`);
