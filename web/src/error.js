/** @typedef {import('./outcome.js').PartialPredictions} PartialPredictions */

/**
 * The one error type of the package.
 *
 * `message` says what happened and what to do, for people; `code` says it for programs and does not
 * change: one of those below, or a service's.
 */
export class VeilcastError extends Error {
  // Private, so that no log shows what was decrypted.
  #partial;

  /**
   * @param {string} code
   * @param {string} message
   * @param {ErrorOptions & {line?: number, column?: string, partial?: PartialPredictions}} [details] where in a table it
   *   happened; the predictions that a run has
   */
  constructor(code, message, { line, column, partial, ...options } = {}) {
    super(message, options);
    this.name = 'VeilcastError';
    this.code = code;
    /** The line of a table, counted from 1, if it is about one. */
    this.line = line;
    /** The column of a table, if it is about one. */
    this.column = column;
    this.#partial = partial;
  }

  /** The results of a run in which some records have no prediction. @returns {PartialPredictions | undefined} */
  get partial() {
    return this.#partial;
  }

  /** One per record of such a run; those without a prediction have `failed`. @returns {PartialPredictions['predictions'] | undefined} */
  get predictions() {
    return this.#partial?.predictions;
  }
}

/**
 * A text from elsewhere, made suitable for a message: short, and without control characters.
 *
 * @param {unknown} text
 * @returns {string}
 */
export function excerpt(text) {
  const characters = [...String(text).slice(0, 1000)].slice(0, 300);
  return characters.map((c) => (/\p{Cc}/u.test(c) ? '\ufffd' : c)).join('');
}
