/**
 * The bodies of requests for a round through a network with hidden layers, and of their answers: a row of bytes for each record, in
 * which each number of the ring of k bits takes ⌈k/8⌉ bytes, little-endian.
 */
/** Bytes of a number. @param {number} ringBits k */
export declare const numberBytes: (ringBits: number) => number;
export type RoundRequest = {
    id: string;
    cardDigest: string;
    /**
     * of the key that the vouchers were made with
     */
    keyFingerprint: string;
    /**
     * that they were derived from, in hexadecimal
     */
    secret: string;
    /**
     * from 0
     */
    part: number;
    /**
     * what the round takes of each record's voucher: ids, one after another
     */
    vouchers: readonly Uint8Array[];
    /**
     * masked, as many numbers for each
     */
    records: readonly (readonly bigint[])[];
    /**
     * k
     */
    ringBits: number;
};
export type RoundAnswer = import('./framing.js').About & {
    numbers: bigint[][];
    bytes: Uint8Array;
};
/**
 * @typedef {object} RoundRequest
 * @property {string} id
 * @property {string} cardDigest
 * @property {string} keyFingerprint of the key that the vouchers were made with
 * @property {string} secret that they were derived from, in hexadecimal
 * @property {number} part from 0
 * @property {readonly Uint8Array[]} vouchers what the round takes of each record's voucher: ids, one after another
 * @property {readonly (readonly bigint[])[]} records masked, as many numbers for each
 * @property {number} ringBits k
 *
 * @typedef {import('./framing.js').About & {numbers: bigint[][], bytes: Uint8Array}} RoundAnswer the numbers of each record; and all
 *   of them as bytes, whose digest the answer names
 */
/**
 * The body of a request.
 *
 * @param {RoundRequest} request
 * @returns {{headerLength: number, body: Uint8Array<ArrayBuffer>}}
 */
export declare function encodeRoundRequest({ id, cardDigest, keyFingerprint, secret, part, vouchers, records, ringBits }: RoundRequest): {
    headerLength: number;
    body: Uint8Array<ArrayBuffer>;
};
/**
 * Reads the body of an answer with a number of rows and columns that is known beforehand.
 *
 * Whether it is the answer to a request, and whether its digests are right, is for the caller to check.
 *
 * @param {Uint8Array} body
 * @param {number} headerLength
 * @param {{rows: number, columns: number, ringBits: number}} expected records, and the numbers of each; and k
 * @returns {RoundAnswer}
 * @throws {import('./error.js').VeilcastError} `bad_answer`
 */
export declare function decodeRoundAnswer(body: Uint8Array, headerLength: number, { rows, columns, ringBits }: {
    rows: number;
    columns: number;
    ringBits: number;
}): RoundAnswer;
