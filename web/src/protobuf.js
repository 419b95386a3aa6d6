/**
 * The wire format of protocol buffers, as far as ONNX files use it.
 */

/** What is wrong with a file's bytes; callers turn it into an error of their own kind. */
export class WireError extends Error {}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The value of a field, which is read as what the schema says. */
export class Value {
  /**
   * @param {number} wire
   * @param {bigint} integer of a varint
   * @param {Uint8Array} bytes of anything else
   */
  constructor(wire, integer, bytes) {
    this.wire = wire;
    this.raw = integer;
    this.content = bytes;
  }

  /** @returns {number} a signed whole number that a float can hold */
  get integer() {
    this.#is(VARINT);
    const integer = Number(BigInt.asIntN(64, this.raw));
    if (!Number.isSafeInteger(integer)) throw new WireError('a number is too large');
    return integer;
  }

  /** @returns {number} */
  get float() {
    this.#is(FIXED32);
    return viewOf(this.content).getFloat32(0, true);
  }

  /** @returns {Uint8Array} */
  get bytes() {
    this.#is(BYTES);
    return this.content;
  }

  /** @returns {string} */
  get text() {
    try {
      return utf8.decode(this.bytes);
    } catch (error) {
      if (error instanceof WireError) throw error;
      throw new WireError('a text is not UTF-8');
    }
  }

  /** Whole numbers of a list: this is one of them, or many packed together. @returns {number[]} */
  get integers() {
    if (this.wire !== BYTES) return [this.integer];
    /** @type {number[]} */
    const list = [];
    for (let at = 0; at < this.content.length;) {
      const varint = readVarint(this.content, at);
      list.push(new Value(VARINT, varint.value, NONE).integer);
      at = varint.end;
    }
    return list;
  }

  /** Floats of a list: this is one of them, or many packed together. @returns {Float32Array} */
  get floats() {
    return this.wire === BYTES ? floatsOf(this.content) : Float32Array.of(this.float);
  }

  /** @param {number} wire */
  #is(wire) {
    if (this.wire !== wire) throw new WireError('a field has a different type from that in ONNX');
  }
}

const NONE = new Uint8Array();

/**
 * The fields of a message, by their numbers in the schema and in their order.
 *
 * @param {Uint8Array} message
 * @returns {Map<number, Value[]>}
 * @throws {WireError}
 */
export function readFields(message) {
  /** @type {Map<number, Value[]>} */
  const fields = new Map();
  for (let at = 0; at < message.length;) {
    const key = readVarint(message, at);
    const [tag, wire] = [Number(key.value >> 3n), Number(key.value & 7n)];
    const { value, end } = readValue(message, key.end, wire);
    const list = fields.get(tag);
    if (list) list.push(value);
    else fields.set(tag, [value]);
    at = end;
  }
  return fields;
}

/** @param {Uint8Array} message @param {number} at @param {number} wire */
function readValue(message, at, wire) {
  if (wire === VARINT) {
    const { value, end } = readVarint(message, at);
    return { value: new Value(wire, value, NONE), end };
  }
  let [start, length] = [at, wire === FIXED32 ? 4 : 8];
  if (wire === BYTES) {
    const varint = readVarint(message, at);
    [start, length] = [varint.end, Number(varint.value)];
  } else if (wire !== FIXED32 && wire !== FIXED64) {
    throw new WireError('a field has a type that ONNX does not have');
  }
  if (length > message.length - start) throw new WireError('it ends within a field');
  return { value: new Value(wire, 0n, message.subarray(start, start + length)), end: start + length };
}

/** @param {Uint8Array} message @param {number} at */
function readVarint(message, at) {
  let value = 0n;
  for (let i = 0; i < 10; i++) {
    if (at + i >= message.length) throw new WireError('it ends within a field');
    const byte = message[at + i];
    value |= BigInt(byte & 127) << BigInt(7 * i);
    if (byte < 128) return { value, end: at + i + 1 };
  }
  throw new WireError('a number is too long');
}

/** Little-endian floats. @param {Uint8Array} bytes */
export function floatsOf(bytes) {
  if (bytes.length % 4 !== 0) throw new WireError('a list of floats ends within one');
  const view = viewOf(bytes);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

/** Little-endian whole numbers of 64 bits. @param {Uint8Array} bytes */
export function integersOf(bytes) {
  if (bytes.length % 8 !== 0) throw new WireError('a list of numbers ends within one');
  const view = viewOf(bytes);
  return Array.from({ length: bytes.length / 8 }, (_, i) => new Value(VARINT, view.getBigUint64(8 * i, true), NONE).integer);
}

const viewOf = (/** @type {Uint8Array} */ bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
