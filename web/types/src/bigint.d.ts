/**
 * Arithmetic on native BigInt, and its bytes.
 *
 * BigInt is not constant time: how long an operation takes depends a little on its operands. Powers
 * take the same sequence of products whatever the exponent's digits are; that is all that can be
 * done here.
 */
/**
 * The number of bits of a non-negative number; 0 has none.
 *
 * @param {bigint} x
 */
export declare function bitLength(x: bigint): number;
/**
 * base^exponent modulo a modulus, by fixed windows of five bits.
 *
 * @param {bigint} base non-negative
 * @param {bigint} exponent non-negative
 * @param {bigint} modulus greater than 1
 */
export declare function modPow(base: bigint, exponent: bigint, modulus: bigint): bigint;
/**
 * The digits of a non-negative number to base 2^width, the lowest first.
 *
 * @param {bigint} x
 * @param {number} width at most 16
 */
export declare function digits(x: bigint, width: number): number[];
/**
 * The greatest common divisor of two non-negative numbers.
 *
 * @param {bigint} a
 * @param {bigint} b
 */
export declare function gcd(a: bigint, b: bigint): bigint;
/**
 * The inverse of a number modulo a modulus, by Euclid's extended algorithm.
 *
 * @param {bigint} a non-negative
 * @param {bigint} modulus greater than 1
 * @throws {RangeError} if they have a common factor
 */
export declare function inverse(a: bigint, modulus: bigint): bigint;
/**
 * A number's big-endian bytes.
 *
 * @param {bigint} x non-negative
 * @param {number} [length] how many; as few as the number needs if it is not given
 * @throws {RangeError} if the number needs more
 */
export declare function bytesFromBigint(x: bigint, length?: number): Uint8Array<ArrayBuffer>;
/**
 * The number of big-endian bytes.
 *
 * @param {Uint8Array} bytes
 */
export declare function bigintFromBytes(bytes: Uint8Array): bigint;
/** The number of at most 16 little-endian bytes. @param {Uint8Array} bytes */
export declare function littleEndian(bytes: Uint8Array): bigint;
/**
 * Bytes in lower-case hexadecimal.
 *
 * @param {Uint8Array} bytes
 */
export declare function hexFromBytes(bytes: Uint8Array): string;
/**
 * The bytes of lower-case hexadecimal, which it must be.
 *
 * @param {string} hex
 */
export declare function bytesFromHex(hex: string): Uint8Array<ArrayBuffer>;
/**
 * Bytes in base64url without padding.
 *
 * @param {Uint8Array} bytes
 */
export declare function base64urlFromBytes(bytes: Uint8Array): string;
/**
 * The bytes of base64url without padding, in their one spelling.
 *
 * @param {string} text
 * @throws {SyntaxError} if it isn't that
 */
export declare function bytesFromBase64url(text: string): Uint8Array<ArrayBuffer>;
/**
 * A uniform number from 0 to below a bound, from the platform's cryptographic generator.
 *
 * @param {bigint} bound greater than 0
 */
export declare function randomBelow(bound: bigint): bigint;
