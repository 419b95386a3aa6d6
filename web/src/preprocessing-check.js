/**
 * The checks that make steps of preprocessing fit for a table or an image.
 */

import { fail, finite, integer, listOf, mapOf, object, oneOf, positive, record, text } from './shape.js';
import { checkCells, checkTexts } from './texts.js';
import { checkTree } from './trees.js';

/**
 * @typedef {import('./card-types.js').Input} Input
 * @typedef {import('./shape.js').Shape} Shape
 * @typedef {{categories?: string[], done: Set<string>}} Column what the steps so far have done to a column
 */

/** Where a comparison of a tree leads. */
const lead = integer(-(2 ** 31), 2 ** 31 - 1);

const tree = record(
  { feature: listOf(integer(0, 2 ** 32 - 1)), threshold: listOf(finite), low: listOf(lead), high: listOf(lead) },
  { missing: listOf((value, place) => value === null || lead(value, place)) },
);

/** @type {Record<string, Shape>} */
const STEPS = {
  impute: record({
    op: text,
    values: mapOf((value, place) => (typeof value === 'string' ? text : finite)(value, place)),
  }),
  clip: record({ op: text, ranges: mapOf(listOf(finite)) }),
  standardize: record({ op: text, columns: mapOf(record({ mean: finite, std: positive })) }),
  one_hot: record({ op: text, categories: mapOf(listOf(text)), unknown: oneOf('error', 'zeros') }),
  scale: record({ op: text, factor: finite }),
  trees: record({ op: text, trees: listOf(tree) }),
};

/** @type {Shape} */
const step = (value, place) => {
  const { op } = object(value, place);
  if (typeof op !== 'string' || !Object.hasOwn(STEPS, op)) fail(`${place}.op`, 'is not a step that this version knows');
  STEPS[String(op)](value, place);
};

export const preprocessingShape = record({ version: oneOf(1, 2, 3), steps: listOf(step) }, { missing: listOf(text) });

/**
 * Checks that steps fit the columns and each other.
 *
 * @param {Input} input
 * @returns {number} how many features come out
 * @throws {import('./shape.js').ShapeError}
 */
export function checkPreprocessing({ kind, shape, features: names = [], preprocessing }) {
  const { version, missing = [], steps } = preprocessing;
  const at = 'card.input.preprocessing';
  if (missing.length > 0) {
    if (version === 1) fail(`${at}.missing`, 'belongs to version 2');
    if (kind !== 'table') fail(`${at}.missing`, 'is only for a table');
    checkCells(missing, `${at}.missing`);
  }
  const columns = new Map(names.map((name) => [name, /** @type {Column} */ ({ done: new Set() })]));
  for (const step of steps) {
    if (step.op !== 'one_hot') continue;
    for (const [name, categories] of Object.entries(step.categories)) {
      const column = columns.get(name);
      if (column) column.categories ??= categories;
    }
  }
  let features = shape.reduce((a, b) => a * b);
  let expanded = false;
  steps.forEach((step, index) => {
    const place = `${at}.steps[${index}]`;
    if (version === 1 && step.op !== 'scale') fail(place, 'does not belong to version 1, which has only scale');
    if (version < 3 && step.op === 'trees') fail(place, 'belongs to version 3');
    if (steps[index - 1]?.op === 'trees') fail(place, 'follows trees, which must be the last step');
    switch (step.op) {
      case 'impute':
        return each(columns, step.op, step.values, place, checkImputed);
      case 'clip':
        return each(columns, step.op, step.ranges, place, (column, range, place) => {
          mustHoldNumbers(column, place);
          if (range.length !== 2 || range[0] >= range[1]) fail(place, 'must be two numbers, the lower one first');
        });
      case 'standardize':
        return each(columns, step.op, step.columns, place, (column, _, place) => mustHoldNumbers(column, place));
      case 'one_hot':
        return each(columns, step.op, step.categories, place, (_, categories, place) => {
          if (categories.length === 0) fail(place, 'has no categories');
          checkCells(categories, place);
          checkTexts(categories, place);
          features += categories.length - 1;
          expanded = true;
        });
      case 'scale':
        if (step.factor === 0) fail(place, 'must not multiply by zero');
        if (expanded) fail(place, 'must come before one_hot');
        for (const column of columns.values()) if (!column.categories) column.done.add('scale');
        return;
      case 'trees': {
        if (step.trees.length === 0) fail(place, 'has no trees');
        const numbers = features;
        features = step.trees.reduce((sum, tree, i) => sum + checkTree(tree, numbers, `${place}.trees[${i}]`), 0);
      }
    }
  });
  return features;
}

/**
 * @template T
 * @param {Map<string, Column>} columns
 * @param {string} op
 * @param {Record<string, T>} named
 * @param {string} place
 * @param {(column: Column, parameter: T, place: string) => void} check
 */
function each(columns, op, named, place, check) {
  for (const [name, parameter] of Object.entries(named)) {
    const about = `${place}, column ${JSON.stringify(name)},`;
    const column = columns.get(name);
    if (!column) return fail(about, 'is not in the table');
    if (column.done.has(op)) fail(about, `has had ${op} already`);
    check(column, parameter, about);
    column.done.add(op);
  }
}

/** @param {Column} column @param {number | string} value @param {string} place */
function checkImputed({ categories, done }, value, place) {
  if (done.size > 0) fail(place, 'must be imputed before other steps');
  if (categories ? typeof value !== 'string' : typeof value !== 'number') fail(place, 'must get a value of its own type');
  if (categories && !categories.includes(String(value))) fail(place, 'must get one of its categories');
}

/** @param {Column} column @param {string} place */
function mustHoldNumbers({ categories }, place) {
  if (categories) fail(place, 'holds texts, since one_hot names it');
}
