/**
 * The bodies of requests with records that vouchers mask, and of their answers: plain tensors of unsigned integers.
 */

import { base64urlFromBytes } from './bigint.js';
import { aboutOf, bodyWith, checkOutput, checkSize, readBody } from './framing.js';

/** @typedef {import('./vouchers.js').Residues} Residues */

/** The datatypes, each with the bytes of an element and how to write and read it. */
const TYPES = [
  {
    datatype: 'UINT16',
    bytes: 2,
    write: (/** @type {DataView} */ view, /** @type {number} */ at, /** @type {number | bigint} */ x) => view.setUint16(at, Number(x), true),
    read: (/** @type {DataView} */ view, /** @type {number} */ at) => view.getUint16(at, true),
  },
  {
    datatype: 'UINT32',
    bytes: 4,
    write: (/** @type {DataView} */ view, /** @type {number} */ at, /** @type {number | bigint} */ x) => view.setUint32(at, Number(x), true),
    read: (/** @type {DataView} */ view, /** @type {number} */ at) => view.getUint32(at, true),
  },
  {
    datatype: 'UINT64',
    bytes: 8,
    write: (/** @type {DataView} */ view, /** @type {number} */ at, /** @type {number | bigint} */ x) => view.setBigUint64(at, BigInt(x), true),
    read: (/** @type {DataView} */ view, /** @type {number} */ at) => view.getBigUint64(at, true),
  },
];

/** The narrowest type for numbers of S bits. @param {number} slotBits */
const typeOf = (slotBits) => TYPES[Number(slotBits > 16) + Number(slotBits > 32)];

/** Bytes of a masked number of S bits. @param {number} slotBits */
export const elementBytes = (slotBits) => typeOf(slotBits).bytes;

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
export function encodeMaskedRequest({ id, cardDigest, keyFingerprint, secret, vouchers, records, slotBits }) {
  const { datatype, bytes, write } = typeOf(slotBits);
  const columns = records[0].length;
  const size = records.length * columns * bytes;
  const header = {
    id,
    parameters: {
      vouchers: base64urlFromBytes(Uint8Array.from(vouchers.flatMap((voucher) => [...voucher]))),
      voucher_secret: secret,
      key_fingerprint: keyFingerprint,
      card_digest: cardDigest,
    },
    inputs: [{ name: 'masked_records', shape: [records.length, columns], datatype, parameters: { binary_data_size: size } }],
    outputs: [{ name: 'masked_scores', parameters: { binary_data: true } }],
  };
  const { headerLength, body } = bodyWith(header, size);
  const view = new DataView(body.buffer, headerLength);
  records.forEach((record, row) => record.forEach((x, column) => write(view, (row * columns + column) * bytes, x)));
  return { headerLength, body };
}

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
export function decodeMaskedAnswer(body, headerLength, { rows, columns, slotBits }) {
  const { datatype, bytes, read } = typeOf(slotBits);
  const size = rows * columns * bytes;
  return readBody(body, headerLength, (header, raw) => {
    checkOutput(header, { name: 'masked_scores', datatype, rows, columns, size });
    checkSize(raw, size);
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    const scores = Array.from({ length: rows }, (_, row) => {
      const numbers = Array.from({ length: columns }, (_, column) => read(view, (row * columns + column) * bytes));
      return slotBits > 32 ? BigUint64Array.from(numbers, BigInt) : Uint32Array.from(numbers, Number);
    });
    return { ...aboutOf(header), scores, bytes: raw };
  });
}
