/**
 * Decision trees whose structure is public: which leaf a record reaches becomes its features.
 */

import { fail } from './shape.js';

/** @typedef {import('./card-types.js').Tree} Tree */

/**
 * Which leaves of some trees numbers reach: one number for each leaf of each tree but the tree's last.
 *
 * @param {readonly Tree[]} trees of a checked card
 * @param {readonly (number | null)[]} numbers missing ones are null
 * @param {(index: number) => Error} missing the error for one that a tree needs
 */
export function leavesOf(trees, numbers, missing) {
  return trees.flatMap((tree) => {
    const reached = leafOf(tree, numbers, missing);
    return Array.from({ length: leafCount(tree) - 1 }, (_, leaf) => (leaf === reached ? 1 : 0));
  });
}

/** @param {Tree} tree @param {readonly (number | null)[]} numbers @param {(index: number) => Error} missing */
function leafOf(tree, numbers, missing) {
  let node = 0;
  for (;;) {
    const number = numbers[tree.feature[node]];
    const step = number === null ? tree.missing?.[node] : (number <= tree.threshold[node] ? tree.low : tree.high)[node];
    if (step === undefined || step === null) throw missing(tree.feature[node]);
    if (step < 0) return -1 - step;
    node = step;
  }
}

/**
 * Whether records may lack a number: no comparison of it is without a way for them.
 *
 * @param {readonly Tree[]} trees
 * @param {number} index
 */
export const takeMissing = (trees, index) =>
  trees.every(({ feature, missing }) => feature.every((number, node) => number !== index || (missing?.[node] ?? null) !== null));

/** @param {Tree} tree */
const stepsOf = ({ low, high, missing = [] }) => [low, high, missing].flatMap((steps) => [...steps.entries()]);

/** @param {Tree} tree */
const leafCount = (tree) => stepsOf(tree).reduce((count, [, step]) => Math.max(count, -(step ?? 0)), 0);

/**
 * Checks that every record reaches a leaf, and that every comparison and leaf can be reached.
 *
 * @param {Tree} tree
 * @param {number} numbers how many there are
 * @param {string} place
 * @returns {number} how many features it gives
 * @throws {import('./shape.js').ShapeError}
 */
export function checkTree(tree, numbers, place) {
  const { feature, threshold, low, high, missing } = tree;
  const nodes = feature.length;
  const lists = [threshold, low, high, missing ?? low];
  if (nodes === 0 || lists.some((list) => list.length !== nodes)) fail(place, 'must have lists with one entry per comparison');
  if (feature.some((index) => index >= numbers)) fail(place, 'compares a number that is not there');
  const count = leafCount(tree);
  if (count < 2 || count > 3 * nodes) fail(place, `has ${count} leaves and ${nodes} comparisons`);
  if (low.some((step, node) => step === high[node])) fail(place, 'leads to the same place either way');
  /** @type {Map<number, number>} */
  const from = new Map();
  const leaves = new Set();
  for (const [node, step] of stepsOf(tree)) {
    if (step === null) continue;
    if (step < 0) leaves.add(-1 - step);
    else if (step <= node || step >= nodes) fail(place, `leads from comparison ${node} to ${step}, which is no later one`);
    else if ((from.get(step) ?? node) !== node) fail(place, `leads to comparison ${step} from two others`);
    else from.set(step, node);
  }
  if (from.size !== nodes - 1) fail(place, 'has a comparison that nothing leads to');
  if (leaves.size !== count) fail(place, 'has a leaf that nothing leads to');
  return count - 1;
}
