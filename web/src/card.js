/**
 * The public card of a model: everything a client needs to know about it.
 */

import { WAYS, checkCard, impliedTask } from './card-check.js';
import { VeilcastError, excerpt } from './error.js';
import { ShapeError } from './shape.js';
import { sha256 } from './webcrypto.js';

/**
 * @typedef {import('./card-types.js').CardFields} CardFields
 */

/** Largest card accepted, in bytes. */
export const MAX_CARD_BYTES = 16 << 20;

/**
 * What a model predicts for one record, according to its {@link Card.task}.
 *
 * @typedef {ClassPrediction | QuantityPrediction} Prediction
 */

/**
 * The class predicted for a record. With two labels and a single score, the second is predicted if its
 * probability exceeds the card's threshold.
 *
 * @typedef {object} ClassPrediction
 * @property {number} index of the predicted label, the lowest if several are equal
 * @property {string} label
 * @property {number[]} scores one per output, in the model's own units
 * @property {number[] | undefined} probabilities one per label, if the model has a final function
 * @property {boolean} inDoubt whether the label's probability is below that which the card names: the record may be of none
 *   of the classes
 * @property {undefined} [values]
 */

/**
 * The values of the quantities that are predicted, whose names are the card's labels.
 *
 * @typedef {object} QuantityPrediction
 * @property {number[]} values one per output, in the card's units, if it has any
 * @property {undefined} [index]
 * @property {undefined} [label]
 * @property {undefined} [scores]
 * @property {undefined} [probabilities]
 * @property {undefined} [inDoubt]
 */

/** A checked card; made by {@link Card.parse}. */
export class Card {
  /**
   * @param {CardFields} fields checked
   * @param {number} features
   * @param {string} digest
   */
  constructor(fields, features, digest) {
    /** The card's fields, as they are in its JSON. @readonly */
    this.fields = fields;
    /** Integers that get encrypted for a record. @readonly */
    this.features = features;
    /** `sha256:` and the digest of the card's exact bytes, by which messages name it. @readonly */
    this.digest = digest;
  }

  /**
   * Reads a card from its exact bytes.
   *
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @returns {Promise<Card>}
   * @throws {VeilcastError} `bad_card`
   */
  static async parse(bytes) {
    if (bytes.length > MAX_CARD_BYTES) throw bad(`it has ${bytes.length} bytes; no card is longer than ${MAX_CARD_BYTES}`);
    const { fields, features } = checked(bytes);
    return new Card(fields, features, `sha256:${await sha256(bytes)}`);
  }

  /** Scores of a record. */
  get outputs() {
    return this.fields.output.scales.length;
  }

  /**
   * What is predicted: one of several classes; the probability of the second of two, by a single score; or quantities, with
   * `output.labels` for names and perhaps `output.units`.
   */
  get task() {
    return this.fields.output.task ?? impliedTask(this.fields.output);
  }

  /** S: every score lies strictly between −2^(S−1) and 2^(S−1). */
  get slotBits() {
    return this.fields.bounds.slot_bits;
  }

  /** The ways to get predictions that the model's owner offers. */
  get ways() {
    return this.fields.ways ?? WAYS;
  }

  /** The hidden layers of a network; none of another model. */
  get hidden() {
    return this.fields.hidden;
  }

  /** The largest magnitude of an output's integer scores. @param {number} output */
  #largest(output) {
    const most = (1n << BigInt(this.slotBits - 1)) - 1n;
    const promised = BigInt(this.fields.bounds.largest_scores?.[output] ?? most);
    return promised < most ? promised : most;
  }

  /**
   * Turns integer scores into scores in the model's own units.
   *
   * @param {readonly bigint[]} scores one per output
   * @returns {number[]}
   * @throws {VeilcastError} `bad_scores` if there are too few or too many, or one is out of bounds
   */
  dequantize(scores) {
    const { scales } = this.fields.output;
    if (scores.length !== scales.length || scores.some((score, i) => score > this.#largest(i) || score < -this.#largest(i))) {
      throw new VeilcastError('bad_scores', "the decrypted scores are not what the card promises: the answer is not this model's");
    }
    return scores.map((score, i) => Number(score) * scales[i]);
  }

  /**
   * Turns integer scores into a prediction.
   *
   * @param {readonly bigint[]} integers one per output
   * @returns {Prediction}
   * @throws {VeilcastError} as {@link Card.dequantize}
   */
  predict(integers) {
    const scores = this.dequantize(integers);
    const { labels, activation, threshold = 0.5, doubt = 0 } = this.fields.output;
    if (this.task === 'quantities') return { values: activation === 'exp' ? scores.map(Math.exp) : scores };
    const isSingle = this.task === 'probability';
    // Scores are compared, so that the rounding of probabilities doesn't matter.
    const exceeds = () => Number(scores[0] > Math.log(threshold / (1 - threshold)));
    const index = isSingle ? exceeds() : argmax(scores);
    const likely = probabilities(scores, activation, isSingle);
    return { index, label: labels[index], scores, probabilities: likely, inDoubt: likely !== undefined && likely[index] < doubt };
  }
}

/** @param {Uint8Array} bytes */
function checked(bytes) {
  try {
    return checkCard(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (error) {
    if (error instanceof ShapeError) throw bad(excerpt(error.message));
    if (error instanceof SyntaxError || error instanceof TypeError) throw bad('it is not JSON');
    throw error;
  }
}

const bad = (/** @type {string} */ problem) => new VeilcastError('bad_card', `not the card of a model that this version reads: ${problem}`);

/** @param {readonly number[]} scores */
const argmax = (scores) => scores.reduce((best, score, i) => (score > scores[best] ? i : best), 0);

/**
 * @param {readonly number[]} scores
 * @param {CardFields['output']['activation']} activation
 * @param {boolean} isSingle one score, for the second of two labels
 */
function probabilities(scores, activation, isSingle) {
  if (activation === 'none') return undefined;
  if (isSingle) return [sigmoid(-scores[0]), sigmoid(scores[0])];
  if (activation === 'sigmoid') return scores.map(sigmoid);
  if (activation === 'normalized_sigmoid') return shares(scores.map(sigmoid));
  const top = scores.reduce((a, b) => Math.max(a, b));
  const powers = scores.map((score) => Math.exp(score - top));
  return shares(powers);
}

/** Numbers divided by their sum; all alike if that is 0. @param {readonly number[]} numbers */
function shares(numbers) {
  const sum = numbers.reduce((a, b) => a + b);
  return numbers.map((number) => (sum === 0 ? 1 / numbers.length : number / sum));
}

const sigmoid = (/** @type {number} */ score) => 1 / (1 + Math.exp(-score));
