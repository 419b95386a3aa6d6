/**
 * Decision trees whose structure is public: which leaf a record reaches becomes its features.
 */
export type Tree = import('./card-types.js').Tree;
/** @typedef {import('./card-types.js').Tree} Tree */
/**
 * Which leaves of some trees numbers reach: one number for each leaf of each tree but the tree's last.
 *
 * @param {readonly Tree[]} trees of a checked card
 * @param {readonly (number | null)[]} numbers missing ones are null
 * @param {(index: number) => Error} missing the error for one that a tree needs
 */
export declare function leavesOf(trees: readonly Tree[], numbers: readonly (number | null)[], missing: (index: number) => Error): (0 | 1)[];
/**
 * Whether records may lack a number: no comparison of it is without a way for them.
 *
 * @param {readonly Tree[]} trees
 * @param {number} index
 */
export declare const takeMissing: (trees: readonly Tree[], index: number) => boolean;
/**
 * Checks that every record reaches a leaf, and that every comparison and leaf can be reached.
 *
 * @param {Tree} tree
 * @param {number} numbers how many there are
 * @param {string} place
 * @returns {number} how many features it gives
 * @throws {import('./shape.js').ShapeError}
 */
export declare function checkTree(tree: Tree, numbers: number, place: string): number;
