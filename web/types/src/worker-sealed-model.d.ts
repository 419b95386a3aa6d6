/**
 * A sealed model in a separate thread, so that a page stays responsive while it works.
 */
import { Calls } from './thread.js';
export type Card = import('./card.js').Card;
export type WorkOptions = import('./turns.js').WorkOptions;
/**
 * @typedef {import('./card.js').Card} Card
 * @typedef {import('./turns.js').WorkOptions} WorkOptions
 */
/** A model like `SealedModel`, in a separate thread. */
export declare class WorkerSealedModel {
    #private;
    /** @param {Calls} calls */
    constructor(calls: Calls);
    /**
     * Opens a model in a new thread, as {@link import('./sealed-model.js').SealedModel.open} does.
     *
     * @param {Card} card
     * @param {Uint8Array<ArrayBuffer>} file
     * @param {import('./paillier.js').KeyPolicy} policy
     * @param {{signal?: AbortSignal}} [options]
     */
    static open({ fields, features, digest }: Card, file: Uint8Array<ArrayBuffer>, policy: import('./paillier.js').KeyPolicy, { signal }?: {
        signal?: AbortSignal;
    }): Promise<WorkerSealedModel>;
    /** Randomisers that are ready, as far as the thread has told. */
    get randomizers(): number;
    /**
     * Makes randomisers ahead of time, so that there are `count`.
     *
     * @param {number} count
     * @param {WorkOptions} [options]
     * @returns {Promise<number>} how many there are
     */
    prepare(count: number, options?: WorkOptions): Promise<number>;
    /**
     * Ciphertexts that hold the masked scores of records.
     *
     * @param {readonly (readonly number[])[]} records quantised
     * @param {WorkOptions} [options]
     * @returns {Promise<import('./sealed-model.js').SealedRecords>}
     */
    encrypt(records: readonly (readonly number[])[], options?: WorkOptions): Promise<import('./sealed-model.js').SealedRecords>;
    /** Ends the thread. */
    close(): void;
}
