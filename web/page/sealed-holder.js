/** The sealed models of the page: their encrypted weights, checked, and randomisers that are made ahead of time. */

import { VeilcastError } from '../index.js';

/**
 * @typedef {import('../index.js').Card} Card
 * @typedef {import('../index.js').Client} Client
 * @typedef {{state: 'idle' | 'opening' | 'ready' | 'failed', time: number, error?: VeilcastError}} SealedState the milliseconds
 *   that it took to fetch and check the weights; why they can't be used
 */

/** Randomisers that are kept ready while answers are to follow the pen. */
const AHEAD = 12;

export class SealedHolder extends EventTarget {
  /** By the digests of cards. @type {Map<string, SealedState>} */
  #states = new Map();
  #preparing = new AbortController();
  /** What is made ahead of time now. @type {{client: Client, model: string} | undefined} */
  #current;

  /** Whether randomisers are being made. */
  get isFilling() {
    return this.#current !== undefined;
  }

  /** @param {Card | undefined} card @returns {SealedState} */
  stateOf(card) {
    return (card && this.#states.get(card.digest)) ?? { state: 'idle', time: 0 };
  }

  /**
   * Fetches a model's weights, and makes ahead of time a randomiser, or some if answers are to follow the pen, until there is
   * something else to do.
   *
   * @param {Client} client
   * @param {string} model
   * @param {{isLive?: boolean}} [options]
   */
  async prepare(client, model, { isLive = false } = {}) {
    if (this.#current?.client === client && this.#current.model === model) return;
    this.pause();
    const { signal } = (this.#preparing = new AbortController());
    const mine = (this.#current = { client, model });
    try {
      await this.#open(client, model, signal);
      for (let ready = client.randomizers(model); ready < (isLive ? AHEAD : 1); ready = client.randomizers(model)) {
        await client.fillRandomizers(model, { count: ready + 1, signal });
        this.#changed();
      }
    } catch {
      // What is missing is made when it is needed, and errors are reported then.
    }
    if (this.#current === mine) this.#current = undefined;
    this.#changed();
  }

  /** @param {Client} client @param {string} model @param {AbortSignal} signal */
  async #open(client, model, signal) {
    const { digest } = await client.card(model, { signal });
    const isNew = this.#states.get(digest)?.state !== 'ready';
    if (isNew) this.#enter(digest, { state: 'opening', time: 0 });
    const start = performance.now();
    try {
      await client.openSealed(model, { signal });
      if (isNew) this.#enter(digest, { state: 'ready', time: performance.now() - start });
    } catch (error) {
      const isUnfit = error instanceof VeilcastError && ['bad_sealed_model', 'layout_not_allowed'].includes(error.code);
      this.#enter(digest, isUnfit ? { state: 'failed', time: 0, error } : { state: 'idle', time: 0 });
      throw error;
    }
  }

  /** Stops what is being made ahead of time, so that the thread is free. */
  pause() {
    this.#preparing.abort();
    this.#current = undefined;
  }

  /** @param {string} digest @param {SealedState} state */
  #enter(digest, state) {
    this.#states.set(digest, state);
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}
