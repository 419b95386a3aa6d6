/**
 * SHAKE256 of FIPS 202, which neither browsers nor WebCrypto have.
 *
 * A lane of 64 bits is held in two 32-bit numbers, low half first. Lane (x, y) is number x + 5y.
 */
/**
 * The first bytes of SHAKE256.
 *
 * @param {Uint8Array} message
 * @param {number} length how many
 * @returns {Uint8Array<ArrayBuffer>}
 */
export declare function shake256(message: Uint8Array, length: number): Uint8Array<ArrayBuffer>;
