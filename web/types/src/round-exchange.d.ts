/**
 * Records on their way through a network with hidden layers, round by round, masked by vouchers. No key is needed.
 */
import { Conversation } from './conversation.js';
export type LayeredVoucher = import('./layered-voucher.js').LayeredVoucher;
/** @typedef {import('./layered-voucher.js').LayeredVoucher} LayeredVoucher */
export declare class RoundExchange extends Conversation {
    #private;
    key: import("./client.js").OwnerKey;
    ringBits: number;
    /**
     * @param {import('./conversation.js').Transport} transport
     * @param {string} path of the model
     * @param {import('./conversation.js').Card} card
     * @param {import('./conversation.js').Keyed} options
     * @param {import('./conversation.js').Meter} meter
     */
    constructor(transport: import('./conversation.js').Transport, path: string, card: import('./conversation.js').Card, options: import('./conversation.js').Keyed, meter: import('./conversation.js').Meter);
    /**
     * The predictions of quantised records, or marks where an answer can't be right. The vouchers are used up in any case.
     *
     * A round's request holds what its vouchers mask, and what the service itself has answered in the one before; an answer that can't
     * be right ends it, as the service can tell by itself.
     *
     * @param {readonly (readonly number[])[]} records
     * @param {{secret: string, vouchers: readonly LayeredVoucher[]}} taken one for each record
     * @returns {Promise<(import('./conversation.js').Prediction | {failed: import('./conversation.js').Mark})[]>}
     * @throws {import('./error.js').VeilcastError} if the service returns no answer
     */
    predict(records: readonly (readonly number[])[], taken: {
        secret: string;
        vouchers: readonly LayeredVoucher[];
    }): Promise<(import('./conversation.js').Prediction | {
        failed: import('./conversation.js').Mark;
    })[]>;
}
