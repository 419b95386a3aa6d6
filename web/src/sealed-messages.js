/**
 * The bodies of requests to sealed models, and of their answers: a ciphertext for each group of records, and a row of bytes for
 * each record.
 */

import { aboutOf, checkOutput, checkSize, readBody } from './framing.js';
import { bodyOfElements, bytesOfElements } from './messages.js';

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
export function encodeSealedRequest({ id, cardDigest, records, ciphertexts }) {
  const width = ciphertexts[0].length;
  const header = {
    id,
    parameters: { records, card_digest: cardDigest },
    inputs: [
      {
        name: 'sealed_records',
        shape: [ciphertexts.length, 1],
        datatype: 'BYTES',
        parameters: { binary_data_size: bytesOfElements(ciphertexts.length, width) },
      },
    ],
    outputs: [{ name: 'masked_scores', parameters: { binary_data: true } }],
  };
  return bodyOfElements(header, ciphertexts, width);
}

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
export function decodeSealedAnswer(body, headerLength, { rows, columns }) {
  const size = rows * columns;
  return readBody(body, headerLength, (header, raw) => {
    checkOutput(header, { name: 'masked_scores', datatype: 'UINT8', rows, columns, size });
    checkSize(raw, size);
    const scores = Array.from({ length: rows }, (_, row) => raw.subarray(row * columns, (row + 1) * columns));
    return { ...aboutOf(header), rows: scores, bytes: raw };
  });
}
