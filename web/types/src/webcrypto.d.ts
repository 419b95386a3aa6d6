/**
 * The platform's cryptography, where it offers any.
 */
/**
 * @returns {SubtleCrypto}
 * @throws {VeilcastError} `no_webcrypto`: browsers offer it only to pages from https:// and from the same machine
 */
export declare function subtle(): SubtleCrypto;
/**
 * SHA-256, in lower-case hexadecimal.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
export declare function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string>;
