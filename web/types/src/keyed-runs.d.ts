/**
 * Predictions with a key of the client's own: of encrypted records, and of records that vouchers mask.
 */
import { MaskedExchange } from './masked-exchange.js';
export type Card = import('./card.js').Card;
export type PredictOptions = import('./client.js').PredictOptions;
export type Keyed = import('./client.js').Keyed;
export type Quantized = import('./encode-records.js').Quantized;
export type Outcome = import('./outcome.js').Outcome;
export type Predict = import('./outcome.js').Predict;
export type Masked = {
    predict: (records: readonly (readonly number[])[], taken: any) => ReturnType<MaskedExchange['predict']>;
};
/**
 * @typedef {import('./card.js').Card} Card
 * @typedef {import('./client.js').PredictOptions} PredictOptions
 * @typedef {import('./client.js').Keyed} Keyed
 * @typedef {import('./encode-records.js').Quantized} Quantized
 * @typedef {import('./outcome.js').Outcome} Outcome
 * @typedef {import('./outcome.js').Predict} Predict
 *
 * @typedef {object} Masked predicts records that vouchers of its card mask
 * @property {(records: readonly (readonly number[])[], taken: any) => ReturnType<MaskedExchange['predict']>} predict
 */
export declare class KeyedRuns {
    #private;
    /** @param {import('./transport.js').Transport} transport */
    constructor(transport: import('./transport.js').Transport);
    /**
     * Does ahead of time the work of encrypting a number of records.
     *
     * @param {Card} card
     * @param {number} records
     * @param {Pick<PredictOptions, 'key' | 'signal'>} options
     */
    prepare(card: Card, records: number, options: Pick<PredictOptions, 'key' | 'signal'>): Promise<void>;
    /**
     * Makes vouchers.
     *
     * @param {string} path of the model
     * @param {Card} card
     * @param {number} count at least
     * @param {Pick<Keyed, 'key' | 'signal' | 'onProgress'>} options
     * @returns {Promise<number>} how many there are now
     */
    fill(path: string, card: Card, count: number, options: Pick<Keyed, 'key' | 'signal' | 'onProgress'>): Promise<number>;
    /** How many vouchers there are for a card and a key. @param {Card | undefined} card @param {Pick<Keyed, 'key'>} options */
    vouchers(card: Card | undefined, { key }: Pick<Keyed, 'key'>): number;
    /** Forgets all vouchers, or those of a card. @param {string} [digest] */
    drop(digest?: string): void;
    /**
     * How to predict records with a key.
     *
     * @param {string} path of the model
     * @param {Card} card
     * @param {number} records
     * @param {PredictOptions} options
     * @returns {Predict}
     */
    run(path: string, card: Card, records: number, options: PredictOptions): Predict;
}
