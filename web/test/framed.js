/** Requests as the fake services read them: a header in JSON, then ciphertexts, each behind its length. */

import { createHash } from 'node:crypto';
import { bigintFromBytes } from '../src/bigint.js';

const LENGTH = 4;

/** @param {Uint8Array} bytes */
export const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A request's body and its parts. @param {import('node:http').IncomingMessage} request */
export async function framed(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  const headerLength = Number(request.headers['inference-header-content-length']);
  const header = headerLength > 0 ? JSON.parse(body.subarray(0, headerLength).toString()) : undefined;
  return { body, headerLength, header, raw: body.subarray(headerLength) };
}

/** Ciphertexts, each behind its length: all are as long as the first. @param {Buffer} raw @returns {Buffer[]} */
export function elementsOf(raw) {
  const stride = LENGTH + raw.readUInt32LE(0);
  return Array.from({ length: raw.length / stride }, (_, i) => {
    const element = raw.subarray(i * stride, (i + 1) * stride);
    if (element.readUInt32LE(0) !== stride - LENGTH) throw new Error('a ciphertext of another length');
    return element.subarray(LENGTH);
  });
}

/**
 * The plaintexts of a request, row by row, with the length of its ciphertexts.
 *
 * @param {{header: any, raw: Buffer}} request
 * @param {import('../index.js').SecretKey} key
 */
export async function opened({ header, raw }, key) {
  const [rows, columns] = header.inputs[0].shape;
  const ciphertexts = elementsOf(raw);
  return { rows, columns, width: ciphertexts[0].length, plaintexts: await key.decryptMany(ciphertexts.map(bigintFromBytes)) };
}

/** @param {readonly Buffer[]} elements */
export function withLengths(elements) {
  return Buffer.concat(
    elements.flatMap((element) => {
      const length = Buffer.alloc(LENGTH);
      length.writeUInt32LE(element.length);
      return [length, element];
    }),
  );
}
