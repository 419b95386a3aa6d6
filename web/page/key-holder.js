/** The page's key: made in the background, held only by its worker, replaced on demand. */

import { VeilcastError, WorkerKey } from '../index.js';

/** @typedef {import('../index.js').Client} Client */

/** With fewer vouchers than this, more are made. */
const FEW = 15;

/** Vouchers of a network that are made first: each takes ciphertexts of its own, so that a few are there sooner than a row. */
const FIRST = 2;

/** Milliseconds until a service that gave no vouchers for now is asked again. */
const PAUSE = 30_000;

/** Why it may give some later. */
const PASSING = ['worker_ended', 'unreachable', 'timed_out', 'busy', 'too_many_keys', 'quota_used_up', 'voucher_outdated'];

export class KeyHolder extends EventTarget {
  /** @type {'none' | 'making' | 'ready' | 'failed'} */
  state = 'none';
  bits = 0;
  /** Milliseconds that making it took. */
  time = 0;
  /** When the making began, by the page's clock, and how much of it is done, from 0 to 1. */
  since = 0;
  part = 0;
  /** @type {unknown} */
  error;
  /** @type {WorkerKey | undefined} */
  #key;
  #making = new AbortController();
  /** @type {Promise<WorkerKey>} */
  #made = Promise.reject(new Error('no key was asked for yet'));
  #preparing = new AbortController();
  /** What is made ahead of time now. @type {{client: Client, model: string, key: WorkerKey | undefined} | undefined} */
  #current;
  /** Clients and models that gave no vouchers, each with the time from which on they are asked again. @type {WeakMap<Client, Map<string, number>>} */
  #refused = new WeakMap();
  /** Whether vouchers are on their way. */
  isFilling = false;

  constructor() {
    super();
    this.#made.catch(() => {});
  }

  /** The key, if it is there. */
  get key() {
    return this.#key;
  }

  /** Makes a new key to replace the previous one, which is gone. @param {number} bits */
  make(bits) {
    this.#making.abort();
    this.pause();
    this.#key?.close();
    this.#key = undefined;
    this.#making = new AbortController();
    this.#made = this.#make(bits, this.#making.signal);
    this.#made.catch(() => {});
  }

  /** @param {number} bits @param {AbortSignal} signal */
  async #make(bits, signal) {
    const since = performance.now();
    this.#change({ state: 'making', bits, error: undefined, since, part: 0 });
    try {
      const onProgress = (/** @type {number} */ done, /** @type {number} */ total) => {
        if (!signal.aborted) this.#change({ part: done / total });
      };
      const key = await WorkerKey.generate(bits, { signal, onProgress });
      this.#key = key;
      this.#change({ state: 'ready', time: performance.now() - since });
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
   * Does ahead of time the work of encrypting a record for a model, until there is something else to do; and, if answers are to
   * follow the pen or can only be had by them, fills vouchers.
   *
   * @param {Client} client
   * @param {string} model
   * @param {{isLive?: boolean}} [options]
   */
  async prepare(client, model, { isLive = false } = {}) {
    const current = this.#current;
    if (current?.client === client && current.model === model && current.key === this.#key) return;
    this.pause();
    const { signal } = (this.#preparing = new AbortController());
    const mine = (this.#current = { client, model, key: this.#key });
    try {
      const key = (mine.key = await this.ready(signal));
      await client.prepare(model, { key, signal });
      // Vouchers take up what was made for a record.
      if (await this.#fill(client, model, key, signal, isLive)) await client.prepare(model, { key, signal });
    } catch {
      // What is missing is made when it is needed, and errors are reported then.
    }
    if (this.#current === mine) this.#current = undefined;
  }

  /** @param {Client} client @param {string} model @param {WorkerKey} key @param {AbortSignal} signal @param {boolean} isLive */
  async #fill(client, model, key, signal, isLive) {
    const { ways, hidden } = await client.card(model, { signal });
    if (!isLive && ways.includes('direct')) return false;
    const refused = this.#refused.get(client) ?? new Map();
    const isRefused = performance.now() < (refused.get(model) ?? 0);
    if (!ways.includes('vouchers') || isRefused || client.vouchers(model, { key }) >= FEW) return false;
    this.isFilling = true;
    this.dispatchEvent(new Event('vouchers'));
    try {
      if (hidden && client.vouchers(model, { key }) === 0) {
        await client.fillVouchers(model, { key, signal, count: FIRST, isExact: true });
        this.dispatchEvent(new Event('vouchers'));
      }
      await client.fillVouchers(model, { key, signal });
      return true;
    } catch (error) {
      // Perhaps the service is older than this page: it isn't asked time and again.
      const isPassing = error instanceof VeilcastError && PASSING.includes(error.code);
      if (!signal.aborted) this.#refused.set(client, refused.set(model, isPassing ? performance.now() + PAUSE : Infinity));
      throw error;
    } finally {
      this.isFilling = false;
      this.dispatchEvent(new Event('vouchers'));
    }
  }

  /** Stops what is being made ahead of time, so that the thread is free. */
  pause() {
    this.#preparing.abort();
    this.#current = undefined;
  }

  /** @param {Partial<Pick<KeyHolder, 'state' | 'bits' | 'time' | 'since' | 'part' | 'error'>>} fields */
  #change(fields) {
    Object.assign(this, fields);
    this.dispatchEvent(new Event('change'));
  }
}

/** @param {AbortSignal} signal @returns {Promise<never>} */
function aborted(signal) {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}
