/** Looks for secrets in bytes, in whatever form they may be there. */

/**
 * @typedef {{name: string, bytes: Buffer}} Needle a piece of a secret in one form
 * @typedef {{name: string, rows: number[][]}} Numbers a list of numbers, piece by piece
 */

/** Bytes of a prime that are looked for together: from a half of them the rest can be computed. */
const PIECE = 24;

/**
 * The names of the secrets that are somewhere in the bytes.
 *
 * @param {readonly Buffer[]} haystacks
 * @param {readonly Needle[]} needles
 */
export function leaksIn(haystacks, needles) {
  const views = haystacks.flatMap((bytes) => [bytes, withoutSpaces(bytes), lowerCased(bytes)]);
  return needles.filter(({ bytes }) => views.some((view) => view.includes(bytes))).map(({ name }) => name);
}

/** @param {Buffer} bytes */
const withoutSpaces = (bytes) => Buffer.from(bytes.filter((byte) => byte > 0x20));

/** For hexadecimal in capital letters. @param {Buffer} bytes */
const lowerCased = (bytes) => Buffer.from(bytes.map((byte) => (byte > 0x40 && byte < 0x5b ? byte + 0x20 : byte)));

/**
 * An image's rows and columns, in all forms. What is one grey throughout is left out.
 *
 * @param {Uint8Array} pixels 0 to 255, row by row
 * @param {number} side
 * @param {number} levels of the quantised image, at most 16
 * @returns {Needle[]}
 */
export function imageNeedles(pixels, side, levels) {
  const at = (/** @type {number} */ row, /** @type {number} */ column) => pixels[row * side + column];
  const indices = Array.from({ length: side }, (_, i) => i);
  const lines = [
    ...indices.map((row) => ({ name: `row ${row}`, line: indices.map((column) => at(row, column)) })),
    ...indices.map((column) => ({ name: `column ${column}`, line: indices.map((row) => at(row, column)) })),
  ].filter(({ line }) => new Set(line).size > 3);
  return lines.flatMap(({ name, line }) => {
    const quantized = line.map((pixel) => Math.round((pixel / 255) * (levels - 1)));
    return [
      ...numberForms(`${name} as pixels`, line),
      ...numberForms(`${name} quantised`, quantized),
      ...numberForms(
        `${name} as fractions`,
        line.map((pixel) => pixel / 255),
      ),
      ...packings(quantized).flatMap(([form, bytes]) => byteForms(`${name} quantised, ${form}`, bytes)),
    ];
  });
}

/**
 * A prime, piece by piece, in all forms.
 *
 * @param {string} name
 * @param {bigint} prime
 * @returns {Needle[]}
 */
export function primeNeedles(name, prime) {
  const hex = prime.toString(16);
  const big = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  const little = Buffer.from(big).reverse();
  const starts = [0, Math.floor((big.length - PIECE) / 2), big.length - PIECE];
  const digits = prime.toString();
  return [
    ...starts.flatMap((start) => [
      ...byteForms(`${name} from byte ${start}, big end first`, big.subarray(start, start + PIECE)),
      ...byteForms(`${name} from byte ${start}, little end first`, little.subarray(start, start + PIECE)),
    ]),
    ...[0, digits.length - 2 * PIECE].map((start) => ({
      name: `${name} in decimal from digit ${start}`,
      bytes: Buffer.from(digits.slice(start, start + 2 * PIECE)),
    })),
  ];
}

/** A text, in all forms. @param {string} text @returns {Needle[]} */
export const textNeedles = (text) => byteForms(`"${text}"`, Buffer.from(text.replace(/\s/g, '')));

/** A list of numbers, in all forms. @param {string} name @param {readonly number[]} numbers @returns {Needle[]} */
export function numberForms(name, numbers) {
  const forms = [
    ...byteForms(`${name}, in 32-bit floats`, Buffer.from(Float32Array.from(numbers).buffer)),
    ...byteForms(`${name}, in 64-bit floats`, Buffer.from(Float64Array.from(numbers).buffer)),
    { name: `${name}, in JSON`, bytes: Buffer.from(numbers.join(',')) },
  ];
  const isWhole = numbers.every(Number.isInteger);
  return isWhole ? [...byteForms(`${name}, a byte each`, Buffer.from(numbers)), ...forms] : forms;
}

/**
 * Two numbers per byte, in each order, from the first number and from the second.
 *
 * @param {readonly number[]} numbers
 * @returns {[string, Buffer][]}
 */
function packings(numbers) {
  return [0, 1].flatMap((start) => {
    const pairs = Array.from({ length: Math.floor((numbers.length - start) / 2) }, (_, i) => [numbers[start + 2 * i], numbers[start + 2 * i + 1]]);
    return /** @type {[string, Buffer][]} */ ([
      [`4 bits each from ${start}, high first`, Buffer.from(pairs.map(([a, b]) => 16 * a + b))],
      [`4 bits each from ${start}, low first`, Buffer.from(pairs.map(([a, b]) => a + 16 * b))],
    ]);
  });
}

/** @param {string} name @param {Buffer} bytes @returns {Needle[]} */
function byteForms(name, bytes) {
  const base64 = [0, 1, 2].map((before) => {
    // Digits that depend on nothing but these bytes, when this many come before them.
    const [start, end] = [Math.ceil((8 * before) / 6), Math.floor((8 * (before + bytes.length)) / 6)];
    return Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .slice(start, end);
  });
  return [
    { name, bytes },
    { name: `${name}, in hexadecimal`, bytes: Buffer.from(bytes.toString('hex')) },
    ...base64.flatMap((text, i) => [
      { name: `${name}, in base64 after ${i} bytes`, bytes: Buffer.from(text) },
      { name: `${name}, in base64url after ${i} bytes`, bytes: Buffer.from(text.replaceAll('+', '-').replaceAll('/', '_')) },
    ]),
  ];
}
