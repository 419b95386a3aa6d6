/**
 * SHAKE256 of FIPS 202, which neither browsers nor WebCrypto have.
 *
 * A lane of 64 bits is held in two 32-bit numbers, low half first. Lane (x, y) is number x + 5y.
 */

/** Bytes that go in, or come out, between two permutations. */
const RATE = 136;

const LANES = 25;
const ROUNDS = 24;

/** The bits that separate SHAKE from the other functions, with the first bit of the padding. */
const SUFFIX = 0x1f;
const LAST_BIT = 0x80;

/** Where the rotation ρ and the move π take the lanes, one after the other from lane 1: its place, and the bits to rotate by. */
const MOVES = moves();

/** What ι adds to lane 0, one per round: low and high half. */
const CONSTANTS = constants();

/**
 * The first bytes of SHAKE256.
 *
 * @param {Uint8Array} message
 * @param {number} length how many
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function shake256(message, length) {
  const padded = new Uint8Array((Math.floor(message.length / RATE) + 1) * RATE);
  padded.set(message);
  padded[message.length] ^= SUFFIX;
  padded[padded.length - 1] ^= LAST_BIT;
  const input = new DataView(padded.buffer);
  const state = new Int32Array(2 * LANES);
  for (let block = 0; block < padded.length; block += RATE) {
    for (let i = 0; i < RATE / 4; i++) state[i] ^= input.getInt32(block + 4 * i, true);
    permute(state);
  }
  const output = new Uint8Array(Math.ceil(length / RATE) * RATE);
  const view = new DataView(output.buffer);
  for (let block = 0; block < length; block += RATE) {
    if (block > 0) permute(state);
    for (let i = 0; i < RATE / 4; i++) view.setInt32(block + 4 * i, state[i], true);
  }
  return output.slice(0, length);
}

/** Keccak-f[1600]. @param {Int32Array} state */
function permute(state) {
  const columns = new Int32Array(10);
  const row = new Int32Array(10);
  for (let round = 0; round < ROUNDS; round++) {
    // θ: to each lane the parities of two columns.
    for (let i = 0; i < 10; i++) columns[i] = state[i] ^ state[i + 10] ^ state[i + 20] ^ state[i + 30] ^ state[i + 40];
    for (let x = 0; x < 5; x++) {
      const [before, after] = [2 * ((x + 4) % 5), 2 * ((x + 1) % 5)];
      const low = columns[before] ^ ((columns[after] << 1) | (columns[after + 1] >>> 31));
      const high = columns[before + 1] ^ ((columns[after + 1] << 1) | (columns[after] >>> 31));
      for (let i = 2 * x; i < 2 * LANES; i += 10) {
        state[i] ^= low;
        state[i + 1] ^= high;
      }
    }
    // ρ and π: each lane, rotated, takes the place of the next.
    let [low, high] = [state[2], state[3]];
    for (const { place, bits } of MOVES) {
      const [nextLow, nextHigh] = [state[place], state[place + 1]];
      // From 32 bits on the halves swap places.
      const [a, b, by] = bits < 32 ? [low, high, bits] : [high, low, bits - 32];
      state[place] = by === 0 ? a : (a << by) | (b >>> (32 - by));
      state[place + 1] = by === 0 ? b : (b << by) | (a >>> (32 - by));
      [low, high] = [nextLow, nextHigh];
    }
    // χ: the only step that isn't linear.
    for (let y = 0; y < 2 * LANES; y += 10) {
      row.set(state.subarray(y, y + 10));
      for (let i = 0; i < 10; i++) state[y + i] = row[i] ^ (~row[(i + 2) % 10] & row[(i + 4) % 10]);
    }
    // ι
    state[0] ^= CONSTANTS[2 * round];
    state[1] ^= CONSTANTS[2 * round + 1];
  }
}

function moves() {
  let [x, y] = [1, 0];
  return Array.from({ length: LANES - 1 }, (_, t) => {
    [x, y] = [y, (2 * x + 3 * y) % 5];
    return { place: 2 * (x + 5 * y), bits: (((t + 1) * (t + 2)) / 2) % 64 };
  });
}

/** Bits 2^j − 1 of the constants come from a shift register with the polynomial x⁸ + x⁶ + x⁵ + x⁴ + 1. */
function constants() {
  const words = new Int32Array(2 * ROUNDS);
  let register = 1;
  for (let round = 0; round < ROUNDS; round++) {
    for (let j = 0; j < 7; j++) {
      const bit = 2 ** j - 1;
      if (register & 1) words[2 * round + (bit >> 5)] |= 1 << (bit & 31);
      register = register & 0x80 ? (register << 1) ^ 0x171 : register << 1;
    }
  }
  return words;
}
