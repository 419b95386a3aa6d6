/**
 * Requests with ciphertexts, and the predictions, or the service's part of vouchers, in their answers.
 */
import { Conversation } from './conversation.js';
export type Exchanged = import('./conversation.js').Exchanged;
export type Prediction = import('./conversation.js').Prediction;
export type Mark = import('./conversation.js').Mark;
export type Numbers = import('./layout.js').Numbers;
export type Request = import('./messages.js').Request;
/**
 * @typedef {import('./conversation.js').Exchanged} Exchanged
 * @typedef {import('./conversation.js').Prediction} Prediction
 * @typedef {import('./conversation.js').Mark} Mark
 * @typedef {import('./layout.js').Numbers} Numbers
 * @typedef {import('./messages.js').Request} Request
 */
export declare class Exchange extends Conversation {
    #private;
    arrangement: import("./layout.js").Arrangement;
    key: import("./client.js").OwnerKey;
    modulus: Uint8Array<ArrayBufferLike>;
    /** Bytes of a ciphertext. */
    width: number;
    accepted: Set<bigint>;
    /**
     * @param {import('./conversation.js').Transport} transport
     * @param {string} path of the model
     * @param {import('./layout.js').Arrangement} arrangement
     * @param {import('./conversation.js').Card} card
     * @param {import('./conversation.js').Keyed} options
     * @param {import('./conversation.js').Meter} meter
     * @param {Set<bigint>} accepted the keys, by n, that the service accepted: requests under them need no proof
     */
    constructor(transport: import('./conversation.js').Transport, path: string, card: import('./conversation.js').Card, arrangement: import('./layout.js').Arrangement, options: import('./conversation.js').Keyed, meter: import('./conversation.js').Meter, accepted: Set<bigint>);
    /**
     * The predictions of quantised records, or marks where the answer can't be right.
     *
     * @param {readonly (readonly number[])[]} records
     * @returns {Promise<(Prediction | {failed: Mark})[]>}
     * @throws {VeilcastError} if the service returns no answer
     */
    predict(records: readonly (readonly number[])[]): Promise<(Prediction | {
        failed: Mark;
    })[]>;
    /**
     * What the service gives for numbers in a layout of vouchers, ahead of time.
     *
     * @param {readonly Numbers[]} numbers a list for each voucher
     * @returns {Promise<{batch: Uint8Array, secret: string, shares: bigint[][]}>} the id of the batch that the vouchers are of, in their
     *   order; that of the secret that they were derived from; and a list for each voucher
     * @throws {VeilcastError} also if the answer can't be right
     */
    ahead(numbers: readonly Numbers[]): Promise<{
        batch: Uint8Array;
        secret: string;
        shares: bigint[][];
    }>;
}
