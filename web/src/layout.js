/**
 * Where the numbers of records and their scores sit in plaintexts.
 *
 * One geometry serves all layouts. Records go in rows of T. With k features per ciphertext at a distance of u bits,
 * ciphertext g of a row holds Σₜ Σⱼ x_(t,gk+j)·2^(S·t + u·j), and the i-th slot of an answer is the S bits from bit
 * u·(ik + k − 1): a score plus 2^(S−1). Masks lie between and above the scores.
 *
 * - `scalar` has k = 1, u = S and T = 1; an answer's slots are m outputs of its record.
 * - `features` has k > 1 and u = S + 41, else as `scalar`.
 * - `records` has k = 1 and u = S; an answer's slots are one output of the row's T records.
 * - `vouchers` is as `records`, with numbers of S bits for features and u = S + L + 41, L being the bits of the largest sum of
 *   weights that S allows: an answer's slots are S bits of one output of the row's T vouchers, and the rest is masked.
 * - `shares`, `products` and `layer` are of a part of a network: see `part-geometry.js`.
 */

import { bitLength } from './bigint.js';
import { VeilcastError } from './error.js';
import { HIDING_BITS, geometryOfPart, shapesOf } from './part-geometry.js';

/**
 * @typedef {import('./card.js').Card} Card
 * @typedef {readonly number[] | readonly bigint[] | Uint32Array | BigUint64Array} Numbers non-negative integers
 *
 * @typedef {object} Layout
 * @property {'scalar' | 'features' | 'records' | 'vouchers' | 'shares' | 'products' | 'layer'} name
 * @property {number} featuresPerCiphertext k: 1 but for `features`
 * @property {number} scoresPerAnswer m: of one record, so 1 for `records` and `vouchers`; not chosen for a part of a network
 * @property {number} [part] of a network, from 0: for `shares`, `products` and `layer`
 *
 * @typedef {object} Geometry
 * @property {number} slotBits S
 * @property {number} unit u
 * @property {number} features numbers that go in for each record
 * @property {number} outputs numbers that come out
 * @property {number} slots of an answer
 * @property {boolean} isGrouped whether they are of several records
 */

/** The layout of vouchers. @type {Layout} */
export const VOUCHERS = Object.freeze({ name: 'vouchers', featuresPerCiphertext: 1, scoresPerAnswer: 1 });

/** What is asked for, one after another, for vouchers of a model. @param {Card} card @returns {Layout[]} */
export function voucherLayouts({ hidden }) {
  if (!hidden) return [VOUCHERS];
  const of = (/** @type {'shares' | 'products'} */ name, /** @type {number} */ part) => ({ ...VOUCHERS, name, part });
  const last = hidden.sizes.length;
  return [...hidden.sizes.flatMap((_, part) => [of('shares', part), of('products', part)]), of('shares', last)];
}

/** The layouts in which a record goes through a network without vouchers, one after another. @param {Card} card @returns {Layout[]} */
export const layerLayouts = (card) => shapesOf(card).map((_, part) => ({ ...VOUCHERS, name: 'layer', part }));

/** How many sent ciphertexts an answer counts as when a layout is chosen. */
const ANSWER_COST = 8;

/** A layout of a card's records under keys of a size. */
export class Arrangement {
  #geometry;
  #limits;

