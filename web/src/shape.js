/**
 * Checks of JSON from elsewhere against the form that it should have.
 */

/** What is wrong, and where; callers turn it into an error of their own kind. */
export class ShapeError extends Error {}

/**
 * A form of JSON: throws a {@link ShapeError} that names the place where JSON doesn't have it.
 *
 * @typedef {(value: unknown, place: string) => void} Shape
 */

/** @param {string} place @param {string} problem @returns {never} */
export function fail(place, problem) {
  throw new ShapeError(`${place} ${problem}`);
}

/** @type {Shape} */
export const text = (value, place) => {
  if (typeof value !== 'string') fail(place, 'must be a text');
};

/** @type {Shape} */
export const finite = (value, place) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) fail(place, 'must be a finite number');
};

/** @type {Shape} */
export const positive = (value, place) => {
  finite(value, place);
  if (Number(value) <= 0) fail(place, 'must be greater than 0');
};

/** @param {number} low @param {number} high @returns {Shape} */
export const integer = (low, high) => (value, place) => {
  if (!Number.isInteger(value) || Number(value) < low || Number(value) > high) {
    fail(place, `must be a whole number from ${low} to ${high}`);
  }
};

/** @param {...(string | number | boolean)} values @returns {Shape} */
export const oneOf =
  (...values) =>
  (value, place) => {
    if (!values.some((known) => known === value)) fail(place, `must be ${values.map((v) => JSON.stringify(v)).join(' or ')}`);
  };

/** @param {Shape} item @returns {Shape} */
export const listOf = (item) => (value, place) => {
  if (!Array.isArray(value)) fail(place, 'must be a list');
  /** @type {unknown[]} */ (value).forEach((member, i) => item(member, `${place}[${i}]`));
};

/** @param {Shape} item @returns {Shape} */
export const mapOf = (item) => (value, place) => {
  for (const [name, member] of Object.entries(object(value, place))) item(member, `${place}.${name}`);
};

/**
 * An object with these fields and no others.
 *
 * @param {Record<string, Shape>} required
 * @param {Record<string, Shape>} [optional]
 * @returns {Shape}
 */
export const record =
  (required, optional = {}) =>
  (value, place) => {
    const fields = object(value, place);
    const known = { ...required, ...optional };
    for (const name of Object.keys(fields)) {
      if (!Object.hasOwn(known, name)) fail(`${place}.${name}`, 'is not a known field');
    }
    for (const name of Object.keys(required)) {
      if (!Object.hasOwn(fields, name)) fail(`${place}.${name}`, 'is missing');
    }
    for (const [name, member] of Object.entries(fields)) known[name](member, `${place}.${name}`);
  };

/** One form for a list, one for anything else. @param {Shape} shape @param {Shape} list @returns {Shape} */
export const either = (shape, list) => (value, place) => (Array.isArray(value) ? list : shape)(value, place);

/** @param {unknown} value @param {string} place @returns {Record<string, unknown>} */
export function object(value, place) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(place, 'must be an object');
  return /** @type {Record<string, unknown>} */ (value);
}
