/**
 * Paillier's cryptosystem with g = n + 1, as the owner of the secret key uses it.
 *
 * Plaintexts are numbers from 0 to below n, ciphertexts numbers from 1 to below n² without a factor
 * in common with n; both are BigInt. BigInt is not constant time: don't let a stranger measure how long
 * single operations take.
 */

import { bitLength, bytesFromBigint, gcd, inverse, randomBelow } from './bigint.js';
import { VeilcastError } from './error.js';
import { challenges, proofText } from './key-proof.js';
import { PrimeRing } from './prime-ring.js';
import { isProbablePrime, randomPrimePair } from './primes.js';
import { inTurns } from './turns.js';
import { sha256 } from './webcrypto.js';

/** The sizes of n, in bits, that every key may have. */
export const KEY_BITS = Object.freeze([2048, 3072, 4096]);

/** The size that tests may use for speed. */
const INSECURE_KEY_BITS = 1024;

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
export async function generateKey(bits = 3072, { signal } = {}) {
  checkSize(bits, {});
  for (;;) {
    const [p, q] = await randomPrimePair(bits, signal);
    if (areFit(p, q)) return new SecretKey(p, q);
  }
}

/**
 * The secret key of two numbers, after full checks.
 *
 * @param {bigint} p
 * @param {bigint} q
 * @param {KeyPolicy} [policy]
 * @returns {SecretKey}
 * @throws {VeilcastError} `key_size` or `bad_key`
 */
export function keyFromPrimes(p, q, policy = {}) {
  const [length, other] = [p, q].map(bitLength);
  checkSize(length + other, policy);
  for (const [name, prime] of /** @type {const} */ ([
    ['p', p],
    ['q', q],
  ])) {
    if (!isProbablePrime(prime)) {
      throw bad(`${name} of the key is not a prime number: the key is damaged or was made by a faulty program`);
    }
  }
  if (length !== other || bitLength(p * q) !== 2 * length) {
    throw bad(`the key's primes have ${length} and ${other} bits; both must have the same number, and their product twice that`);
  }
  if (!areFit(p, q)) throw bad("the key's primes are equal or too close to each other, or not Paillier's: the key is not safe to use");
  return new SecretKey(p, q);
}

/** Whether primes of equal length are far apart, and n = p·q has no factor in common with φ(n). */
function areFit(/** @type {bigint} */ p, /** @type {bigint} */ q) {
  const distance = p > q ? p - q : q - p;
  return bitLength(distance) + 100 >= bitLength(p) && gcd(p * q, (p - 1n) * (q - 1n)) === 1n;
}

/** Whether keys of a size are accepted. @param {number} bits @param {KeyPolicy} policy */
export const isKeySize = (bits, { allowInsecure1024 = false }) => KEY_BITS.includes(bits) || (allowInsecure1024 && bits === INSECURE_KEY_BITS);

function checkSize(/** @type {number} */ bits, /** @type {KeyPolicy} */ policy) {
  if (isKeySize(bits, policy)) return;
  throw new VeilcastError('key_size', `a key of ${excerptOf(bits)} bits is not supported; choose 2048, 3072 or 4096`);
}

/** @param {unknown} bits */
const excerptOf = (bits) => (typeof bits === 'number' ? bits : typeof bits);

/** @param {string} message */
const bad = (message) => new VeilcastError('bad_key', message);

/**
 * Two primes p and q of equal length: to decrypt, and to encrypt fast.
 *
 * It comes from {@link generateKey}, {@link keyFromPrimes} or `keyFromFile`. The primes are in private
 * fields, which neither JSON nor a console shows.
 */
export class SecretKey {
  /** The public modulus. @readonly @type {bigint} */
  n;
  /** @readonly @type {bigint} */
  #nSquared;
  #p;
  #q;
  #qInverse;
  #qSquareInverse;
  /** @type {bigint[]} randomisers made ahead of time, each used once */
  #ready = [];
  /** @type {string | undefined} once it was asked for */
  #proof;

