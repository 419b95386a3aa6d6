/**
 * The operators of ONNX that a public part may use, in plain JavaScript.
 *
 * Each takes tensors and a node's attributes and returns a tensor. Sums are computed in 32-bit floats, as other
 * programs do.
 */

import { numbersOf } from './onnx.js';
import { convolve, pool } from './onnx-windows.js';
import { WireError } from './protobuf.js';
import { checkWork, floats, shown, zeros } from './tensor.js';

/**
 * @typedef {import('./onnx.js').Tensor} Tensor
 * @typedef {import('./tensor.js').Floats} Floats
 * @typedef {import('./onnx.js').Attribute} Attribute
 * @typedef {Tensor | undefined} Input undefined where it is left out
 * @typedef {(inputs: Input[], attributes: Attributes) => Tensor} Operator
 */

/** A node's attributes; those that nobody takes are not supported. */
export class Attributes {
  #left;

  /** @param {Map<string, Attribute>} attributes */
  constructor(attributes) {
    this.#left = new Map(attributes);
  }

  /** @param {string} name @param {number} usual @returns {number} */
  number(name, usual) {
    const value = this.#take(name) ?? usual;
    if (typeof value !== 'number') throw new WireError(`${name} must be a number`);
    return value;
  }

  /** @param {string} name @param {number[]} usual @param {number} least @returns {number[]} whole numbers */
  list(name, usual, least = 0) {
    const value = this.#take(name) ?? usual;
    const suits = Array.isArray(value) && value.length === usual.length && value.every((n) => Number.isInteger(n) && n >= least);
    if (!suits) throw new WireError(`${name} must be ${usual.length} whole numbers of at least ${least}`);
    return value;
  }

  /** An attribute that is supported with these values only; the first is the usual one. @param {string} name @param {...Attribute} values */
  only(name, ...values) {
    const value = this.#take(name);
    if (value !== undefined && !values.includes(value)) throw new WireError(`${name} ${JSON.stringify(value)} is not supported`);
  }

  /** @throws {WireError} if there is one that the operator doesn't know */
  end() {
    for (const name of this.#left.keys()) throw new WireError(`the attribute ${name} is not supported`);
  }

  /** @param {string} name */
  #take(name) {
    const value = this.#left.get(name);
    this.#left.delete(name);
    return value;
  }
}

/** @type {Record<string, Operator>} */
export const operators = {
  Add: ([a, b]) => joined(floats(a), floats(b), (x, y) => x + y),
  AveragePool: ([x], attributes) => {
    const usual = attributes.number('count_include_pad', 0);
    return pool(
      floats(x),
      attributes,
      0,
      (sum, value) => sum + value,
      (sum, seen, all) => sum / (usual ? all : seen),
    );
  },
  Clip: ([x, low, high], attributes) => {
    const [least, most] = [low ? single(low) : attributes.number('min', -Infinity), high ? single(high) : attributes.number('max', Infinity)];
    return mapped(x, (value) => Math.min(Math.max(value, least), most));
  },
  Conv: ([x, weights, biases], attributes) => convolve(floats(x), floats(weights), biases && floats(biases), attributes),
  Div: ([a, b]) => joined(floats(a), floats(b), (x, y) => x / y),
  Flatten: ([x], attributes) => {
    const { sides, values } = floats(x);
    const axis = attributes.number('axis', 1);
    const at = axis < 0 ? axis + sides.length : axis;
    return { sides: [sides.slice(0, at), sides.slice(at)].map(numbersOf), values };
  },
  Gemm: ([a, b, c], attributes) => {
    const [alpha, beta] = [attributes.number('alpha', 1), attributes.number('beta', 1)];
    attributes.only('transA', 0);
    const right = attributes.number('transB', 0) ? transposed(floats(b)) : floats(b);
    const product = scaled(multiply(floats(a), right), alpha);
    return c ? joined(product, scaled(floats(c), beta), (x, y) => x + y, product.sides) : product;
  },
  Identity: ([x]) => floats(x),
  MatMul: ([a, b]) => multiply(floats(a), floats(b)),
  MaxPool: ([x], attributes) => {
    attributes.only('storage_order', 0);
    return pool(floats(x), attributes, -Infinity, Math.max, (most) => most);
  },
  Mul: ([a, b]) => joined(floats(a), floats(b), (x, y) => x * y),
  Relu: ([x]) => mapped(x, (value) => Math.max(value, 0)),
  Reshape: ([x, shape], attributes) => {
    return reshape(floats(x), wholeNumbers(shape), attributes.number('allowzero', 0) === 0);
  },
  Sigmoid: ([x]) => mapped(x, (value) => 1 / (1 + Math.exp(-value))),
  Sub: ([a, b]) => joined(floats(a), floats(b), (x, y) => x - y),
  Tanh: ([x]) => mapped(x, Math.tanh),
};

