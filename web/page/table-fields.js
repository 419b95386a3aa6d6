/** The columns of a table as fields of a form: what each takes, by the model's card. */

import { DAYS, daysOf } from '../src/table-dates.js';
import { takeMissing } from '../src/trees.js';

/**
 * @typedef {import('../src/card-types.js').Input} Input
 * @typedef {import('../src/preprocessing.js').Cell} Cell
 *
 * @typedef {object} Field
 * @property {string} name
 * @property {string} label the column's name for people
 * @property {string | undefined} unit of its numbers
 * @property {string | undefined} description
 * @property {boolean} isDate whether it is typed as a date
 * @property {string[] | undefined} categories of a text; a column without them takes numbers
 * @property {boolean} takesOthers whether other texts count as none of the categories
 * @property {[number, number] | undefined} range beyond which values count as its ends
 * @property {number | string | undefined} imputed what a missing cell counts as
 * @property {boolean} mayBeEmpty whether the cell may be missing
 * @property {string} example a plausible value, as it is typed
 */

/** @param {Input} input of a table's card @returns {Field[]} */
export function fieldsOf({ features = [], about: said = {}, preprocessing: { steps } }) {
  /** @type {Record<string, Partial<Field> & {mean?: number, std?: number}>} */
  const about = Object.fromEntries(features.map((name) => [name, {}]));
  for (const step of steps) {
    if (step.op === 'impute') each(step.values, (name, imputed) => (about[name].imputed = imputed));
    if (step.op === 'clip') each(step.ranges, (name, range) => (about[name].range = range));
    if (step.op === 'standardize') each(step.columns, (name, { mean, std }) => Object.assign(about[name], { mean, std }));
    if (step.op === 'one_hot') {
      each(step.categories, (name, categories) => Object.assign(about[name], { categories, takesOthers: step.unknown === 'zeros' }));
    }
  }
  let numbers = 0;
  for (const name of features) {
    const { categories, imputed } = about[name];
    about[name].mayBeEmpty = imputed !== undefined;
    for (const step of steps) if (step.op === 'trees' && !categories) Object.assign(about[name], ofTrees(step.trees, numbers));
    numbers += categories?.length ?? 1;
  }
  return features.map((name) => {
    const { categories, takesOthers = false, range, imputed, mayBeEmpty = false, mean, std } = about[name];
    const { label = name, unit, description } = Object.hasOwn(said, name) ? said[name] : {};
    const isDate = !categories && unit === DAYS;
    const usual = imputed ?? categories?.[0] ?? rounded(mean ?? middle(range), std ?? 1, range);
    const example = isDate ? dateOf(Number(usual)) : String(usual);
    return { name, label, unit, description, isDate, categories, takesOthers, range, imputed, mayBeEmpty, example };
  });
}

/**
 * What trees say about a number: what it is compared with lies in its range, and beyond it nothing changes.
 *
 * @param {readonly import('../src/card-types.js').Tree[]} trees
 * @param {number} number its index
 * @returns {Partial<Field> & {mean?: number, std?: number}}
 */
function ofTrees(trees, number) {
  const compared = trees.flatMap(({ feature, threshold }) => threshold.filter((_, node) => feature[node] === number));
  const sorted = compared.sort((a, b) => a - b);
  const [low = 0, high = 0] = [sorted[0], sorted[sorted.length - 1]];
  const mayBeEmpty = takeMissing(trees, number);
  const mean = sorted[sorted.length >> 1] ?? 0;
  return low < high ? { mayBeEmpty, range: [low, high], mean, std: high - low } : { mayBeEmpty, mean };
}

/** @template T @param {Record<string, T>} named @param {(name: string, value: T) => void} use */
function each(named, use) {
  for (const [name, value] of Object.entries(named)) use(name, value);
}

/** @param {[number, number] | undefined} range */
const middle = (range) => (range ? (range[0] + range[1]) / 2 : 0);

/** A value with as many digits as matter at a scale. @param {number} value @param {number} scale @param {[number, number]} [range] */
function rounded(value, scale, range) {
  if (range?.every(Number.isInteger)) return Math.round(value);
  const digits = Math.min(Math.max(1 - Math.floor(Math.log10(scale)), 0), 20);
  return Number(value.toFixed(digits));
}

/** The day of days since 1970-01-01, as it is typed. @param {number} days */
const dateOf = (days) => new Date(Math.round(days) * 86_400_000).toISOString().slice(0, 10);

/** What to know before filling in a field, beside its unit. @param {Field} field */
export function hintOf({ description, isDate, categories, range, imputed, mayBeEmpty }) {
  const shown = isDate ? dateOf : plain;
  const hints = description ? [description] : [];
  if (!categories && range) hints.push(`${shown(range[0])} to ${shown(range[1])}`);
  if (imputed !== undefined) hints.push(`if empty: ${typeof imputed === 'number' ? shown(imputed) : imputed}`);
  else if (mayBeEmpty) hints.push('may be empty');
  return hints.join(' · ');
}

/** @param {number} value */
const plain = (value) => String(Number(value.toPrecision(4)));

/** A text that is none of the categories. @param {readonly string[]} categories */
export function otherThan(categories) {
  let other = 'other';
  while (categories.includes(other)) other += ' ';
  return other;
}

/**
 * The cell that a field's text represents.
 *
 * @param {Field} field
 * @param {string} text as typed or chosen
 * @returns {{cell: Cell} | {problem: string}}
 */
export function cellOf({ isDate, categories, mayBeEmpty }, text) {
  if (text.trim() === '') {
    return mayBeEmpty ? { cell: null } : { problem: categories ? 'Choose one.' : 'Fill in a number.' };
  }
  if (categories) return { cell: text };
  if (isDate) {
    const days = daysOf(text);
    return days === undefined ? { problem: 'This is not a date.' } : { cell: days };
  }
  const number = Number(text);
  return Number.isFinite(number) ? { cell: number } : { problem: 'This is not a number.' };
}
