/**
 * The outcome of a run's records: predictions, and marks on those without an answer that can be right.
 */
import { VeilcastError } from './error.js';
export type Card = import('./card.js').Card;
export type Prediction = import('./card.js').Prediction;
export type Counts = import('./preprocessing.js').Counts;
export type Quantized = import('./encode-records.js').Quantized;
export type Mark = {
    code: string;
    message: string;
};
export type RecordPrediction = Prediction & Counts & {
    failed?: undefined;
};
export type FailedRecord = Counts & {
    failed: Mark;
};
export type Outcome = RecordPrediction | FailedRecord;
export type Run = {
    card: Card;
    /**
     * `vouchers` only if they masked all records
     */
    way: import('./card-types.js').Way;
    /**
     * sealed models have none
     */
    layout: import('./layout.js').Layout | undefined;
    requests: number;
    bytesUp: number;
    bytesDown: number;
    /**
     * in milliseconds; to encode is to
     * turn records into integers, with the public part of a hybrid model; vouchers and sealed models mask and unmask where else
     * records are encrypted and scores decrypted
     */
    times: {
        encode: number;
        encrypt: number;
        exchange: number;
        decrypt: number;
    };
};
export type Predictions = Run & {
    predictions: RecordPrediction[];
};
export type PartialPredictions = Run & {
    predictions: Outcome[];
};
export type Predict = (quantized: readonly Quantized[], meter: import('./conversation.js').Meter, predictions: Outcome[]) => Promise<Pick<Run, 'way' | 'layout'>>;
/**
 * The mark for an error that is about an answer.
 *
 * @param {unknown} error
 * @returns {{failed: Mark}}
 * @throws {unknown} the error, if it is about something else
 */
export declare function marked(error: unknown): {
    failed: Mark;
};
/**
 * Adds the outcomes of some records, with what was done to their cells.
 *
 * @param {Outcome[]} predictions
 * @param {readonly Quantized[]} group
 * @param {readonly (Prediction | {failed: Mark})[]} outcomes
 */
export declare function add(predictions: Outcome[], group: readonly Quantized[], outcomes: readonly (Prediction | {
    failed: Mark;
})[]): void;
/**
 * The one error for all marked records, with the code of the first one.
 *
 * @param {readonly Outcome[]} predictions
 * @param {PartialPredictions} [partial] what the error is to carry
 * @returns {VeilcastError | undefined} none if no record is marked
 */
export declare function incomplete(predictions: readonly Outcome[], partial?: PartialPredictions): VeilcastError | undefined;
