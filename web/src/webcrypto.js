/**
 * The platform's cryptography, where it offers any.
 */

import { hexFromBytes } from './bigint.js';
import { VeilcastError } from './error.js';

/**
 * @returns {SubtleCrypto}
 * @throws {VeilcastError} `no_webcrypto`: browsers offer it only to pages from https:// and from the same machine
 */
export function subtle() {
  if (globalThis.crypto?.subtle) return crypto.subtle;
  throw new VeilcastError('no_webcrypto', 'the browser does not offer cryptography to this page: open it with https:// or from localhost');
}

/**
 * SHA-256, in lower-case hexadecimal.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
export async function sha256(bytes) {
  return hexFromBytes(new Uint8Array(await subtle().digest('SHA-256', bytes)));
}
