/**
 * The bodies of requests with ciphertexts, and of their answers. Each element of the tensor comes after its length in four
 * little-endian bytes.
 */
export type Layout = import('./layout.js').Layout;
export type Request = {
    /**
     * at most 256 bytes, which the answer repeats
     */
    id?: string;
    /**
     * n as minimal big-endian bytes
     */
    publicKey: Uint8Array;
    /**
     * the key's proof in base64url: for a service that doesn't know the key
     */
    keyProof?: string;
    layout: Layout;
    records: number;
    cardDigest: string;
    /**
     * row by row, each of twice n's bytes
     */
    ciphertexts: Uint8Array[][];
};
/**
 * @typedef {object} Request
 * @property {string} [id] at most 256 bytes, which the answer repeats
 * @property {Uint8Array} publicKey n as minimal big-endian bytes
 * @property {string} [keyProof] the key's proof in base64url: for a service that doesn't know the key
 * @property {Layout} layout
 * @property {number} records
 * @property {string} cardDigest
 * @property {Uint8Array[][]} ciphertexts row by row, each of twice n's bytes
 */
/**
 * The body of a request.
 *
 * @param {Request} request
 * @returns {{headerLength: number, body: Uint8Array<ArrayBuffer>}}
 */
export declare function encodeRequest({ id, publicKey, keyProof, layout, records, cardDigest, ciphertexts }: Request): {
    headerLength: number;
    body: Uint8Array<ArrayBuffer>;
};
/** The bytes that elements take in a tensor. @param {number} count @param {number} width bytes of each */
export declare const bytesOfElements: (count: number, width: number) => number;
/**
 * A body with elements of a tensor.
 *
 * @param {object} header
 * @param {readonly Uint8Array[]} elements
 * @param {number} width bytes of each
 */
export declare function bodyOfElements(header: object, elements: readonly Uint8Array[], width: number): {
    headerLength: number;
    body: Uint8Array<ArrayBuffer>;
};
export type OfCiphertexts = {
    keyFingerprint: string;
    layout: Layout;
    records: number;
    /**
     * what the service says of vouchers, in the layouts that are for them
     */
    vouchers?: {
        batch: string;
        secret: string;
    };
    /**
     * row by row, each of twice n's bytes
     */
    scores: Uint8Array[][];
};
export type Answer = import('./framing.js').About & OfCiphertexts;
/**
 * @typedef {object} OfCiphertexts
 * @property {string} keyFingerprint
 * @property {Layout} layout
 * @property {number} records
 * @property {{batch: string, secret: string}} [vouchers] what the service says of vouchers, in the layouts that are for them
 * @property {Uint8Array[][]} scores row by row, each of twice n's bytes
 *
 * @typedef {import('./framing.js').About & OfCiphertexts} Answer
 */
/**
 * Reads the body of an answer with a number of rows and columns that is known beforehand.
 *
 * Whether it is the answer to a request, and whether its digests are right, is for the caller to check.
 *
 * @param {Uint8Array} body
 * @param {number} headerLength
 * @param {{rows: number, columns: number, width: number}} expected the shape of the scores, and an element's bytes
 * @returns {Answer}
 * @throws {import('./error.js').VeilcastError} `bad_answer`
 */
export declare function decodeAnswer(body: Uint8Array, headerLength: number, expected: {
    rows: number;
    columns: number;
    width: number;
}): Answer;
