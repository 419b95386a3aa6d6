/**
 * Checks of JSON from elsewhere against the form that it should have.
 */
/** What is wrong, and where; callers turn it into an error of their own kind. */
export declare class ShapeError extends Error {
}
export type Shape = (value: unknown, place: string) => void;
/**
 * A form of JSON: throws a {@link ShapeError} that names the place where JSON doesn't have it.
 *
 * @typedef {(value: unknown, place: string) => void} Shape
 */
/** @param {string} place @param {string} problem @returns {never} */
export declare function fail(place: string, problem: string): never;
/** @type {Shape} */
export declare const text: Shape;
/** @type {Shape} */
export declare const finite: Shape;
/** @type {Shape} */
export declare const positive: Shape;
/** @param {number} low @param {number} high @returns {Shape} */
export declare const integer: (low: number, high: number) => Shape;
/** @param {...(string | number | boolean)} values @returns {Shape} */
export declare const oneOf: (...values: (string | number | boolean)[]) => Shape;
/** @param {Shape} item @returns {Shape} */
export declare const listOf: (item: Shape) => Shape;
/** @param {Shape} item @returns {Shape} */
export declare const mapOf: (item: Shape) => Shape;
/**
 * An object with these fields and no others.
 *
 * @param {Record<string, Shape>} required
 * @param {Record<string, Shape>} [optional]
 * @returns {Shape}
 */
export declare const record: (required: Record<string, Shape>, optional?: Record<string, Shape>) => Shape;
/** One form for a list, one for anything else. @param {Shape} shape @param {Shape} list @returns {Shape} */
export declare const either: (shape: Shape, list: Shape) => Shape;
/** @param {unknown} value @param {string} place @returns {Record<string, unknown>} */
export declare function object(value: unknown, place: string): Record<string, unknown>;
