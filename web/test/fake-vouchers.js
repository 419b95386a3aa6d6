/** What the fake service computes for vouchers, by formulas of its own. */

import { createHash, randomBytes } from 'node:crypto';
import { SLOT_BITS, WEIGHTS } from './small-model.js';

/** S + L + 41, with 4369 = ⌊(2^16 − 1)/15⌋ of 13 bits. */
export const UNIT = 16 + 13 + 41;

const BATCH_BYTES = 16;
const ID_BYTES = 20;
const ONES = 2 ** SLOT_BITS - 1;

/** s of a voucher and an output. @param {string} secret @param {Buffer} id @param {number} output */
const maskOf = (secret, id, output) => createHash('sha256').update(secret).update(id).update(String(output)).digest().readUInt16LE(0);

/**
 * The plaintexts of W·r − s, slot by slot, with something random above each.
 *
 * @param {bigint[][]} sums W times the plaintexts of each row
 * @param {number} vouchers
 * @param {string} secret
 */
export function voucherAnswers(sums, vouchers, secret) {
  const batch = randomBytes(BATCH_BYTES);
  const perRow = Math.ceil(vouchers / sums.length);
  const plaintexts = sums.map((row, r) =>
    row.map((sum, output) => {
      let answer = sum;
      for (let t = 0; t < Math.min(perRow, vouchers - r * perRow); t++) {
        const id = Buffer.concat([batch, Buffer.alloc(4)]);
        id.writeUInt32BE(r * perRow + t, BATCH_BYTES);
        // More than the sum is below zero, at most; a multiple of 2^S.
        const above = (1n << 45n) + BigInt(randomBytes(5).readUIntLE(0, 5));
        answer += (BigInt(ONES + 1 - maskOf(secret, id, output)) + (above << BigInt(SLOT_BITS))) << BigInt(UNIT * t);
      }
      return answer;
    }),
  );
  return { batch: batch.toString('hex'), plaintexts };
}

/** z = W·e + s for each masked record. @param {any} header @param {Buffer} raw */
export function maskedScores(
  {
    inputs: [
      {
        shape: [rows, columns],
      },
    ],
    parameters,
  },
  raw,
) {
  const vouchers = Buffer.from(parameters.vouchers, 'base64url');
  return Array.from({ length: rows }, (_, r) => {
    const e = Array.from({ length: columns }, (_, f) => raw.readUInt16LE(2 * (r * columns + f)));
    const id = vouchers.subarray(r * ID_BYTES, (r + 1) * ID_BYTES);
    return WEIGHTS.map((row, output) => row.reduce((sum, w, f) => sum + w * e[f], maskOf(parameters.voucher_secret, id, output)) & ONES);
  });
}
