/**
 * The outcome of a run's records: predictions, and marks on those without an answer that can be right.
 */

import { VeilcastError } from './error.js';

/**
 * @typedef {import('./card.js').Card} Card
 * @typedef {import('./card.js').Prediction} Prediction
 * @typedef {import('./preprocessing.js').Counts} Counts
 * @typedef {import('./encode-records.js').Quantized} Quantized
 *
 * @typedef {{code: string, message: string}} Mark why a record has no prediction
 * @typedef {Prediction & Counts & {failed?: undefined}} RecordPrediction
 * @typedef {Counts & {failed: Mark}} FailedRecord
 * @typedef {RecordPrediction | FailedRecord} Outcome
 *
 * @typedef {object} Run
 * @property {Card} card
 * @property {import('./card-types.js').Way} way `vouchers` only if they masked all records
 * @property {import('./layout.js').Layout | undefined} layout sealed models have none
 * @property {number} requests
 * @property {number} bytesUp
 * @property {number} bytesDown
 * @property {{encode: number, encrypt: number, exchange: number, decrypt: number}} times in milliseconds; to encode is to
 *   turn records into integers, with the public part of a hybrid model; vouchers and sealed models mask and unmask where else
 *   records are encrypted and scores decrypted
 *
 * @typedef {Run & {predictions: RecordPrediction[]}} Predictions one per record
 * @typedef {Run & {predictions: Outcome[]}} PartialPredictions one per record; those that failed are marked
 *
 * @typedef {(quantized: readonly Quantized[], meter: import('./conversation.js').Meter, predictions: Outcome[]) => Promise<Pick<Run, 'way' | 'layout'>>} Predict
 *   adds the outcomes of records to a list
 */

/** What can be wrong with an answer. */
const FAULTS = ['bad_answer', 'other_answer', 'answer_too_large', 'bad_ciphertext', 'bad_scores'];

/**
 * The mark for an error that is about an answer.
 *
 * @param {unknown} error
 * @returns {{failed: Mark}}
 * @throws {unknown} the error, if it is about something else
 */
export function marked(error) {
  if (!(error instanceof VeilcastError) || !FAULTS.includes(error.code)) throw error;
  return { failed: { code: error.code, message: error.message } };
}

/**
 * Adds the outcomes of some records, with what was done to their cells.
 *
 * @param {Outcome[]} predictions
 * @param {readonly Quantized[]} group
 * @param {readonly (Prediction | {failed: Mark})[]} outcomes
 */
export function add(predictions, group, outcomes) {
  group.forEach(({ values: _, ...counts }, i) => predictions.push({ ...outcomes[i], ...counts }));
}

/**
 * The one error for all marked records, with the code of the first one.
 *
 * @param {readonly Outcome[]} predictions
 * @param {PartialPredictions} [partial] what the error is to carry
 * @returns {VeilcastError | undefined} none if no record is marked
 */
export function incomplete(predictions, partial) {
  const first = predictions.findIndex(({ failed }) => failed);
  const failed = predictions[first]?.failed;
  if (!failed) return undefined;
  const count = predictions.filter(({ failed }) => failed).length;
  const [have, them] = count === 1 ? ['has', 'it is'] : ['have', 'the first is'];
  const place = predictions.length === 1 ? '' : `${count} of ${predictions.length} records ${have} no prediction, ${them} record ${first}, counted from 0: `;
  return new VeilcastError(failed.code, `${place}${failed.message}`, { partial });
}
