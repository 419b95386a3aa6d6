/** The page's key: made in the background, held only by its worker, replaced on demand. */

import { WorkerKey } from '../index.js';

/** @typedef {import('../index.js').Client} Client */

export class KeyHolder extends EventTarget {
  /** @type {'making' | 'ready' | 'failed'} */
  state = 'making';
  bits = 0;
  /** Milliseconds that making it took. */
  time = 0;
  /** @type {unknown} */
  error;
  /** @type {WorkerKey | undefined} */
  #key;
  #making = new AbortController();
  /** @type {Promise<WorkerKey>} */
  #made = Promise.reject(new Error('no key was asked for yet'));
  #preparing = new AbortController();

  constructor() {
    super();
    this.#made.catch(() => {});
  }

  /** Makes a new key to replace the previous one, which is gone. @param {number} bits */
  make(bits) {
    this.#making.abort();
    this.#key?.close();
    this.#key = undefined;
    this.#making = new AbortController();
    this.#made = this.#make(bits, this.#making.signal);
    this.#made.catch(() => {});
  }

  /** @param {number} bits @param {AbortSignal} signal */
  async #make(bits, signal) {
    this.#change({ state: 'making', bits, error: undefined });
    const start = performance.now();
    try {
      const key = await WorkerKey.generate(bits, { signal });
      this.#key = key;
      this.#change({ state: 'ready', time: performance.now() - start });
      return key;
    } catch (error) {
      if (!signal.aborted) this.#change({ state: 'failed', error });
      throw error;
    }
  }

  /**
   * The key, once it is ready.
   *
   * @param {AbortSignal} signal ends the waiting
   * @returns {Promise<WorkerKey>}
   */
  async ready(signal) {
    for (;;) {
      signal.throwIfAborted();
      const made = this.#made;
      try {
        return await Promise.race([made, aborted(signal)]);
      } catch (error) {
        // Another size was chosen meanwhile: that key is waited for.
        if (signal.aborted || made === this.#made) throw error;
      }
    }
  }

  /**
   * Does ahead of time the work of encrypting a record for a model, until there is something else to do.
   *
   * @param {Client} client
   * @param {string} model
   */
  async prepare(client, model) {
    this.pause();
    const { signal } = (this.#preparing = new AbortController());
    try {
      await client.prepare(model, { key: await this.ready(signal), signal });
    } catch {
      // What is missing is made when it is needed, and errors are reported then.
    }
  }

  /** Stops what is being made ahead of time, so that the thread is free. */
  pause() {
    this.#preparing.abort();
  }

  /** @param {Partial<Pick<KeyHolder, 'state' | 'bits' | 'time' | 'error'>>} fields */
  #change(fields) {
    Object.assign(this, fields);
    this.dispatchEvent(new Event('change'));
  }
}

/** @param {AbortSignal} signal @returns {Promise<never>} */
function aborted(signal) {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}
