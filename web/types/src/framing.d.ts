/**
 * What the bodies of all messages have in common: the V2 inference protocol with its binary tensor data extension.
 *
 * A body is a JSON header and, right after it, the data of the only tensor. An HTTP header says how long the header is.
 */
import { VeilcastError } from './error.js';
/** The HTTP header that gives the length of a body's JSON header. */
export declare const HEADER_LENGTH = "inference-header-content-length";
/** The media type of bodies. */
export declare const MEDIA_BINARY = "application/octet-stream";
/** Bytes that an answer's header may have. */
export declare const MAX_HEADER_BYTES: number;
/**
 * A body with room for a tensor's data.
 *
 * @param {object} header undefined fields are not written
 * @param {number} size of the data, in bytes
 * @returns {{headerLength: number, body: Uint8Array<ArrayBuffer>}}
 */
export declare function bodyWith(header: object, size: number): {
    headerLength: number;
    body: Uint8Array<ArrayBuffer>;
};
/**
 * Reads an answer's body.
 *
 * @template T
 * @param {Uint8Array} body
 * @param {number} headerLength
 * @param {(header: Record<string, unknown>, raw: Uint8Array) => T} read may throw a {@link ShapeError}
 * @returns {T}
 * @throws {VeilcastError} `bad_answer`
 */
export declare function readBody<T>(body: Uint8Array, headerLength: number, read: (header: Record<string, unknown>, raw: Uint8Array) => T): T;
/** @param {string} problem */
export declare const bad: (problem: string) => VeilcastError;
export type About = {
    id: string | undefined;
    modelName: string;
    modelVersion: string;
    cardDigest: string;
    /**
     * `sha256:` and the digest of the request's exact bytes
     */
    requestDigest: string;
    /**
     * that of the scores' bytes, row by row
     */
    scoresDigest: string;
};
/**
 * What every answer says of itself.
 *
 * @typedef {object} About
 * @property {string | undefined} id
 * @property {string} modelName
 * @property {string} modelVersion
 * @property {string} cardDigest
 * @property {string} requestDigest `sha256:` and the digest of the request's exact bytes
 * @property {string} scoresDigest that of the scores' bytes, row by row
 */
/** @param {Record<string, unknown>} header @returns {About} */
export declare function aboutOf(header: Record<string, unknown>): About;
/** @param {Record<string, unknown>} header */
export declare const parametersOf: (header: Record<string, unknown>) => Record<string, unknown>;
/**
 * Checks that the only tensor is the expected one, and that its data follows the header.
 *
 * @param {Record<string, unknown>} header
 * @param {{name: string, datatype: string, rows: number, columns: number, size: number}} expected its data has this many bytes
 */
export declare function checkOutput(header: Record<string, unknown>, { name, datatype, rows, columns, size }: {
    name: string;
    datatype: string;
    rows: number;
    columns: number;
    size: number;
}): void;
/** Checks the length of a tensor's data. @param {Uint8Array} raw @param {number} size */
export declare function checkSize(raw: Uint8Array, size: number): void;
/** @param {unknown} value @param {string} place */
export declare function string(value: unknown, place: string): string;
/** A number that is at least 1. @param {unknown} value @param {string} place */
export declare function count(value: unknown, place: string): number;
/** A number from 0. @param {unknown} value @param {string} place */
export declare function index(value: unknown, place: string): number;
/** @param {unknown} value @param {string} place */
export declare function digest(value: unknown, place: string): string;
/** This many lower-case hexadecimal digits. @param {unknown} value @param {string} place @param {number} digits */
export declare function hexadecimal(value: unknown, place: string, digits: number): string;
