/**
 * From a raw record to the features that get quantised: each operation acts on 64-bit floats, so
 * that every client computes exactly the same numbers.
 */

import { VeilcastError, excerpt } from './error.js';
import { leavesOf } from './trees.js';

/**
 * @typedef {import('./card-types.js').Input} Input
 * @typedef {import('./card-types.js').Step} Step
 * @typedef {number | string | null} Cell a number, a text of a one-hot encoded column, or a missing cell
 * @typedef {{hot: number, count: number}} OneHot the index of its category, or −1
 * @typedef {{imputed: number, clipped: number, unknown: number}} Counts how many cells were given the
 *   card's value, were moved to the edge of their range, and had a category that the card doesn't know
 */

/**
 * The features of a record, and what was done to its cells to get them. A tree gives one per leaf but the last: 1 for the leaf
 * that the record reaches, 0 for the others.
 *
 * @param {Input} input of a checked card
 * @param {readonly Cell[]} cells in the card's order
 * @returns {Counts & {features: number[]}}
 * @throws {VeilcastError} `record_length`, `not_finite`, `missing_value`, `not_a_number`, `not_a_text` or
 *   `unknown_category`
 */
export function preprocess(input, cells) {
  const expected = input.shape.reduce((a, b) => a * b);
  if (cells.length !== expected) {
    throw new VeilcastError('record_length', `the record has ${cells.length} values, and the model takes ${expected}`);
  }
  const noun = input.kind === 'array' ? 'number' : 'pixel';
  const name = (/** @type {number} */ index) => input.features?.[index] ?? `${noun}${index}`;
  cells.forEach((cell, i) => {
    if (typeof cell === 'number' && !Number.isFinite(cell)) throw unfit('not_finite', name(i), 'is not a finite number');
  });
  const counts = { imputed: 0, clipped: 0, unknown: 0 };
  /** @type {(Cell | OneHot)[]} */
  let values = [...cells];
  for (const step of input.preprocessing.steps) {
    const change = changeOf(step, counts);
    values = values.map((value, i) => change(value, name(i)));
  }
  const trees = input.preprocessing.steps.find((step) => step.op === 'trees')?.trees;
  const columns = values.flatMap((value, i) => Array(expanded(value) ? value.count : 1).fill(i));
  const numbers = values.flatMap((value, i) => {
    if (expanded(value)) return Array.from({ length: value.count }, (_, index) => (index === value.hot ? 1 : 0));
    return [trees && value === null ? null : number(value, name(i))];
  });
  if (!trees) return { features: numbers.map(Number), ...counts };
  const features = leavesOf(trees, numbers, (index) => missing(name(columns[index])));
  return { features, ...counts };
}

/** @param {Cell | OneHot} value @returns {value is OneHot} */
const expanded = (value) => value !== null && typeof value === 'object';

/**
 * What a step does to a value of the column with a name.
 *
 * @param {Step} step
 * @param {Counts} counts
 * @returns {(value: Cell | OneHot, name: string) => Cell | OneHot}
 */
function changeOf(step, counts) {
  switch (step.op) {
    case 'impute':
      return on(step.values, (imputed, value) => {
        if (value !== null) return value;
        counts.imputed += 1;
        return imputed;
      });
    case 'clip':
      return on(step.ranges, ([low, high], value, name) => {
        const outside = number(value, name);
        const inside = Math.min(Math.max(outside, low), high);
        if (inside !== outside) counts.clipped += 1;
        return inside;
      });
    case 'standardize':
      return on(step.columns, ({ mean, std }, value, name) => (number(value, name) - mean) / std);
    case 'one_hot':
      return on(step.categories, (categories, value, name) => {
        if (value === null) throw missing(name);
        if (typeof value !== 'string') throw unfit('not_a_text', name, 'must be one of its categories');
        const hot = categories.indexOf(value);
        if (hot < 0) {
          if (step.unknown === 'error') {
            throw unfit('unknown_category', name, `has the category "${excerpt(value)}", which the model doesn't know`);
          }
          counts.unknown += 1;
        }
        return { hot, count: categories.length };
      });
    case 'scale':
      return (value) => (typeof value === 'number' ? value * step.factor : value);
    case 'trees': // the last step, on all numbers at once
      return (value) => value;
  }
}

/**
 * @template T
 * @param {Record<string, T>} named
 * @param {(parameter: T, value: Cell | OneHot, name: string) => Cell | OneHot} change
 * @returns {(value: Cell | OneHot, name: string) => Cell | OneHot}
 */
const on = (named, change) => (value, name) => (Object.hasOwn(named, name) ? change(named[name], value, name) : value);

/** @param {Cell | OneHot} value @param {string} name */
function number(value, name) {
  if (value === null) throw missing(name);
  if (typeof value !== 'number') throw unfit('not_a_number', name, 'is not a number');
  return value;
}

const missing = (/** @type {string} */ name) => unfit('missing_value', name, 'is missing, and the model has no value for it');

/** @param {string} code @param {string} column @param {string} problem */
const unfit = (code, column, problem) => new VeilcastError(code, `${excerpt(column)} ${problem}`, { column });