  /**
   * @param {bigint} p
   * @param {bigint} q
   */
  constructor(p, q) {
    this.n = p * q;
    this.#nSquared = this.n * this.n;
    this.#p = new PrimeRing(p, q);
    this.#q = new PrimeRing(q, p);
    this.#qInverse = inverse(q, p);
    this.#qSquareInverse = inverse(this.#q.square, this.#p.square);
    const m = randomBelow(this.n);
    if (this.decrypt(this.#withRandomizer(m, this.#firstRandomizer())) !== m) {
      throw bad('the key failed its self-test: a number encrypted under it did not decrypt');
    }
  }

  /** Bits of n. */
  get bits() {
    return bitLength(this.n);
  }

  /** n as minimal big-endian bytes. */
  get modulus() {
    return bytesFromBigint(this.n);
  }

  /** SHA-256 of n's bytes, in hexadecimal. */
  fingerprint() {
    return sha256(this.modulus);
  }

  /**
   * The proof that n is fit for Paillier, in base64url: services that don't know the key ask for it. It is public.
   *
   * The first call makes it, which takes a fraction of a second: an n-th root modulo p and q for each of its numbers.
   *
   * @returns {string}
   * @throws {VeilcastError} `bad_key` after a fault: a wrong root would give the primes away
   */
  keyProof() {
    this.#proof ??= proofText(
      this.n,
      challenges(this.n).map((challenge) => this.#nthRoot(challenge)),
    );
    return this.#proof;
  }

  /** The primes p and q: the secret itself, only for key files. */
  primes() {
    return /** @type {const} */ ([this.#p.p, this.#q.p]);
  }

  /**
   * Makes randomisers ahead of time, so that there are `count`: an encryption then takes one product.
   *
   * @param {number} count
   * @param {WorkOptions} [options]
   */
  async prepare(count, options = {}) {
    const missing = Math.max(0, count - this.#ready.length);
    await inTurns(missing, () => this.#ready.push(this.#randomizer()), options);
  }

  /**
   * A fresh encryption of a plaintext.
   *
   * The randomiser is a uniform n-th power, made modulo p² and q² through tables of fixed bases with
   * uniform exponents of full length. The first call makes the tables.
   *
   * @param {bigint} m from 0 to below n
   * @returns {bigint}
   */
  encrypt(m) {
    if (m < 0n || m >= this.n) throw new RangeError('a plaintext is from 0 to below n');
    return this.#withRandomizer(m, this.#ready.pop() ?? this.#randomizer());
  }

  /**
   * Fresh encryptions of plaintexts, taking turns with the thread's other work.
   *
   * @param {readonly bigint[]} plaintexts
   * @param {WorkOptions} [options]
   * @returns {Promise<bigint[]>}
   */
  encryptMany(plaintexts, options = {}) {
    return inTurns(plaintexts.length, (i) => this.encrypt(plaintexts[i]), options);
  }

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
  decrypt(c) {
    const m = this.#decrypted(c);
    if (m !== undefined) return m;
    throw new VeilcastError('bad_ciphertext', 'the ciphertext could not be decrypted: it is damaged, or not made for this key');
  }

  /** The number below n whose n-th power modulo n is another. @param {bigint} x */
  #nthRoot(x) {
    const root = this.#join(this.#p.nthRoot(x), this.#q.nthRoot(x));
    if (root === undefined) throw bad('the key failed while its proof was made: the machine is faulty');
    return root;
  }

  /**
   * The number below n that is `inP` modulo p and `inQ` modulo q, by Garner: m_q + q·((m_p − m_q)·q⁻¹ mod p).
   *
   * @param {bigint | undefined} inP
   * @param {bigint | undefined} inQ
   * @returns {bigint | undefined} nothing for nothing, or after a fault
   */
  #join(inP, inQ) {
    if (inP === undefined || inQ === undefined) return undefined;
    const [p, q] = this.primes();
    const m = inQ + q * ((positive((inP - inQ) % p, p) * this.#qInverse) % p);
    return m % p === inP && m % q === inQ ? m : undefined;
  }

  /**
   * The plaintexts of ciphertexts, taking turns with the thread's other work.
   *
   * @param {readonly bigint[]} ciphertexts
   * @param {WorkOptions} [options]
   * @returns {Promise<bigint[]>}
   */
  decryptMany(ciphertexts, options = {}) {
    return inTurns(ciphertexts.length, (i) => this.decrypt(ciphertexts[i]), options);
  }

  /**
   * As {@link SecretKey.decryptMany}, with nothing in place of each ciphertext that could not be decrypted.
   *
   * @param {readonly bigint[]} ciphertexts
   * @param {WorkOptions} [options]
   * @returns {Promise<(bigint | undefined)[]>}
   */
  decryptEach(ciphertexts, options = {}) {
    return inTurns(ciphertexts.length, (i) => this.#decrypted(ciphertexts[i]), options);
  }

  /** @param {bigint} c @returns {bigint | undefined} nothing if it could not be decrypted */
  #decrypted(c) {
    if (c <= 0n || c >= this.#nSquared) return undefined;
    return this.#join(this.#p.message(c), this.#q.message(c));
  }

  /** A fresh encryption of 0: a uniform n-th power modulo n². */
  #randomizer() {
    return this.#combine(this.#p.nthPower(), this.#q.nthPower());
  }

  /** One without tables, for the self-test. */
  #firstRandomizer() {
    return this.#combine(this.#p.uniformNthPower(), this.#q.uniformNthPower());
  }

  /**
   * The number that is `inP` modulo p² and `inQ` modulo q², by Garner.
   *
   * @param {bigint} inP
   * @param {bigint} inQ
   */
  #combine(inP, inQ) {
    const square = this.#p.square;
    const quotient = (positive((inP - inQ) % square, square) * this.#qSquareInverse) % square;
    return inQ + this.#q.square * quotient;
  }

  /**
   * @param {bigint} m
   * @param {bigint} randomizer
   */
  #withRandomizer(m, randomizer) {
    return ((1n + m * this.n) * randomizer) % this.#nSquared;
  }
}

/** A remainder that may be negative, made positive. */
const positive = (/** @type {bigint} */ x, /** @type {bigint} */ modulus) => (x < 0n ? x + modulus : x);
