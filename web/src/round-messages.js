/**
 * The bodies of requests for a round through a network with hidden layers, and of their answers: a row of bytes for each record, in
 * which each number of the ring of k bits takes ⌈k/8⌉ bytes, little-endian.
 */

import { base64urlFromBytes, littleEndian } from './bigint.js';
import { bad, bodyWith } from './framing.js';
import { decodeSealedAnswer } from './sealed-messages.js';

/** Bytes of each of the two words that a number is written by. */
const WORD = 8;

/** Bytes of a number. @param {number} ringBits k */
export const numberBytes = (ringBits) => Math.ceil(ringBits / 8);

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
export function encodeRoundRequest({ id, cardDigest, keyFingerprint, secret, part, vouchers, records, ringBits }) {
  const width = numberBytes(ringBits);
  const columns = records[0].length * width;
  const size = records.length * columns;
  const header = {
    id,
    parameters: {
      part,
      vouchers: base64urlFromBytes(Uint8Array.from(vouchers.flatMap((ids) => [...ids]))),
      voucher_secret: secret,
      key_fingerprint: keyFingerprint,
      card_digest: cardDigest,
    },
    inputs: [{ name: 'masked_layer', shape: [records.length, columns], datatype: 'UINT8', parameters: { binary_data_size: size } }],
    outputs: [{ name: 'masked_scores', parameters: { binary_data: true } }],
  };
  const { headerLength, body } = bodyWith(header, size);
  const word = new Uint8Array(2 * WORD);
  const view = new DataView(word.buffer);
  let at = headerLength;
  for (const number of records.flat()) {
    view.setBigUint64(0, number, true);
    if (width > WORD) view.setBigUint64(WORD, number >> 64n, true);
    body.set(word.subarray(0, width), at);
    at += width;
  }
  return { headerLength, body };
}

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
export function decodeRoundAnswer(body, headerLength, { rows, columns, ringBits }) {
  const width = numberBytes(ringBits);
  const { rows: found, ...answer } = decodeSealedAnswer(body, headerLength, { rows, columns: columns * width });
  const numbers = found.map((row) => Array.from({ length: columns }, (_, i) => littleEndian(row.subarray(i * width, (i + 1) * width))));
  if (numbers.some((row) => row.some((number) => number !== BigInt.asUintN(ringBits, number)))) {
    throw bad(`one of its numbers has more than ${ringBits} bits`);
  }
  return { ...answer, numbers };
}
