/**
 * Where numbers sit in plaintexts for a part of a network with hidden layers, whose ring has k bits. Part l takes d numbers and
 * gives m; its weights have b bits.
 *
 * - `shares` is as `vouchers`, with S = k and u = k + L + 41, where L = b − 1 + ⌈log₂ d⌉.
 * - `products` has a row for each voucher and a number in each ciphertext; an answer's slots are several of its m products, 2k + 41
 *   bits apart.
 * - `layer` has a row for each record, and in each ciphertext a number: of the record, or after the first part of the client's shares
 *   of a hidden layer, and then of their squares. An answer's slots are several of the part's m sums, k + L + 41 bits apart, or
 *   2k + L + 41.
 */

import { VeilcastError } from './error.js';

/** σ: what is masked is hidden within 2^−σ. */
export const HIDING_BITS = 40;

/** The inputs and outputs of each affine part. @param {import('./card.js').Card} card @returns {[number, number][]} */
export function shapesOf({ features, outputs, hidden }) {
  const sizes = [features, ...(hidden?.sizes ?? []), outputs];
  return sizes.slice(1).map((size, part) => [sizes[part], size]);
}

/**
 * @param {import('./card.js').Card} card
 * @param {import('./layout.js').Layout} layout
 * @param {number} keyBits
 * @returns {import('./layout.js').Geometry}
 * @throws {VeilcastError} `layout_not_allowed` if the card has no such part, or the key has no room
 */
export function geometryOfPart(card, { name, part = -1, featuresPerCiphertext, scoresPerAnswer }, keyBits) {
  const { hidden } = card;
  const shapes = shapesOf(card);
  const isProduct = name === 'products';
  const isLayer = name === 'layer';
  const isOffered = card.ways.includes(isLayer ? 'direct' : 'vouchers');
  const isPart = shapes[part] !== undefined && !(isProduct && part + 1 === shapes.length) && featuresPerCiphertext === 1 && scoresPerAnswer === 1;
  if (!hidden || !isPart || !isOffered || (!isProduct && !isLayer && name !== 'shares')) {
    throw new VeilcastError('layout_not_allowed', `the model does not take the layout ${name} of a part ${part}`);
  }
  const k = hidden.ring_bits;
  const [inputs, outputs] = shapes[part];
  const numberBits = isLayer && part > 0 ? 2 * k : k;
  const sumBits = isProduct ? 2 * k + 1 : numberBits + hidden.weight_bits[part] + ceilLog2(inputs);
  const unit = sumBits + HIDING_BITS;
  const most = Math.floor((keyBits - 1) / unit);
  if (most < 1) throw new VeilcastError('layout_not_allowed', `the model does not take the layout ${name} under a key of ${keyBits} bits`);
  if (isLayer) {
    const features = part > 0 ? 2 * inputs : inputs;
    return { slotBits: k, unit, features, outputs, slots: Math.min(most, outputs), isGrouped: false };
  }
  return isProduct
    ? { slotBits: k, unit, features: outputs, outputs, slots: Math.min(most, outputs), isGrouped: false }
    : { slotBits: k, unit, features: inputs, outputs, slots: most, isGrouped: true };
}

/** ⌈log₂ x⌉. @param {number} x from 1 */
const ceilLog2 = (x) => 32 - Math.clz32(x - 1);
