/**
 * A record's numbers, as programs have them: in one list, in a typed array, or in lists of lists.
 */
export type Input = import('./card-types.js').Input;
export type Cell = import('./preprocessing.js').Cell;
export type Numbers = Float32Array | Float64Array | Int8Array | Uint8Array | Uint8ClampedArray | Int16Array | Uint16Array | Int32Array | Uint32Array;
export type Nested = readonly Nested[] | Numbers | Cell;
export type RawRecord = readonly Cell[] | readonly Nested[] | Numbers;
/**
 * @typedef {import('./card-types.js').Input} Input
 * @typedef {import('./preprocessing.js').Cell} Cell
 * @typedef {Float32Array | Float64Array | Int8Array | Uint8Array | Uint8ClampedArray | Int16Array | Uint16Array | Int32Array | Uint32Array} Numbers
 * @typedef {readonly Nested[] | Numbers | Cell} Nested
 * @typedef {readonly Cell[] | readonly Nested[] | Numbers} RawRecord the cells of one record in the card's order, or an array's or image's
 *   numbers in lists of lists as its shape says
 */
/**
 * The cells of a record in one list, the last side of a shape fastest.
 *
 * @param {Input} input
 * @param {RawRecord} record
 * @returns {readonly Cell[]}
 * @throws {VeilcastError} `record_length` if lists of lists don't have the card's shape
 */
export declare function cellsOf({ features, shape }: Input, record: RawRecord): readonly Cell[];
