/**
 * Requests with records that vouchers mask, and the predictions in their answers. No key is needed.
 */
import { Conversation } from './conversation.js';
export type Exchanged = import('./conversation.js').Exchanged;
export declare class MaskedExchange extends Conversation {
    key: import("./client.js").OwnerKey;
    /**
     * @param {import('./conversation.js').Transport} transport
     * @param {string} path of the model
     * @param {import('./conversation.js').Card} card
     * @param {import('./conversation.js').Keyed} options
     * @param {import('./conversation.js').Meter} meter
     */
    constructor(transport: import('./conversation.js').Transport, path: string, card: import('./conversation.js').Card, options: import('./conversation.js').Keyed, meter: import('./conversation.js').Meter);
    /**
     * The predictions of quantised records, or marks where the answer can't be right. The vouchers are used up in any case.
     *
     * @param {readonly (readonly number[])[]} records
     * @param {{secret: string, vouchers: readonly import('./vouchers.js').Voucher[]}} taken one for each record
     * @returns {Promise<(import('./conversation.js').Prediction | {failed: import('./conversation.js').Mark})[]>}
     * @throws {import('./error.js').VeilcastError} if the service returns no answer
     */
    predict(records: readonly (readonly number[])[], { secret, vouchers }: {
        secret: string;
        vouchers: readonly import('./vouchers.js').Voucher[];
    }): Promise<(import('./conversation.js').Prediction | {
        failed: import('./conversation.js').Mark;
    })[]>;
}
