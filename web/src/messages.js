/**
 * The bodies of requests with ciphertexts, and of their answers. Each element of the tensor comes after its length in four
 * little-endian bytes.
 */

import { base64urlFromBytes } from './bigint.js';
import { aboutOf, bad, bodyWith, checkOutput, checkSize, count, hexadecimal, index, parametersOf, readBody, string } from './framing.js';
import { oneOf, ShapeError } from './shape.js';

/** @typedef {import('./layout.js').Layout} Layout */

const PREFIX_BYTES = 4;

/** Hexadecimal digits of a batch of vouchers, and of the secret that they were derived from. */
const BATCH_DIGITS = 32;
const SECRET_DIGITS = 16;

/** Layouts of networks, whose messages name a part. @type {Layout['name'][]} */
const OF_PARTS = ['shares', 'products', 'layer'];

/** Layouts of vouchers, whose answers name their batch. @type {Layout['name'][]} */
const AHEAD = ['vouchers', 'shares', 'products'];

/** Layouts in which a row may hold several records, so that messages name their number. @type {Layout['name'][]} */
const GROUPED = ['records', 'vouchers', 'shares'];

/** The parameters that a layout's messages don't have. @type {Record<Layout['name'], string[]>} */
const SURPLUS = {
  scalar: ['features_per_ciphertext', 'part'],
  features: ['part'],
  records: ['features_per_ciphertext', 'scores_per_answer', 'part'],
  vouchers: ['features_per_ciphertext', 'scores_per_answer', 'part'],
  shares: ['features_per_ciphertext', 'scores_per_answer'],
  products: ['features_per_ciphertext', 'scores_per_answer'],
  layer: ['features_per_ciphertext', 'scores_per_answer'],
};

/**
 * @typedef {object} Request
 * @property {string} [id] at most 256 bytes, which the answer repeats
 * @property {Uint8Array} publicKey n as minimal big-endian bytes
 * @property {string} [keyProof] the key's proof in base64url: for a service that doesn't know the key
 * @property {Layout} layout
 * @property {number} records
 * @property {string} cardDigest
 * @property {{batch: string, secret: string}} [vouchers] what the last answer said of the shares in it, for a layer after the first
 * @property {Uint8Array[][]} ciphertexts row by row, each of twice n's bytes
 */

/**
 * The body of a request.
 *
 * @param {Request} request
 * @returns {{headerLength: number, body: Uint8Array<ArrayBuffer>}}
 */
export function encodeRequest({ id, publicKey, keyProof, layout, records, cardDigest, vouchers, ciphertexts }) {
  const elements = ciphertexts.flat();
  const width = 2 * publicKey.length;
  const { name, featuresPerCiphertext, scoresPerAnswer, part } = layout;
  const header = {
    id,
    parameters: {
      public_key: base64urlFromBytes(publicKey),
      key_proof: keyProof,
      layout: name,
      features_per_ciphertext: name === 'features' ? featuresPerCiphertext : undefined,
      scores_per_answer: scoresPerAnswer === 1 ? undefined : scoresPerAnswer,
      part,
      records: GROUPED.includes(name) ? records : undefined,
      card_digest: cardDigest,
      voucher_batch: vouchers?.batch,
      voucher_secret: vouchers?.secret,
    },
    inputs: [
      {
        name: 'ciphertexts',
        shape: [ciphertexts.length, ciphertexts[0].length],
        datatype: 'BYTES',
        parameters: { binary_data_size: bytesOfElements(elements.length, width) },
      },
    ],
    outputs: [{ name: 'scores', parameters: { binary_data: true } }],
  };
  return bodyOfElements(header, elements, width);
}

/** The bytes that elements take in a tensor. @param {number} count @param {number} width bytes of each */
export const bytesOfElements = (count, width) => count * (PREFIX_BYTES + width);

/**
 * A body with elements of a tensor.
 *
 * @param {object} header
 * @param {readonly Uint8Array[]} elements
 * @param {number} width bytes of each
 */
export function bodyOfElements(header, elements, width) {
  const { headerLength, body } = bodyWith(header, bytesOfElements(elements.length, width));
  const view = new DataView(body.buffer);
  elements.forEach((element, i) => {
    if (element.length !== width) throw new RangeError(`a ciphertext under this key has ${width} bytes`);
    const at = headerLength + bytesOfElements(i, width);
    view.setUint32(at, width, true);
    body.set(element, at + PREFIX_BYTES);
  });
  return { headerLength, body };
}

/**
 * @typedef {object} OfCiphertexts
 * @property {string} keyFingerprint
 * @property {Layout} layout
 * @property {number} records
 * @property {{batch: string, secret: string}} [vouchers] what the service says of vouchers, in the layouts that are for them, or of
 *   the shares of a hidden layer
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
export function decodeAnswer(body, headerLength, expected) {
  return readBody(body, headerLength, (header, raw) => ({ ...readHeader(header, expected), scores: elements(raw, expected) }));
}

/**
 * @param {Record<string, unknown>} header
 * @param {{rows: number, columns: number, width: number}} expected
 * @returns {Omit<Answer, 'scores'>}
 */
function readHeader(header, { rows, columns, width }) {
  const parameters = parametersOf(header);
  checkOutput(header, { name: 'scores', datatype: 'BYTES', rows, columns, size: bytesOfElements(rows * columns, width) });
  oneOf(...Object.keys(SURPLUS))(parameters.layout, 'layout');
  const layout = /** @type {Layout['name']} */ (parameters.layout);
  const surplus = SURPLUS[layout].find((parameter) => parameters[parameter] !== undefined);
  if (surplus) throw new ShapeError(`${surplus} does not belong to the layout ${layout}`);
  const isGrouped = GROUPED.includes(layout);
  const records = count(parameters.records ?? (isGrouped ? undefined : rows), 'records');
  if (!isGrouped && records !== rows) throw new ShapeError(`there are ${records} records in ${rows} rows`);
  return {
    ...aboutOf(header),
    keyFingerprint: string(parameters.key_fingerprint, 'key_fingerprint'),
    records,
    layout: {
      name: layout,
      featuresPerCiphertext: count(parameters.features_per_ciphertext ?? 1, 'features_per_ciphertext'),
      scoresPerAnswer: count(parameters.scores_per_answer ?? 1, 'scores_per_answer'),
      ...(OF_PARTS.includes(layout) && { part: index(parameters.part, 'part') }),
    },
    ...((AHEAD.includes(layout) || (layout === 'layer' && parameters.voucher_batch !== undefined)) && {
      vouchers: {
        batch: hexadecimal(parameters.voucher_batch, 'voucher_batch', BATCH_DIGITS),
        secret: hexadecimal(parameters.voucher_secret, 'voucher_secret', SECRET_DIGITS),
      },
    }),
  };
}

/**
 * @param {Uint8Array} raw
 * @param {{rows: number, columns: number, width: number}} expected
 */
function elements(raw, { rows, columns, width }) {
  const stride = PREFIX_BYTES + width;
  checkSize(raw, bytesOfElements(rows * columns, width));
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => {
      const at = (row * columns + column) * stride;
      if (view.getUint32(at, true) !== width) throw bad(`one of its ciphertexts doesn't have ${width} bytes`);
      return raw.subarray(at + PREFIX_BYTES, at + stride);
    }),
  );
}
