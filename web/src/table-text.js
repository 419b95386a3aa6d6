/** The text of a file, whatever its encoding; other formats are named, and never read as text. */

import { VeilcastError } from './error.js';

const AS_PNG = 'save it as PNG';
const AS_CSV = 'save the table as CSV';
const UNPACK = 'unpack it first';

/** The first characters of formats that aren't text, as Latin-1. @type {readonly [string, string, string][]} */
const OTHERS = [
  ['\xff\xd8\xff', 'a JPEG picture', AS_PNG],
  ['\x89PNG', 'a PNG picture', 'choose a model that takes pictures'],
  ['GIF8', 'a GIF picture', AS_PNG],
  ['%PDF', 'a PDF document', AS_CSV],
  ['PAR1', 'a Parquet file', `${AS_CSV}, or use the program veilcast`],
  ['ARROW1', 'an Arrow file', `${AS_CSV}, or use the program veilcast`],
  ['\xd0\xcf\x11\xe0', 'a workbook', 'save its sheet as CSV, or use the program veilcast'],
  ['PK\x03\x04', 'a workbook or another ZIP archive', 'save its sheet as CSV, or use the program veilcast'],
  ['<?xml', 'XML', AS_CSV],
  ['<!DOCTYPE', 'a web page', AS_CSV],
  ['<html', 'a web page', AS_CSV],
  ['{"', 'JSON', AS_CSV],
  ['[{', 'JSON', AS_CSV],
  ['\x93NUMPY', 'an array of NumPy', AS_CSV],
  ['BZh91AY', 'compressed with bzip2', UNPACK],
  ['\xfd7zXZ', 'compressed with xz', UNPACK],
  ['\x28\xb5\x2f\xfd', 'compressed with Zstandard', UNPACK],
];

/**
 * The text of a file, unpacked if it is gzipped, and what was found out about its encoding.
 *
 * @param {Uint8Array<ArrayBuffer>} file
 * @returns {Promise<{text: string, said: string[]}>}
 * @throws {VeilcastError} `not_a_table` if it isn't text
 */
export async function textOfTable(file) {
  let bytes = file;
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
      bytes = new Uint8Array(await new Response(unpacked).arrayBuffer());
    } catch (cause) {
      throw new VeilcastError('not_a_table', 'the gzipped file is damaged', { cause });
    }
  }
  const start = String.fromCharCode(...bytes.subarray(0, 16));
  const other = OTHERS.find(([magic]) => start.startsWith(magic));
  if (other) throw new VeilcastError('not_a_table', `the file is ${other[1]}; ${other[2]}`);
  const encoding = encodingOf(bytes);
  const text = new TextDecoder(encoding).decode(bytes);
  if (encoding === 'utf-8') return { text, said: [] };
  const isSaid = bytes[0] >= 0xfe;
  return { text, said: [isSaid ? `the text is in ${encoding.toUpperCase()}` : `the text isn't in UTF-8, and is read as ${nameOf(encoding)}`] };
}

/** @param {string} encoding */
const nameOf = (encoding) => (encoding === 'windows-1252' ? encoding : encoding.toUpperCase());

/** @param {Uint8Array} bytes */
function encodingOf(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const start = bytes.subarray(0, Math.min(4096, bytes.length) & ~1);
  const zeros = [0, 0];
  start.forEach((byte, i) => (zeros[i % 2] += byte === 0 ? 1 : 0));
  const most = (start.length / 2) * 0.4;
  if (zeros[0] === 0 && zeros[1] > most) return 'utf-16le';
  if (zeros[1] === 0 && zeros[0] > most) return 'utf-16be';
  if (!bytes.includes(0)) {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      return 'utf-8';
    } catch {
      const meansNothing = (/** @type {number} */ byte) =>
        [0x81, 0x8d, 0x8f, 0x90, 0x9d].includes(byte) || (byte < 0x20 && ![9, 10, 12, 13, 26].includes(byte));
      if (!bytes.some(meansNothing)) return 'windows-1252';
    }
  }
  throw new VeilcastError('not_a_table', 'the file is not text in UTF-8, UTF-16 or Windows-1252');
}
