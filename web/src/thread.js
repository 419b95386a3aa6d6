/**
 * A thread for heavy work, so that a page stays responsive: `worker.js` is its other side.
 */

import { VeilcastError } from './error.js';

/**
 * @typedef {import('./turns.js').WorkOptions} WorkOptions
 *
 * @typedef {object} Thread
 * @property {(message: object) => void} post
 * @property {(isBusy: boolean) => void} hold whether the program must not end before the thread's work
 * @property {() => void} close
 *
 * @typedef {object} Call
 * @property {(value: any) => void} resolve
 * @property {(reason: unknown) => void} reject
 * @property {WorkOptions['onProgress']} [onProgress]
 */

/** Node's module of threads, in a variable that bundlers for browsers don't look into. */
const THREADS = 'node:worker_threads';

/** The thread's calls under way, and their results. */
export class Calls {
  /** @type {Thread | undefined} */
  #thread;
  /** @type {Map<number, Call>} */
  #calls = new Map();
  #lastId = 0;
  /** @type {VeilcastError | undefined} why there are no more calls */
  #end;

  /**
   * Starts a thread, with a first call that all others depend on: if that is cancelled, the thread ends at once.
   *
   * @param {string} method
   * @param {unknown} args
   * @param {WorkOptions} options
   * @returns {Promise<{calls: Calls, result: any}>}
   */
  static async open(method, args, options) {
    const { signal } = options;
    const calls = new Calls();
    const cancel = () => calls.end('the thread was cancelled');
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      await calls.#start();
      return { calls, result: await calls.call(method, args, options) };
    } catch (error) {
      calls.end('the thread has nothing to work with');
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** @returns {Promise<void>} when the thread listens */
  async #start() {
    await new Promise((resolve, reject) => {
      this.#calls.set(0, { resolve, reject });
      const opened = openThread(
        (message) => this.#receive(message),
        (reason) => this.end(reason),
      );
      opened.then((thread) => {
        this.#thread = thread;
        // It may have been cancelled before there was a thread.
        if (this.#end) thread.close();
      }, reject);
    });
    this.#calls.delete(0);
    this.#thread?.hold(false);
  }

  /**
   * @param {string} method
   * @param {unknown} args
   * @param {WorkOptions} [options]
   * @returns {Promise<any>}
   */
  call(method, args, { onProgress, signal } = {}) {
    if (this.#end) return Promise.reject(this.#end);
    const id = ++this.#lastId;
    const cancel = () => this.#thread?.post({ id, cancel: true });
    const result = new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      this.#calls.set(id, { resolve, reject: (reason) => reject(signal?.aborted ? signal.reason : reason), onProgress });
      signal?.addEventListener('abort', cancel, { once: true });
      this.#thread?.hold(true);
      this.#thread?.post({ id, method, args });
    });
    return result.finally(() => {
      signal?.removeEventListener('abort', cancel);
      this.#calls.delete(id);
      if (this.#calls.size === 0) this.#thread?.hold(false);
    });
  }

  /** Ends the thread, and what it was doing. @param {string} reason */
  end(reason) {
    this.#end ??= new VeilcastError('worker_ended', reason);
    this.#thread?.close();
    for (const { reject } of this.#calls.values()) reject(this.#end);
  }

  /** @param {any} message */
  #receive({ id = 0, progress, error, result }) {
    const call = this.#calls.get(id);
    if (progress) call?.onProgress?.(progress[0], progress[1]);
    else if (error) call?.reject(revived(error));
    else call?.resolve(result);
  }
}

/** @param {{name: string, message: string, code?: string}} error */
function revived({ name, message, code }) {
  if (name === 'VeilcastError') return new VeilcastError(String(code), message);
  return Object.assign(new Error(message), { name });
}

/**
 * Starts the thread.
 *
 * @param {(message: any) => void} onMessage
 * @param {(reason: string) => void} onFailure
 * @returns {Promise<Thread>}
 */
async function openThread(onMessage, onFailure) {
  const failed = (/** @type {unknown} */ message) => onFailure(`the thread for the heavy work failed: ${message}`);
  if (typeof Worker === 'function') {
    // Bundlers find a worker by these exact words.
    const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    worker.addEventListener('message', ({ data }) => onMessage(data));
    worker.addEventListener('error', ({ message }) => failed(message ?? 'it could not be loaded'));
    return { post: (message) => worker.postMessage(message), hold: () => {}, close: () => worker.terminate() };
  }
  // Bundles for browsers have no modules of Node.
  const threads = /** @type {typeof import('node:worker_threads')} */ (await import(/* webpackIgnore: true */ /* @vite-ignore */ THREADS));
  const url = new URL('./worker.js', import.meta.url);
  // The program's own flags, such as --eval's, may not suit a thread.
  const worker = new threads.Worker(url, { execArgv: [] });
  worker.on('message', onMessage);
  worker.on('error', (error) => failed(error instanceof Error ? error.message : error));
  return {
    post: (message) => worker.postMessage(message),
    hold: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
    close: () => void worker.terminate(),
  };
}
