/**
 * A sealed model in a separate thread, so that a page stays responsive while it works.
 */

import { Calls } from './thread.js';

/**
 * @typedef {import('./card.js').Card} Card
 * @typedef {import('./turns.js').WorkOptions} WorkOptions
 */

/** A model like `SealedModel`, in a separate thread. */
export class WorkerSealedModel {
  #calls;
  #randomizers = 0;

  /** @param {Calls} calls */
  constructor(calls) {
    this.#calls = calls;
  }

  /**
   * Opens a model in a new thread, as {@link import('./sealed-model.js').SealedModel.open} does.
   *
   * @param {Card} card
   * @param {Uint8Array<ArrayBuffer>} file
   * @param {import('./paillier.js').KeyPolicy} policy
   * @param {{signal?: AbortSignal}} [options]
   */
  static async open({ fields, features, digest }, file, policy, { signal } = {}) {
    const { calls } = await Calls.open('open', [{ fields, features, digest }, file, policy], { signal });
    return new WorkerSealedModel(calls);
  }

  /** Randomisers that are ready, as far as the thread has told. */
  get randomizers() {
    return this.#randomizers;
  }

  /**
   * Makes randomisers ahead of time, so that there are `count`.
   *
   * @param {number} count
   * @param {WorkOptions} [options]
   * @returns {Promise<number>} how many there are
   */
  async prepare(count, options) {
    return (this.#randomizers = await this.#calls.call('randomize', count, options));
  }

  /**
   * Ciphertexts that hold the masked scores of records.
   *
   * @param {readonly (readonly number[])[]} records quantised
   * @param {WorkOptions} [options]
   * @returns {Promise<import('./sealed-model.js').SealedRecords>}
   */
  async encrypt(records, options) {
    const { randomizers, ...made } = await this.#calls.call('seal', records, options);
    this.#randomizers = randomizers;
    return made;
  }

  /** Ends the thread. */
  close() {
    this.#calls.end('the sealed model was closed');
  }
}