  /**
   * @param {Card} card
   * @param {Layout} layout
   * @param {number} keyBits
   * @throws {VeilcastError} `layout_not_allowed` if the card doesn't allow it, or the key has no room
   */
  constructor(card, layout, keyBits) {
    const geometry = layout.part === undefined ? geometryOf(card, layout, keyBits) : geometryOfPart(card, layout, keyBits);
    this.layout = layout;
    this.#limits = card.fields.limits;
    /** T, or as many records as a request may hold, which then has one row. */
    this.recordsPerRow = geometry.isGrouped ? Math.min(geometry.slots, this.#limits.max_records) : 1;
    this.#geometry = geometry;
  }

  /** Ciphertexts of a row. */
  get ciphertexts() {
    return Math.ceil(this.#geometry.features / this.layout.featuresPerCiphertext);
  }

  /** Ciphertexts that a row's scores come back in. */
  get answers() {
    const { outputs, slots, isGrouped } = this.#geometry;
    return isGrouped ? outputs : Math.ceil(outputs / slots);
  }

  /** The rows that this many records take. @param {number} records */
  rows(records) {
    return Math.ceil(records / this.recordsPerRow);
  }

  /** How many of this many records are in a row. @param {number} row @param {number} records */
  recordsIn(row, records) {
    return Math.min(this.recordsPerRow, records - row * this.recordsPerRow);
  }

  /**
   * The records of a request: full rows, as many as the card allows and as have about this many ciphertexts.
   *
   * @param {number} ciphertexts
   */
  recordsPerRequest(ciphertexts) {
    const { max_records, max_ciphertexts } = this.#limits;
    const rows = Math.floor(Math.min(ciphertexts, max_ciphertexts) / this.ciphertexts);
    return Math.max(1, Math.min(rows, Math.floor(max_records / this.recordsPerRow))) * this.recordsPerRow;
  }

  /**
   * The plaintexts of quantised records, row by row.
   *
   * @param {readonly Numbers[]} records with a number for each feature
   * @returns {bigint[][]}
   */
  plaintexts(records) {
    const { featuresPerCiphertext: k } = this.layout;
    return Array.from({ length: this.rows(records.length) }, (_, r) => {
      const row = records.slice(r * this.recordsPerRow, (r + 1) * this.recordsPerRow);
      return Array.from({ length: this.ciphertexts }, (_, g) => {
        const groups = row.map((record) => packed(Array.from(record.slice(g * k, (g + 1) * k), BigInt), this.#geometry.unit));
        return packed(groups, this.#geometry.unit);
      });
    });
  }

  /**
   * The scores of this many records, by the plaintexts of their answers, row by row.
   *
   * @param {readonly (readonly bigint[])[]} answers
   * @param {number} records
   * @returns {bigint[][]} one list per record, of one score per output
   */
  scores(answers, records) {
    const edge = 1n << BigInt(this.#geometry.slotBits - 1);
    return this.slots(answers, records).map((slots) => slots.map((slot) => slot - edge));
  }

  /**
   * What the slots of this many records or vouchers hold, by the plaintexts of their answers, row by row.
   *
   * @param {readonly (readonly bigint[])[]} answers
   * @param {number} records
   * @returns {bigint[][]} one list per record, of a number of S bits per output
   */
  slots(answers, records) {
    const { featuresPerCiphertext: k } = this.layout;
    const { slotBits, unit, outputs, slots, isGrouped } = this.#geometry;
    const m = isGrouped ? 1 : slots;
    return Array.from({ length: records }, (_, record) => {
      const row = answers[Math.floor(record / this.recordsPerRow)];
      return Array.from({ length: outputs }, (_, output) => {
        // Several outputs of one record, or one output of several records.
        const index = (record % this.recordsPerRow) + (output % m);
        const slot = unit * ((index + 1) * k - 1);
        return BigInt.asUintN(slotBits, row[Math.floor(output / m)] >> BigInt(slot));
      });
    });
  }
}

/**
 * @param {Card} card
 * @param {Layout} layout
 * @param {number} keyBits
 * @returns {Geometry}
 */
function geometryOf(card, layout, keyBits) {
  const { layouts } = card.fields;
  const { name, featuresPerCiphertext: k, scoresPerAnswer: m } = layout;
  const isVouchers = name === 'vouchers';
  const isAllowed = {
    scalar: layouts.scalar !== undefined && k === 1,
    features: layouts.features?.features_per_ciphertext.includes(k),
    records: layouts.records !== undefined && k === 1 && m === 1,
    vouchers: k === 1 && m === 1 && !card.hidden,
    shares: false,
    products: false,
    layer: false,
  }[name];
  const isOffered = card.ways.includes(isVouchers ? 'vouchers' : 'direct');
  const unit = isVouchers ? voucherUnit(card) : unitOf(card.slotBits, k);
  const most = isVouchers ? Math.floor((keyBits - 1) / unit) : mostSlots(card.slotBits, k, keyBits);
  if (isVouchers && !isOffered) throw new VeilcastError('layout_not_allowed', "the model's owner offers no vouchers");
  if (!isOffered || !isAllowed || !(m >= 1 && m <= Math.min(most, card.outputs))) {
    const asked = `the layout ${name} with ${k} features per ciphertext and ${m} scores per answer`;
    throw new VeilcastError('layout_not_allowed', `the model does not take ${asked} under a key of ${keyBits} bits`);
  }
  const isGrouped = name === 'records' || isVouchers;
  return { slotBits: card.slotBits, unit, features: card.features, outputs: card.outputs, slots: isGrouped ? most : m, isGrouped };
}

/** What the owner of a model offers who takes no encrypted records. @param {Card} card */
export function offerOf({ ways }) {
  const offers = [...(ways.includes('vouchers') ? ['by vouchers'] : []), ...(ways.includes('sealed') ? ['sealed'] : [])];
  return `the model's owner offers predictions ${offers.join(' or ')} only`;
}

/** Numbers side by side, the first one lowest. @param {readonly bigint[]} numbers @param {number} distance in bits */
const packed = (numbers, distance) => numbers.reduceRight((sum, x) => (sum << BigInt(distance)) + x, 0n);

/**
 * The arrangement with the least ciphertexts sent plus eight times those that come back, since an
 * answer takes about as much of the service's time as eight ciphertexts take of the client's; of equal ones
 * the one with fewer ciphertexts sent.
 *
 * @param {Card} card
 * @param {number} keyBits
 * @param {number} [records] that are to be sent
 * @returns {Arrangement}
 * @throws {VeilcastError} `layout_not_allowed` if the card allows none under a key of this size
 */
export function chooseArrangement(card, keyBits, records = 1) {
  if (!card.ways.includes('direct')) {
    throw new VeilcastError('layout_not_allowed', `${offerOf(card)}, and takes no encrypted records`);
  }
  if (card.hidden) return new Arrangement(card, layerLayouts(card)[0], keyBits);
  const { layouts, limits } = card.fields;
  const grouped = layouts.features?.features_per_ciphertext ?? [];
  const offered = /** @type {[Layout['name'], number, number][]} */ ([
    ...(layouts.scalar ? [['scalar', 1, card.outputs]] : []),
    ...grouped.map((k) => ['features', k, card.outputs]),
    ...(layouts.records ? [['records', 1, 1]] : []),
  ]);
  const candidates = offered.flatMap(([name, k, wanted]) => {
    const most = Math.min(mostSlots(card.slotBits, k, keyBits), wanted);
    if (most < 1) return [];
    // The fewest scores that make the same number of answers.
    const m = Math.ceil(wanted / Math.ceil(wanted / most));
    return [new Arrangement(card, { name, featuresPerCiphertext: k, scoresPerAnswer: m }, keyBits)];
  });
  const sent = (/** @type {Arrangement} */ a) => a.rows(records) * a.ciphertexts;
  const cost = (/** @type {Arrangement} */ a) => sent(a) + ANSWER_COST * a.rows(records) * a.answers;
  const [best] = candidates.filter((candidate) => candidate.ciphertexts <= limits.max_ciphertexts).sort((a, b) => cost(a) - cost(b) || sent(a) - sent(b));
  if (!best) {
    throw new VeilcastError('layout_not_allowed', `the model takes no record under a key of ${keyBits} bits; try a larger key`);
  }
  return best;
}

/** u. @param {number} slotBits @param {number} k */
const unitOf = (slotBits, k) => (k === 1 ? slotBits : slotBits + HIDING_BITS + 1);

/** u of vouchers. @param {Card} card */
function voucherUnit({ slotBits, fields }) {
  // X·Σ|w| < 2^S, as the card certifies.
  const weights = ((1n << BigInt(slotBits)) - 1n) / (2n ** BigInt(fields.quantization.bits) - 1n);
  return slotBits + bitLength(weights) + 1 + HIDING_BITS;
}

/** The most slots an answer under a key has room for, with masks. @param {number} slotBits @param {number} k @param {number} keyBits */
function mostSlots(slotBits, k, keyBits) {
  const unit = unitOf(slotBits, k);
  if (k === 1) return Math.floor((keyBits - HIDING_BITS - 1) / unit);
  return Math.floor((Math.floor((keyBits - 2) / unit) + 1) / k) - 1;
}