/** @param {Tensor | undefined} tensor @returns {number[]} */
function wholeNumbers(tensor) {
  if (!Array.isArray(tensor?.values)) throw new WireError('it takes whole numbers');
  return tensor.values;
}

/** @param {Input} tensor @param {(value: number) => number} change @returns {Floats} */
const mapped = (tensor, change) => ({ sides: floats(tensor).sides, values: floats(tensor).values.map((value) => change(value)) });

/** @param {Tensor} tensor */
function single(tensor) {
  const { values } = floats(tensor);
  if (values.length !== 1) throw new WireError('a limit must be one number');
  return values[0];
}

/** @param {Floats} x @param {number} factor @returns {Floats} */
const scaled = (x, factor) => (factor === 1 ? x : mapped(x, (value) => value * factor));

/**
 * Tensors joined number by number, the sides of 1 repeated as necessary.
 *
 * @param {Floats} a
 * @param {Floats} b
 * @param {(x: number, y: number) => number} join
 * @param {readonly number[]} [expected] sides of the result
 * @returns {Floats}
 */
function joined(a, b, join, expected) {
  const rank = Math.max(a.sides.length, b.sides.length);
  const [left, right] = [a, b].map(({ sides }) => [...Array(rank - sides.length).fill(1), ...sides]);
  const sides = left.map((side, i) => (side === 1 ? right[i] : side));
  const suits = left.every((side, i) => side === right[i] || side === 1 || right[i] === 1);
  if (!suits || (expected && String(sides) !== String(expected))) throw new WireError(`${shown(a)} and ${shown(b)} don't go together`);
  const result = zeros(sides);
  const steps = [left, right].map((own) => strides(own).map((stride, i) => (own[i] === 1 ? 0 : stride)));
  const place = Array(rank).fill(0);
  let [i, j] = [0, 0];
  for (let at = 0; at < result.values.length; at++) {
    result.values[at] = join(a.values[i], b.values[j]);
    for (let axis = rank - 1; axis >= 0; axis--) {
      i += steps[0][axis];
      j += steps[1][axis];
      if (++place[axis] < sides[axis]) break;
      i -= steps[0][axis] * sides[axis];
      j -= steps[1][axis] * sides[axis];
      place[axis] = 0;
    }
  }
  return result;
}

/** How far apart neighbours are along each side. @param {readonly number[]} sides */
function strides(sides) {
  /** @type {number[]} */
  const list = [];
  let stride = 1;
  for (let axis = sides.length - 1; axis >= 0; axis--) {
    list[axis] = stride;
    stride *= sides[axis];
  }
  return list;
}

/** The product of matrices. @param {Floats} a @param {Floats} b @returns {Floats} */
function multiply(a, b) {
  const [[rows, inner], [below, columns]] = [a.sides, b.sides];
  if (a.sides.length !== 2 || b.sides.length !== 2 || inner !== below) throw new WireError(`${shown(a)} and ${shown(b)} can't be multiplied`);
  const product = zeros([rows, columns]);
  checkWork(rows * inner * columns);
  for (let row = 0; row < rows; row++) {
    const out = product.values.subarray(row * columns, (row + 1) * columns);
    for (let k = 0; k < inner; k++) {
      const factor = a.values[row * inner + k];
      const from = k * columns;
      for (let column = 0; column < columns; column++) out[column] += factor * b.values[from + column];
    }
  }
  return product;
}

/** @param {Floats} matrix @returns {Floats} */
function transposed(matrix) {
  if (matrix.sides.length !== 2) throw new WireError(`${shown(matrix)} is not a matrix`);
  const [rows, columns] = matrix.sides;
  const values = Float32Array.from(matrix.values, (_, i) => matrix.values[(i % rows) * columns + Math.floor(i / rows)]);
  return { sides: [columns, rows], values };
}

/**
 * @param {Floats} x
 * @param {number[]} asked −1 for what remains
 * @param {boolean} keeps whether 0 means the existing side
 * @returns {Floats}
 */
function reshape(x, asked, keeps) {
  const kept = asked.map((side, i) => (side === 0 && keeps ? (x.sides[i] ?? 0) : side));
  const known = kept.filter((side) => side !== -1).reduce((product, side) => product * side, 1);
  const sides = kept.map((side) => (side === -1 ? x.values.length / known : side));
  if (!sides.every((side) => Number.isInteger(side) && side >= 0) || numbersOf(sides) !== x.values.length) {
    throw new WireError(`${shown(x)} does not go into ${asked.slice(0, 8).join(' × ')}`);
  }
  return { sides, values: x.values };
}
