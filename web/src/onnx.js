/**
 * Networks in ONNX files: their graph, read but not run.
 *
 * Only what networks without control flow contain: tensors of 32-bit floats and of whole numbers, and
 * attributes that are numbers, texts or lists of numbers. Anything else is refused.
 */

import { WireError, floatsOf, integersOf, readFields } from './protobuf.js';

/**
 * @typedef {import('./protobuf.js').Value} Value
 *
 * @typedef {object} Tensor numbers row by row, as many as the product of the sides
 * @property {readonly number[]} sides
 * @property {Float32Array | number[]} values floats, or whole numbers
 *
 * @typedef {number | string | number[]} Attribute
 *
 * @typedef {object} Node
 * @property {string} operator
 * @property {string} name
 * @property {string[]} inputs names of values; "" for one left out
 * @property {string[]} outputs
 * @property {Map<string, Attribute>} attributes
 *
 * @typedef {object} ValueInfo
 * @property {string} name
 * @property {(number | undefined)[]} sides undefined where any length goes
 *
 * @typedef {object} Graph
 * @property {number} opset the version of the operators
 * @property {Map<string, Tensor>} constants
 * @property {ValueInfo[]} inputs without those that are constants
 * @property {ValueInfo[]} outputs
 * @property {Node[]} nodes each after those whose outputs it takes
 */

const FLOAT = 1;
const INT64 = 7;
/** Most numbers that a tensor may have. */
export const MAX_NUMBERS = 1 << 24;

/**
 * Reads a file.
 *
 * @param {Uint8Array} bytes
 * @returns {Graph}
 * @throws {WireError} what is malformed or of a kind that isn't supported
 */
export function readOnnx(bytes) {
  const model = message(bytes);
  if (model.has(25)) throw new WireError('it has functions of its own, which are not supported');
  const versions = model.all(8).map((value) => message(value.bytes));
  const opset = versions.find((version) => isStandard(version.text(1)))?.integer(2);
  const graph = model.get(7);
  if (!opset || !graph) throw new WireError('it is not a network in ONNX');
  return readGraph(message(graph.bytes), opset);
}

/** @param {Message} graph @param {number} opset @returns {Graph} */
function readGraph(graph, opset) {
  if (graph.has(15)) throw new WireError('it has sparse tensors, which are not supported');
  /** @type {Graph['constants']} */
  const constants = new Map();
  for (const value of graph.all(5)) {
    const tensor = message(value.bytes);
    constants.set(tensor.text(8), readTensor(tensor));
  }
  const infos = (/** @type {number} */ tag) => graph.all(tag).map(({ bytes }) => readValueInfo(message(bytes)));
  return {
    opset,
    constants,
    inputs: infos(11).filter(({ name }) => !constants.has(name)),
    outputs: infos(12),
    nodes: graph.all(1).map(({ bytes }) => readNode(message(bytes))),
  };
}

/** @param {Message} node @returns {Node} */
function readNode(node) {
  const [operator, domain] = [node.text(4), node.text(7)];
  return {
    operator: isStandard(domain) ? operator : `${domain}.${operator}`,
    name: node.text(3),
    inputs: node.all(1).map(({ text }) => text),
    outputs: node.all(2).map(({ text }) => text),
    attributes: new Map(node.all(5).map(({ bytes }) => readAttribute(message(bytes)))),
  };
}

/** @param {Message} attribute @returns {[string, Attribute]} */
function readAttribute(attribute) {
  const [name, type] = [attribute.text(1), attribute.integer(20)];
  switch (type) {
    case 1:
      return [name, attribute.get(2)?.float ?? 0];
    case 2:
      return [name, attribute.integer(3)];
    case 3:
      return [name, attribute.text(4)];
    case 6:
      return [name, attribute.all(7).flatMap(({ floats }) => [...floats])];
    case 7:
      return [name, attribute.all(8).flatMap(({ integers }) => integers)];
    default:
      throw new WireError(`the attribute ${name} is of a type that is not supported`);
  }
}

/** @param {Message} tensor @returns {Tensor} */
function readTensor(tensor) {
  const name = tensor.text(8);
  if (tensor.has(3) || tensor.has(13) || tensor.integer(14) !== 0) {
    throw new WireError(`the numbers of the tensor ${name} are not in the file`);
  }
  const sides = tensor.all(1).flatMap(({ integers }) => integers);
  const raw = tensor.get(9)?.bytes;
  const type = tensor.integer(2);
  /** @type {Float32Array | number[]} */
  let values;
  if (type === FLOAT) values = raw ? floatsOf(raw) : Float32Array.from(tensor.all(4).flatMap(({ floats }) => [...floats]));
  else if (type === INT64) values = raw ? integersOf(raw) : tensor.all(7).flatMap(({ integers }) => integers);
  else throw new WireError(`the tensor ${name} is not of 32-bit floats or of 64-bit whole numbers`);
  if (numbersOf(sides) !== values.length) throw new WireError(`the tensor ${name} holds a different number of values from what its sides say`);
  if (!values.every((/** @type {number} */ value) => Number.isFinite(value))) throw new WireError(`the tensor ${name} has a value that is not finite`);
  return { sides, values };
}

/** @param {Message} info @returns {ValueInfo} */
function readValueInfo(info) {
  const name = info.text(1);
  const type = info.get(2) && message(/** @type {Value} */ (info.get(2)).bytes).get(1);
  const tensor = type && message(type.bytes);
  if (tensor?.integer(1) !== FLOAT) throw new WireError(`${name} is not a tensor of 32-bit floats`);
  const shape = tensor.get(2);
  const sides = shape
    ? message(shape.bytes)
        .all(1)
        .map(({ bytes }) => message(bytes).get(1)?.integer)
    : [];
  return { name, sides };
}

/**
 * How many numbers a tensor of these sides has.
 *
 * @param {readonly number[]} sides
 * @throws {WireError} if they are too many
 */
export function numbersOf(sides) {
  const numbers = sides.reduce((product, side) => product * side, 1);
  if (sides.some((side) => side < 0) || numbers > MAX_NUMBERS) throw new WireError(`a tensor of ${sides.slice(0, 8).join(' × ')} is too large`);
  return numbers;
}

const isStandard = (/** @type {string} */ domain) => domain === '' || domain === 'ai.onnx';

/** The fields of a message, by their numbers in ONNX's schema. */
class Message {
  /** @param {Map<number, Value[]>} fields */
  constructor(fields) {
    this.fields = fields;
  }

  /** All values of a field. @param {number} tag */
  all(tag) {
    return this.fields.get(tag) ?? [];
  }

  /** The last value of a field, which counts. @param {number} tag */
  get(tag) {
    return this.fields.get(tag)?.at(-1);
  }

  /** @param {number} tag */
  has(tag) {
    return this.fields.has(tag);
  }

  /** @param {number} tag */
  integer(tag) {
    return this.get(tag)?.integer ?? 0;
  }

  /** @param {number} tag */
  text(tag) {
    return this.get(tag)?.text ?? '';
  }
}

const message = (/** @type {Uint8Array} */ bytes) => new Message(readFields(bytes));
