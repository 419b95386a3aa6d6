/**
 * The bodies of requests and answers: the V2 inference protocol with its binary tensor data extension.
 *
 * A body is a JSON header and, right after it, the elements of the only tensor, each after its length
 * in four little-endian bytes. An HTTP header says how long the header is.
 */

import { base64urlFromBytes } from './bigint.js';
import { VeilcastError, excerpt } from './error.js';
import { integer, listOf, object, oneOf, ShapeError, text } from './shape.js';

/** @typedef {import('./layout.js').Layout} Layout */

/** The HTTP header that gives the length of a body's JSON header. */
export const HEADER_LENGTH = 'inference-header-content-length';

/** The media type of bodies. */
export const MEDIA_BINARY = 'application/octet-stream';

/** Bytes that an answer's header may have. */
export const MAX_HEADER_BYTES = 16 * 1024;

const PREFIX_BYTES = 4;
const MAX_COUNT = 2 ** 31 - 1;

/** The parameters that a layout's messages don't have. @type {Record<Layout['name'], string[]>} */
const SURPLUS = {
  scalar: ['features_per_ciphertext'],
  features: [],
  records: ['features_per_ciphertext', 'scores_per_answer'],
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
export function encodeRequest({ id, publicKey, keyProof, layout, records, cardDigest, ciphertexts }) {
  const elements = ciphertexts.flat();
  const width = 2 * publicKey.length;
  const size = elements.length * (PREFIX_BYTES + width);
  const { name, featuresPerCiphertext, scoresPerAnswer } = layout;
  // Undefined fields are not written.
  const header = new TextEncoder().encode(
    JSON.stringify({
      id,
      parameters: {
        public_key: base64urlFromBytes(publicKey),
        key_proof: keyProof,
        layout: name,
        features_per_ciphertext: name === 'features' ? featuresPerCiphertext : undefined,
        scores_per_answer: scoresPerAnswer === 1 ? undefined : scoresPerAnswer,
        records: name === 'records' ? records : undefined,
        card_digest: cardDigest,
      },
      inputs: [
        {
          name: 'ciphertexts',
          shape: [ciphertexts.length, ciphertexts[0].length],
          datatype: 'BYTES',
          parameters: { binary_data_size: size },
        },
      ],
      outputs: [{ name: 'scores', parameters: { binary_data: true } }],
    }),
  );
  const body = new Uint8Array(header.length + size);
  body.set(header);
  const view = new DataView(body.buffer);
  elements.forEach((element, i) => {
    if (element.length !== width) throw new RangeError(`a ciphertext under this key has ${width} bytes`);
    const at = header.length + i * (PREFIX_BYTES + width);
    view.setUint32(at, width, true);
    body.set(element, at + PREFIX_BYTES);
  });
  return { headerLength: header.length, body };
}

/**
 * @typedef {object} Answer
 * @property {string | undefined} id
 * @property {string} modelName
 * @property {string} modelVersion
 * @property {string} keyFingerprint
 * @property {string} cardDigest
 * @property {string} requestDigest `sha256:` and the digest of the request's exact bytes
 * @property {string} scoresDigest that of the scores' bytes, row by row
 * @property {Layout} layout
 * @property {number} records
 * @property {Uint8Array[][]} scores row by row, each of twice n's bytes
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
 * @throws {VeilcastError} `bad_answer`
 */
export function decodeAnswer(body, headerLength, expected) {
  if (!Number.isInteger(headerLength) || headerLength < 2 || headerLength > Math.min(body.length, MAX_HEADER_BYTES)) {
    throw bad('its header has no proper length');
  }
  try {
    const header = object(JSON.parse(decode(body.subarray(0, headerLength))), 'answer');
    return { ...readHeader(header, expected), scores: elements(body.subarray(headerLength), expected) };
  } catch (error) {
    if (error instanceof ShapeError) throw bad(excerpt(error.message));
    if (error instanceof SyntaxError || error instanceof TypeError) throw bad('its header is not JSON');
    throw error;
  }
}

/** @param {Uint8Array} bytes */
const decode = (bytes) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);

