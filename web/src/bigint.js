/**
 * Arithmetic on native BigInt, and its bytes.
 *
 * BigInt is not constant time: how long an operation takes depends a little on its operands. Powers
 * take the same sequence of products whatever the exponent's digits are; that is all that can be
 * done here.
 */

const WINDOW = 5;

/**
 * The number of bits of a non-negative number; 0 has none.
 *
 * @param {bigint} x
 */
export function bitLength(x) {
  if (x === 0n) return 0;
  const hex = x.toString(16);
  return 4 * (hex.length - 1) + (32 - Math.clz32(parseInt(hex[0], 16)));
}

/**
 * base^exponent modulo a modulus, by fixed windows of five bits.
 *
 * @param {bigint} base non-negative
 * @param {bigint} exponent non-negative
 * @param {bigint} modulus greater than 1
 */
export function modPow(base, exponent, modulus) {
  const powers = [1n];
  const reduced = base % modulus;
  for (let i = 1; i < 1 << WINDOW; i++) powers.push((powers[i - 1] * reduced) % modulus);
  let result = 1n;
  for (const digit of digits(exponent, WINDOW).reverse()) {
    for (let i = 0; i < WINDOW; i++) result = (result * result) % modulus;
    result = (result * powers[digit]) % modulus;
  }
  return result;
}

/**
 * The digits of a non-negative number to base 2^width, the lowest first.
 *
 * @param {bigint} x
 * @param {number} width at most 16
 */
export function digits(x, width) {
  const bits = x.toString(2);
  const list = [];
  for (let end = bits.length; end > 0; end -= width) {
    list.push(parseInt(bits.slice(Math.max(0, end - width), end), 2));
  }
  return list;
}

/**
 * The greatest common divisor of two non-negative numbers.
 *
 * @param {bigint} a
 * @param {bigint} b
 */
export function gcd(a, b) {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

/**
 * The inverse of a number modulo a modulus, by Euclid's extended algorithm.
 *
 * @param {bigint} a non-negative
 * @param {bigint} modulus greater than 1
 * @throws {RangeError} if they have a common factor
 */
export function inverse(a, modulus) {
  let [r, s] = [modulus, a % modulus];
  let [x, y] = [0n, 1n];
  while (s !== 0n) {
    const quotient = r / s;
    [r, s] = [s, r - quotient * s];
    [x, y] = [y, x - quotient * y];
  }
  if (r !== 1n) throw new RangeError('a number with a factor in common with the modulus has no inverse');
  return x < 0n ? x + modulus : x;
}

/**
 * A number's big-endian bytes.
 *
 * @param {bigint} x non-negative
 * @param {number} [length] how many; as few as the number needs if it is not given
 * @throws {RangeError} if the number needs more
 */
export function bytesFromBigint(x, length) {
  const digits = x === 0n ? '' : x.toString(16);
  const needed = Math.ceil(digits.length / 2);
  const count = length ?? needed;
  if (needed > count) throw new RangeError(`a number of ${needed} bytes does not fit ${count}`);
  const hex = digits.padStart(2 * count, '0');
  return Uint8Array.from({ length: count }, (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/**
 * The number of big-endian bytes.
 *
 * @param {Uint8Array} bytes
 */
export function bigintFromBytes(bytes) {
  return bytes.length === 0 ? 0n : BigInt(`0x${hexFromBytes(bytes)}`);
}

/** The number of at most 16 little-endian bytes. @param {Uint8Array} bytes */
export function littleEndian(bytes) {
  const words = new DataView(new ArrayBuffer(16));
  bytes.forEach((byte, i) => words.setUint8(i, byte));
  const low = words.getBigUint64(0, true);
  return bytes.length > 8 ? (words.getBigUint64(8, true) << 64n) | low : low;
}

/**
 * Bytes in lower-case hexadecimal.
 *
 * @param {Uint8Array} bytes
 */
export function hexFromBytes(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * The bytes of lower-case hexadecimal, which it must be.
 *
 * @param {string} hex
 */
export function bytesFromHex(hex) {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/**
 * Bytes in base64url without padding.
 *
 * @param {Uint8Array} bytes
 */
export function base64urlFromBytes(bytes) {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * The bytes of base64url without padding, in their one spelling.
 *
 * @param {string} text
 * @throws {SyntaxError} if it isn't that
 */
export function bytesFromBase64url(text) {
  if (/^[A-Za-z0-9_-]*$/.test(text) && text.length % 4 !== 1) {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (c) => c.charCodeAt(0));
    if (base64urlFromBytes(bytes) === text) return bytes;
  }
  throw new SyntaxError('not base64url without padding');
}

/**
 * A uniform number from 0 to below a bound, from the platform's cryptographic generator.
 *
 * @param {bigint} bound greater than 0
 */
export function randomBelow(bound) {
  const bits = bitLength(bound);
  const bytes = new Uint8Array(Math.ceil(bits / 8));
  const surplus = BigInt(8 * bytes.length - bits);
  for (;;) {
    const x = bigintFromBytes(crypto.getRandomValues(bytes)) >> surplus;
    if (x < bound) return x;
  }
}
