/**
 * The bodies of requests with records that vouchers mask, and of their answers: plain tensors of unsigned integers.
 */
export type Residues = import('./vouchers.js').Residues;
/** Bytes of a masked number of S bits. @param {number} slotBits */
export declare const elementBytes: (slotBits: number) => number;
export type MaskedRequest = {
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
     * the id of one for each record
     */
    vouchers: readonly Uint8Array[];
    /**
     * masked, with a number for each feature
     */
    records: readonly Residues[];
    /**
     * S
     */
    slotBits: number;
};
export type MaskedAnswer = import('./framing.js').About & {
    scores: Residues[];
    bytes: Uint8Array;
};
/**
 * @typedef {object} MaskedRequest
 * @property {string} id
 * @property {string} cardDigest
 * @property {string} keyFingerprint of the key that the vouchers were made with
 * @property {string} secret that they were derived from, in hexadecimal
 * @property {readonly Uint8Array[]} vouchers the id of one for each record
 * @property {readonly Residues[]} records masked, with a number for each feature
 * @property {number} slotBits S
 *
 * @typedef {import('./framing.js').About & {scores: Residues[]; bytes: Uint8Array}} MaskedAnswer the masked scores of each
 *   record; and all of them as bytes, whose digest the answer names
 */
/**
 * The body of a request.
 *
 * @param {MaskedRequest} request
 * @returns {{headerLength: number, body: Uint8Array<ArrayBuffer>}}
 */
export declare function encodeMaskedRequest({ id, cardDigest, keyFingerprint, secret, vouchers, records, slotBits }: MaskedRequest): {
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
 * @param {{rows: number, columns: number, slotBits: number}} expected the shape of the scores, and S
 * @returns {MaskedAnswer}
 * @throws {import('./error.js').VeilcastError} `bad_answer`
 */
export declare function decodeMaskedAnswer(body: Uint8Array, headerLength: number, { rows, columns, slotBits }: {
    rows: number;
    columns: number;
    slotBits: number;
}): MaskedAnswer;
