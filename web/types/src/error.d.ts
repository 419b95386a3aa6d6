/** @typedef {import('./outcome.js').PartialPredictions} PartialPredictions */
export type PartialPredictions = import('./outcome.js').PartialPredictions;
/**
 * The one error type of the package.
 *
 * `message` says what happened and what to do, for people; `code` says it for programs and does not
 * change: one of those below, or a service's.
 */
export declare class VeilcastError extends Error {
    #private;
    code: string;
    /** The line of a table, counted from 1, if it is about one. */
    line: number | undefined;
    /** The column of a table, if it is about one. */
    column: string | undefined;
    /**
     * @param {string} code
     * @param {string} message
     * @param {ErrorOptions & {line?: number, column?: string, partial?: PartialPredictions}} [details] where in a table it
     *   happened; the predictions that a run has
     */
    constructor(code: string, message: string, { line, column, partial, ...options }?: ErrorOptions & {
        line?: number;
        column?: string;
        partial?: PartialPredictions;
    });
    /** The results of a run in which some records have no prediction. @returns {PartialPredictions | undefined} */
    get partial(): PartialPredictions | undefined;
    /** One per record of such a run; those without a prediction have `failed`. @returns {PartialPredictions['predictions'] | undefined} */
    get predictions(): PartialPredictions['predictions'] | undefined;
}
/**
 * A text from elsewhere, made suitable for a message: short, and without control characters.
 *
 * @param {unknown} text
 * @returns {string}
 */
export declare function excerpt(text: unknown): string;
