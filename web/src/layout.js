/**
 * Where the numbers of a record and its scores stand in plaintexts.
 *
 * With k features a ciphertext at a distance of u bits, ciphertext g of a record holds
 * Σⱼ x_(gk+j)·2^(u·j), and the i-th of an answer's m scores is the S bits from bit u·(ik + k − 1), plus
 * 2^(S−1). Between and above the scores stand masks. The layout `scalar` has k = 1 and u = S,
 * `features` has k > 1 and u = S + 41.
 */

import { VeilcastError } from './error.js';

/**
 * @typedef {import('./card.js').Card} Card
 *
 * @typedef {object} Layout
 * @property {'scalar' | 'features'} name
 * @property {number} featuresPerCiphertext k: 1 for `scalar`
 * @property {number} scoresPerAnswer m
 */

/** σ: what is masked is hidden within 2^−σ. */
const HIDING_BITS = 40;

/** What an answer is worth in ciphertexts sent, when a layout is chosen. */
const ANSWER_COST = 8;

/** A layout of a card's records under keys of a size. */
export class Arrangement {
  /** u */
  #unit;
  #slotBits;
  #outputs;
  #features;

  /**
   * @param {Card} card
   * @param {Layout} layout
   * @param {number} keyBits
   * @throws {VeilcastError} `layout_not_allowed` if the card doesn't allow it, or the key has no room
   */
  constructor(card, layout, keyBits) {
    const { scalar, features } = card.fields.layouts;
    const { name, featuresPerCiphertext: k, scoresPerAnswer: m } = layout;
    const isAllowed = name === 'scalar' ? scalar !== undefined && k === 1 : features?.features_per_ciphertext.includes(k);
    const most = Math.min(mostScores(card.slotBits, k, keyBits), card.outputs);
    if (!isAllowed || !(m >= 1 && m <= most)) {
      const asked = `the layout ${name} with ${k} features a ciphertext and ${m} scores an answer`;
      throw new VeilcastError('layout_not_allowed', `the model does not take ${asked} under a key of ${keyBits} bits`);
    }
    this.layout = layout;
    this.#unit = unitOf(card.slotBits, k);
    this.#slotBits = card.slotBits;
    this.#outputs = card.outputs;
    this.#features = card.features;
  }

  /** Ciphertexts that a record takes. */
  get ciphertexts() {
    return Math.ceil(this.#features / this.layout.featuresPerCiphertext);
  }

  /** Ciphertexts that a record's scores come back in. */
  get answers() {
    return Math.ceil(this.#outputs / this.layout.scoresPerAnswer);
  }

  /**
   * The plaintexts of a quantised record.
   *
   * @param {readonly number[]} record
   * @returns {bigint[]}
   */
  plaintexts(record) {
    const { featuresPerCiphertext: k } = this.layout;
    const groups = Array.from({ length: this.ciphertexts }, (_, g) => record.slice(g * k, (g + 1) * k));
    return groups.map((group) => group.reduceRight((sum, x) => (sum << BigInt(this.#unit)) + BigInt(x), 0n));
  }

  /**
   * The scores of a record, by the plaintexts of its answers.
   *
   * @param {readonly bigint[]} answers
   * @returns {bigint[]} one an output
   */
  scores(answers) {
    const { featuresPerCiphertext: k, scoresPerAnswer: m } = this.layout;
    const bits = this.#slotBits;
    return Array.from({ length: this.#outputs }, (_, output) => {
      const slot = this.#unit * (((output % m) + 1) * k - 1);
      const value = BigInt.asUintN(bits, answers[Math.floor(output / m)] >> BigInt(slot));
      return value - (1n << BigInt(bits - 1));
    });
  }
}

/**
 * The arrangement with the least ciphertexts sent plus eight times those that come back, since an
 * answer takes about as much of the service's time as eight ciphertexts take of the client's; of equals
 * the one with fewer ciphertexts sent.
 *
 * @param {Card} card
 * @param {number} keyBits
 * @returns {Arrangement}
 * @throws {VeilcastError} `layout_not_allowed` if the card allows none under a key of this size
 */
export function chooseArrangement(card, keyBits) {
  const { layouts, limits } = card.fields;
  const numbers = [...(layouts.scalar ? [1] : []), ...(layouts.features?.features_per_ciphertext ?? [])];
  const candidates = numbers.flatMap((k) => {
    const most = Math.min(mostScores(card.slotBits, k, keyBits), card.outputs);
    if (most < 1) return [];
    // As few scores as make the same number of answers.
    const m = Math.ceil(card.outputs / Math.ceil(card.outputs / most));
    const layout = { name: nameOf(k), featuresPerCiphertext: k, scoresPerAnswer: m };
    return [new Arrangement(card, layout, keyBits)];
  });
  const cost = (/** @type {Arrangement} */ a) => a.ciphertexts + ANSWER_COST * a.answers;
  const [best] = candidates
    .filter((candidate) => candidate.ciphertexts <= limits.max_ciphertexts)
    .sort((a, b) => cost(a) - cost(b) || a.ciphertexts - b.ciphertexts);
  if (!best) {
    const where = 'in the layouts scalar and features';
    throw new VeilcastError('layout_not_allowed', `the model takes no record under a key of ${keyBits} bits ${where}; try a larger key`);
  }
  return best;
}

/** @param {number} k @returns {'scalar' | 'features'} */
const nameOf = (k) => (k === 1 ? 'scalar' : 'features');

/** u. @param {number} slotBits @param {number} k */
const unitOf = (slotBits, k) => (k === 1 ? slotBits : slotBits + HIDING_BITS + 1);

/** The most scores an answer under a key has room for, with masks. @param {number} slotBits @param {number} k @param {number} keyBits */
function mostScores(slotBits, k, keyBits) {
  const unit = unitOf(slotBits, k);
  if (k === 1) return Math.floor((keyBits - HIDING_BITS - 1) / unit);
  return Math.floor((Math.floor((keyBits - 2) / unit) + 1) / k) - 1;
}
