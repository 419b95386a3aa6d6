/**
 * The only way from raw records to the integers that get encrypted: preprocessing, then the public part of
 * a hybrid model, then rounding.
 */

import { VeilcastError } from './error.js';
import { preprocess } from './preprocessing.js';
import { PublicPart } from './public-part.js';
import { cellsOf } from './record-numbers.js';

/**
 * @typedef {import('./card.js').Card} Card
 * @typedef {import('./record-numbers.js').RawRecord} RawRecord
 * @typedef {import('./preprocessing.js').Counts} Counts
 */

/** Turns raw records into integers, for one model; made by {@link Encoder.of}. */
export class Encoder {
  /**
   * @param {Card} card
   * @param {PublicPart | undefined} publicPart
   */
  constructor(card, publicPart) {
    /** @readonly */
    this.card = card;
    this.publicPart = publicPart;
  }

  /**
   * An encoder for a model.
   *
   * @param {Card} card
   * @param {Uint8Array<ArrayBuffer>} [onnx] the public part's file, if the card names one
   * @returns {Promise<Encoder>}
   * @throws {VeilcastError} as {@link PublicPart.parse}; `other_public_part` also if the file is missing or the
   *   card names none
   */
  static async of(card, onnx) {
    const fields = card.fields.public_part;
    if (!fields !== !onnx) {
      throw new VeilcastError('other_public_part', fields ? 'the model has a public part, and its file public.onnx is needed' : 'the model has no public part');
    }
    return new Encoder(card, fields && onnx && (await PublicPart.parse(onnx, fields)));
  }

  /**
   * The features of a raw record, and what was done to its cells.
   *
   * @param {RawRecord} cells pixels 0 to 255, an array's numbers, or a table's cells, in the card's order
   * @returns {Counts & {features: number[]}}
   * @throws {VeilcastError} as {@link cellsOf}, `preprocess` and {@link PublicPart.features}
   */
  features(cells) {
    const { input } = this.card.fields;
    const { features, ...counts } = preprocess(input, cellsOf(input, cells));
    return { features: this.publicPart?.features(features) ?? features, ...counts };
  }

  /**
   * The integers of a raw record, each from 0 to 2^bits − 1, and what was done to its cells.
   *
   * @param {RawRecord} cells
   * @returns {Counts & {values: number[]}} clipped by preprocessing or by quantisation
   * @throws {VeilcastError} as {@link Encoder.features}
   */
  quantize(cells) {
    const { features, ...counts } = this.features(cells);
    const { bits, step, zero } = this.card.fields.quantization;
    const max = 2 ** bits - 1;
    const at = (/** @type {number | number[]} */ numbers, /** @type {number} */ i) => (typeof numbers === 'number' ? numbers : numbers[i]);
    const values = features.map((feature, i) => {
      const steps = (feature - at(zero, i)) / at(step, i);
      if (steps < -0.5 || steps >= max + 0.5) counts.clipped += 1;
      return Math.round(Math.min(Math.max(steps, 0), max));
    });
    return { values, ...counts };
  }
}
