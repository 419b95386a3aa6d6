/**
 * A record's numbers, as programs have them: in one list, in a typed array, or in lists of lists.
 */

import { VeilcastError } from './error.js';

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
export function cellsOf({ features, shape }, record) {
  if (features || !isList(record[0])) return ArrayBuffer.isView(record) ? [...record] : /** @type {readonly Cell[]} */ (record);
  const expected = shape.join(' × ');
  /** @param {Nested} value @param {readonly number[]} sides @returns {Cell[]} */
  const flat = (value, sides) => {
    if (!isList(value)) {
      if (sides.length > 0) throw new VeilcastError('record_length', `a list of ${sides[0]} is missing in the record: the model takes ${expected} numbers`);
      return [value];
    }
    if (value.length !== sides[0]) {
      const most = sides.length > 0 ? `has ${value.length} entries instead of ${sides[0]}` : 'is in the place of a number';
      throw new VeilcastError('record_length', `a list in the record ${most}: the model takes ${expected} numbers`);
    }
    return Array.from(/** @type {ArrayLike<Nested>} */ (value)).flatMap((member) => flat(member, sides.slice(1)));
  };
  return flat(/** @type {Nested} */ (record), shape);
}

/** @param {Nested} value @returns {value is readonly Nested[] | Numbers} */
const isList = (value) => Array.isArray(value) || ArrayBuffer.isView(value);
