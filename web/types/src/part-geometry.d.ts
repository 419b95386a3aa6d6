/**
 * Where numbers sit in plaintexts for a part of a network with hidden layers, whose ring has k bits. Part l takes d numbers and
 * gives m; its weights have b bits.
 *
 * - `shares` is as `vouchers`, with S = k and u = k + L + 41, where L = b − 1 + ⌈log₂ d⌉.
 * - `products` has a row for each voucher and a number in each ciphertext; an answer's slots are several of its m products, 2k + 41
 *   bits apart.
 */
/** σ: what is masked is hidden within 2^−σ. */
export declare const HIDING_BITS = 40;
/** The inputs and outputs of each affine part. @param {import('./card.js').Card} card @returns {[number, number][]} */
export declare function shapesOf({ features, outputs, hidden }: import('./card.js').Card): [number, number][];
/**
 * @param {import('./card.js').Card} card
 * @param {import('./layout.js').Layout} layout
 * @param {number} keyBits
 * @returns {import('./layout.js').Geometry}
 * @throws {VeilcastError} `layout_not_allowed` if the card has no such part, or the key has no room
 */
export declare function geometryOfPart(card: import('./card.js').Card, { name, part, featuresPerCiphertext, scoresPerAnswer }: import('./layout.js').Layout, keyBits: number): import('./layout.js').Geometry;
