/**
 * Requests to a sealed model, and the predictions in their answers. No key of the client's is needed.
 */
import { Conversation } from './conversation.js';
import { SealedLayout } from './sealed-layout.js';
export type Opened = Pick<import('./sealed-model.js').SealedModel, 'encrypt'>;
/** @typedef {Pick<import('./sealed-model.js').SealedModel, 'encrypt'>} Opened */
export declare class SealedExchange extends Conversation {
    model: Opened;
    layout: SealedLayout;
    /**
     * @param {import('./conversation.js').Transport} transport
     * @param {string} path of the model
     * @param {import('./conversation.js').Card} card
     * @param {Opened} model
     * @param {import('./conversation.js').Watched} options
     * @param {import('./conversation.js').Meter} meter
     */
    constructor(transport: import('./conversation.js').Transport, path: string, card: import('./conversation.js').Card, model: Opened, options: import('./conversation.js').Watched, meter: import('./conversation.js').Meter);
    /**
     * The predictions of quantised records, or marks where the answer can't be right.
     *
     * @param {readonly (readonly number[])[]} records
     * @returns {Promise<(import('./conversation.js').Prediction | {failed: import('./conversation.js').Mark})[]>}
     * @throws {import('./error.js').VeilcastError} if the service returns no answer
     */
    predict(records: readonly (readonly number[])[]): Promise<(import('./conversation.js').Prediction | {
        failed: import('./conversation.js').Mark;
    })[]>;
}
