/** Bytes as people can look at them: as noise, and in hexadecimal. */

/** Bytes of a message that are drawn, at most. */
const MOST_DRAWN = 512 * 512;

const PREFIX_BYTES = 4;

/** Bytes per line of hexadecimal. */
export const LINE = 12;

/** The two ends of the scale that a byte's dot is on. */
const DARK = [28, 22, 58];
const LIGHT = [226, 220, 255];

/**
 * The ciphertexts of a message, one after the other, without what surrounds them.
 *
 * @param {Uint8Array} body of a request or an answer
 * @param {number} headerLength
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function ciphertextsOf(body, headerLength) {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const bytes = new Uint8Array(body.length - headerLength);
  let length = 0;
  for (let at = headerLength; at + PREFIX_BYTES <= body.length;) {
    const element = body.subarray(at + PREFIX_BYTES, at + PREFIX_BYTES + view.getUint32(at, true));
    bytes.set(element, length);
    length += element.length;
    at += PREFIX_BYTES + element.length;
  }
  return bytes.slice(0, length);
}

/**
 * What is secret of a message: its ciphertexts, or plain numbers that are masked.
 *
 * @param {Uint8Array} body
 * @param {number} headerLength
 * @param {import('../src/card-types.js').Way} way
 * @param {'request' | 'answer'} [side]
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function secretsOf(body, headerLength, way, side = 'request') {
  const isPlain = way === 'vouchers' || (way === 'sealed' && side === 'answer');
  return isPlain ? new Uint8Array(body.subarray(headerLength)) : ciphertextsOf(body, headerLength);
}

/**
 * A square picture with one dot per byte: the greater, the lighter.
 *
 * @param {Uint8Array} bytes
 * @returns {{side: number, data: Uint8ClampedArray<ArrayBuffer>}} red, green, blue and alpha of each dot
 */
export function noiseOf(bytes) {
  const drawn = bytes.subarray(0, MOST_DRAWN);
  // Full rows only: an incomplete last one would look like a flaw.
  const side = Math.max(1, Math.floor(Math.sqrt(drawn.length)));
  const data = new Uint8ClampedArray(4 * side * side);
  for (let i = 0; i < side * side; i++) {
    const share = (drawn[i] ?? 0) / 255;
    for (let c = 0; c < 3; c++) data[4 * i + c] = DARK[c] + share * (LIGHT[c] - DARK[c]);
    data[4 * i + 3] = 255;
  }
  return { side, data };
}

/** Draws bytes as noise. @param {HTMLCanvasElement} canvas @param {Uint8Array} bytes */
export function drawNoise(canvas, bytes) {
  const { side, data } = noiseOf(bytes);
  canvas.width = canvas.height = side;
  canvas.getContext('2d')?.putImageData(new ImageData(data, side, side), 0, 0);
}

/**
 * Lines of hexadecimal, with the bytes' places and those of them that are ASCII.
 *
 * @param {Uint8Array} bytes
 * @param {number} start
 * @param {number} count
 */
export function hexDump(bytes, start, count) {
  const lines = [];
  for (let at = start; at < Math.min(start + count, bytes.length); at += LINE) {
    const line = [...bytes.subarray(at, Math.min(at + LINE, start + count))];
    const hex = line.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = line.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '·')).join('');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(3 * LINE - 1)}  ${text}`);
  }
  return lines.join('\n');
}