/**
 * @param {Record<string, unknown>} header
 * @param {{rows: number, columns: number, width: number}} expected
 * @returns {Omit<Answer, 'scores'>}
 */
function readHeader(header, { rows, columns, width }) {
  const parameters = object(header.parameters ?? {}, 'parameters');
  const string = (/** @type {unknown} */ value, /** @type {string} */ place) => {
    text(value, place);
    return String(value);
  };
  const count = (/** @type {unknown} */ value, /** @type {string} */ place) => {
    integer(1, MAX_COUNT)(value, place);
    return Number(value);
  };
  const digest = (/** @type {unknown} */ value, /** @type {string} */ place) => {
    if (!/^sha256:[0-9a-f]{64}$/.test(string(value, place))) throw new ShapeError(`${place} must be a digest`);
    return String(value);
  };
  listOf(object)(header.outputs, 'outputs');
  const outputs = /** @type {Record<string, unknown>[]} */ (header.outputs);
  if (outputs.length !== 1) throw new ShapeError('outputs must hold only the scores');
  const [{ name, datatype, shape, parameters: about, data }] = outputs;
  oneOf('scores')(name, 'the tensor');
  oneOf('BYTES')(datatype, 'the datatype');
  const size = rows * columns * (PREFIX_BYTES + width);
  if (!Array.isArray(shape) || shape.length !== 2 || shape[0] !== rows || shape[1] !== columns) {
    throw new ShapeError(`the shape must be [${rows}, ${columns}]`);
  }
  if (data !== undefined || object(about ?? {}, 'parameters').binary_data_size !== size) {
    throw new ShapeError(`the scores must be ${size} bytes after the header`);
  }
  oneOf(...Object.keys(SURPLUS))(parameters.layout, 'layout');
  const layout = /** @type {Layout['name']} */ (parameters.layout);
  const surplus = SURPLUS[layout].find((parameter) => parameters[parameter] !== undefined);
  if (surplus) throw new ShapeError(`${surplus} does not belong to the layout ${layout}`);
  const records = count(parameters.records ?? (layout === 'records' ? undefined : rows), 'records');
  if (layout !== 'records' && records !== rows) throw new ShapeError(`there are ${records} records in ${rows} rows`);
  return {
    id: header.id === undefined || header.id === null ? undefined : string(header.id, 'id'),
    modelName: string(header.model_name, 'model_name'),
    modelVersion: string(header.model_version, 'model_version'),
    keyFingerprint: string(parameters.key_fingerprint, 'key_fingerprint'),
    cardDigest: string(parameters.card_digest, 'card_digest'),
    requestDigest: digest(parameters.request_digest, 'request_digest'),
    scoresDigest: digest(parameters.scores_digest, 'scores_digest'),
    records,
    layout: {
      name: layout,
      featuresPerCiphertext: count(parameters.features_per_ciphertext ?? 1, 'features_per_ciphertext'),
      scoresPerAnswer: count(parameters.scores_per_answer ?? 1, 'scores_per_answer'),
    },
  };
}

/**
 * @param {Uint8Array} raw
 * @param {{rows: number, columns: number, width: number}} expected
 */
function elements(raw, { rows, columns, width }) {
  const stride = PREFIX_BYTES + width;
  const size = rows * columns * stride;
  if (raw.length !== size) throw bad(`it has ${raw.length} bytes after its header instead of ${size}`);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => {
      const at = (row * columns + column) * stride;
      if (view.getUint32(at, true) !== width) throw bad(`one of its ciphertexts doesn't have ${width} bytes`);
      return raw.subarray(at + PREFIX_BYTES, at + stride);
    }),
  );
}

/** @param {string} problem */
const bad = (problem) => new VeilcastError('bad_answer', `the answer is damaged, or not a Veilcast service's: ${problem}`);
