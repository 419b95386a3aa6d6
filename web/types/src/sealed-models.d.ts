/**
 * The sealed models that a client has opened, each in a thread of its own, and the predictions of records with them.
 */
import { WorkerSealedModel } from './worker-sealed-model.js';
export type Card = import('./card.js').Card;
export type Watched = import('./conversation.js').Watched;
/**
 * @typedef {import('./card.js').Card} Card
 * @typedef {import('./conversation.js').Watched} Watched
 */
export declare class SealedModels {
    #private;
    /** @param {import('./transport.js').Transport} transport @param {import('./paillier.js').KeyPolicy} policy */
    constructor(transport: import('./transport.js').Transport, policy: import('./paillier.js').KeyPolicy);
    /** Randomisers that are ready for a model. @param {string} path @param {Card | undefined} card */
    randomizers(path: string, card: Card | undefined): number;
    /**
     * A model, which is fetched and checked once.
     *
     * @param {string} path
     * @param {Card} card
     * @param {Watched} options
     * @returns {Promise<WorkerSealedModel>}
     * @throws {VeilcastError} as `SealedModel.open`
     */
    open(path: string, card: Card, options: Watched): Promise<WorkerSealedModel>;
    /**
     * Makes ahead of time the randomisers that a number of records take.
     *
     * @param {string} path
     * @param {Card} card
     * @param {number} records
     * @param {Watched} options
     */
    prepare(path: string, card: Card, records: number, options: Watched): Promise<void>;
    /**
     * Makes randomisers ahead of time, so that there are `count`.
     *
     * @param {string} path
     * @param {Card} card
     * @param {number} count
     * @param {Watched} options
     * @returns {Promise<number>} how many there are
     */
    fill(path: string, card: Card, count: number, options: Watched): Promise<number>;
    /**
     * How to predict records with a model, which is opened.
     *
     * @param {string} path
     * @param {Card} card
     * @param {Watched} options
     * @returns {Promise<import('./outcome.js').Predict>}
     */
    run(path: string, card: Card, options: Watched): Promise<import('./outcome.js').Predict>;
    /** Closes a model. @param {string} path */
    forget(path: string): void;
    /** Closes all models. */
    close(): void;
}
