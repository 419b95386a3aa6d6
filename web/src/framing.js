/**
 * What the bodies of all messages have in common: the V2 inference protocol with its binary tensor data extension.
 *
 * A body is a JSON header and, right after it, the data of the only tensor. An HTTP header says how long the header is.
 */

import { VeilcastError, excerpt } from './error.js';
import { integer, listOf, object, oneOf, ShapeError, text } from './shape.js';

/** The HTTP header that gives the length of a body's JSON header. */
export const HEADER_LENGTH = 'inference-header-content-length';

/** The media type of bodies. */
export const MEDIA_BINARY = 'application/octet-stream';

/** Bytes that an answer's header may have. */
export const MAX_HEADER_BYTES = 16 * 1024;

const MAX_COUNT = 2 ** 31 - 1;

/**
 * A body with room for a tensor's data.
 *
 * @param {object} header undefined fields are not written
 * @param {number} size of the data, in bytes
 * @returns {{headerLength: number, body: Uint8Array<ArrayBuffer>}}
 */
export function bodyWith(header, size) {
  const bytes = new TextEncoder().encode(JSON.stringify(header));
  const body = new Uint8Array(bytes.length + size);
  body.set(bytes);
  return { headerLength: bytes.length, body };
}

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
export function readBody(body, headerLength, read) {
  if (!Number.isInteger(headerLength) || headerLength < 2 || headerLength > Math.min(body.length, MAX_HEADER_BYTES)) {
    throw bad('its header has no proper length');
  }
  try {
    return read(object(JSON.parse(decode(body.subarray(0, headerLength))), 'answer'), body.subarray(headerLength));
  } catch (error) {
    if (error instanceof ShapeError) throw bad(excerpt(error.message));
    if (error instanceof SyntaxError || error instanceof TypeError) throw bad('its header is not JSON');
    throw error;
  }
}

/** @param {Uint8Array} bytes */
const decode = (bytes) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);

/** @param {string} problem */
export const bad = (problem) => new VeilcastError('bad_answer', `the answer is damaged, or not a Veilcast service's: ${problem}`);

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
export function aboutOf(header) {
  const parameters = parametersOf(header);
  return {
    id: header.id === undefined || header.id === null ? undefined : string(header.id, 'id'),
    modelName: string(header.model_name, 'model_name'),
    modelVersion: string(header.model_version, 'model_version'),
    cardDigest: string(parameters.card_digest, 'card_digest'),
    requestDigest: digest(parameters.request_digest, 'request_digest'),
    scoresDigest: digest(parameters.scores_digest, 'scores_digest'),
  };
}

/** @param {Record<string, unknown>} header */
export const parametersOf = (header) => object(header.parameters ?? {}, 'parameters');

/**
 * Checks that the only tensor is the expected one, and that its data follows the header.
 *
 * @param {Record<string, unknown>} header
 * @param {{name: string, datatype: string, rows: number, columns: number, size: number}} expected its data has this many bytes
 */
export function checkOutput(header, { name, datatype, rows, columns, size }) {
  listOf(object)(header.outputs, 'outputs');
  const outputs = /** @type {Record<string, unknown>[]} */ (header.outputs);
  if (outputs.length !== 1) throw new ShapeError('outputs must hold only the scores');
  const [output] = outputs;
  oneOf(name)(output.name, 'the tensor');
  oneOf(datatype)(output.datatype, 'the datatype');
  const { shape } = output;
  if (!Array.isArray(shape) || shape.length !== 2 || shape[0] !== rows || shape[1] !== columns) {
    throw new ShapeError(`the shape must be [${rows}, ${columns}]`);
  }
  if (output.data !== undefined || object(output.parameters ?? {}, 'parameters').binary_data_size !== size) {
    throw new ShapeError(`the scores must be ${size} bytes after the header`);
  }
}

/** Checks the length of a tensor's data. @param {Uint8Array} raw @param {number} size */
export function checkSize(raw, size) {
  if (raw.length !== size) throw bad(`it has ${raw.length} bytes after its header instead of ${size}`);
}

/** @param {unknown} value @param {string} place */
export function string(value, place) {
  text(value, place);
  return String(value);
}

/** A number that is at least 1. @param {unknown} value @param {string} place */
export function count(value, place) {
  integer(1, MAX_COUNT)(value, place);
  return Number(value);
}

/** A number from 0. @param {unknown} value @param {string} place */
export function index(value, place) {
  integer(0, MAX_COUNT)(value, place);
  return Number(value);
}

/** @param {unknown} value @param {string} place */
export function digest(value, place) {
  if (!/^sha256:[0-9a-f]{64}$/.test(string(value, place))) throw new ShapeError(`${place} must be a digest`);
  return String(value);
}

/** This many lower-case hexadecimal digits. @param {unknown} value @param {string} place @param {number} digits */
export function hexadecimal(value, place, digits) {
  if (!/^[0-9a-f]*$/.test(string(value, place)) || String(value).length !== digits) {
    throw new ShapeError(`${place} must be ${digits} hexadecimal digits`);
  }
  return String(value);
}
