/**
 * Tensors of 32-bit floats, and what operators on them may take.
 */

import { numbersOf } from './onnx.js';
import { WireError } from './protobuf.js';

/**
 * @typedef {import('./onnx.js').Tensor} Tensor
 * @typedef {{sides: readonly number[], values: Float32Array}} Floats
 */

/** Most products that one node may take for a record. */
const MAX_PRODUCTS = 1 << 28;

/** @param {number} products */
export function checkWork(products) {
  if (products > MAX_PRODUCTS) throw new WireError(`it takes more than ${MAX_PRODUCTS} products`);
}

/** A tensor, if there is one of floats. @param {Tensor | undefined} tensor @returns {Floats} */
export function floats(tensor) {
  if (!tensor) throw new WireError('it lacks an input');
  const { sides, values } = tensor;
  if (!(values instanceof Float32Array)) throw new WireError('it takes 32-bit floats');
  return { sides, values };
}

/** A tensor of zeros. @param {readonly number[]} sides @returns {Floats} */
export const zeros = (sides) => ({ sides, values: new Float32Array(numbersOf(sides)) });

/** A tensor's form, for messages. @param {Tensor} tensor */
export const shown = ({ sides }) => `a tensor of ${sides.slice(0, 8).join(' × ') || 'one number'}`;
