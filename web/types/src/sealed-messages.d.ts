/**
 * The bodies of requests to sealed models, and of their answers: a ciphertext for each group of records, and a row of bytes for
 * each record.
 */
export type SealedRequest = {
    id: string;
    cardDigest: string;
    records: number;
    /**
     * all of one length
     */
    ciphertexts: readonly Uint8Array[];
};
export type SealedAnswer = import('./framing.js').About & {
    rows: Uint8Array[];
    bytes: Uint8Array;
};
/**
 * @typedef {object} SealedRequest
 * @property {string} id
 * @property {string} cardDigest
 * @property {number} records
 * @property {readonly Uint8Array[]} ciphertexts all of one length
 *
 * @typedef {import('./framing.js').About & {rows: Uint8Array[], bytes: Uint8Array}} SealedAnswer the masked scores of each
 *   record; and all of them as bytes, whose digest the answer names
 */
/**
 * The body of a request.
 *
 * @param {SealedRequest} request
 * @returns {{headerLength: number, body: Uint8Array<ArrayBuffer>}}
 */
export declare function encodeSealedRequest({ id, cardDigest, records, ciphertexts }: SealedRequest): {
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
 * @param {{rows: number, columns: number}} expected records, and the bytes of each
 * @returns {SealedAnswer}
 * @throws {import('./error.js').VeilcastError} `bad_answer`
 */
export declare function decodeSealedAnswer(body: Uint8Array, headerLength: number, { rows, columns }: {
    rows: number;
    columns: number;
}): SealedAnswer;
