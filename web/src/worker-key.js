/**
 * A secret key that lives in a separate thread, so that a page stays responsive while it works.
 */

import { bitLength, bytesFromBigint } from './bigint.js';
import { VeilcastError } from './error.js';
import { sha256 } from './webcrypto.js';

/**
 * @typedef {import('./paillier.js').WorkOptions} WorkOptions
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

/** The thread's calls under way, and their results. */
class Calls {
  /** @type {Thread | undefined} */
  #thread;
  /** @type {Map<number, Call>} */
  #calls = new Map();
  #lastId = 0;
  /** @type {VeilcastError | undefined} why there are no more calls */
  #end;

  /** @returns {Promise<void>} when the thread listens */
  async start() {
    await new Promise((resolve, reject) => {
      this.#calls.set(0, { resolve, reject });
      const opened = openThread((message) => this.#receive(message), (reason) => this.end(reason));
      opened.then((thread) => (this.#thread = thread), reject);
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
  const url = new URL('./worker.js', import.meta.url);
  const failed = (/** @type {unknown} */ message) => onFailure(`the thread that holds the key failed: ${message}`);
  if (typeof Worker === 'function') {
    const worker = new Worker(url, { type: 'module' });
    worker.addEventListener('message', ({ data }) => onMessage(data));
    worker.addEventListener('error', ({ message }) => failed(message ?? 'it could not be loaded'));
    return { post: (message) => worker.postMessage(message), hold: () => {}, close: () => worker.terminate() };
  }
  const threads = await import('node:worker_threads');
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

/**
 * The owner's key like `SecretKey`, in a separate thread, without single encryptions and decryptions. Close
 * it when it is no longer needed.
 */
export class WorkerKey {
  #calls;

  /**
   * @param {Calls} calls
   * @param {bigint} n
   */
  constructor(calls, n) {
    this.#calls = calls;
    /** The public modulus. @readonly */
    this.n = n;
  }

  /**
   * Makes a key in a new thread, as `generateKey` does, and its proof.
   *
   * @param {number} [bits]
   * @param {{signal?: AbortSignal}} [options]
   */
  static generate(bits = 3072, { signal } = {}) {
    return WorkerKey.#open('generate', bits, signal);
  }

  /**
   * Reads a key file in a new thread, as `keyFromFile` does.
   *
   * @param {string} text
   * @param {import('./paillier.js').KeyPolicy} [policy]
   */
  static fromFile(text, policy) {
    return WorkerKey.#open('import', [text, policy]);
  }

  /**
   * @param {string} method
   * @param {unknown} args
   * @param {AbortSignal} [signal]
   */
  static async #open(method, args, signal) {
    const calls = new Calls();
    try {
      await calls.start();
      return new WorkerKey(calls, await calls.call(method, args, { signal }));
    } catch (error) {
      calls.end('the thread has no key');
      throw error;
    }
  }

  /** Bits of n. */
  get bits() {
    return bitLength(this.n);
  }

  /** n as minimal big-endian bytes. */
  get modulus() {
    return bytesFromBigint(this.n);
  }

  /** SHA-256 of n's bytes, in hexadecimal. */
  fingerprint() {
    return sha256(this.modulus);
  }

  /**
   * The proof that n is fit for Paillier, as `SecretKey` has it.
   *
   * @returns {Promise<string>}
   */
  keyProof() {
    return this.#calls.call('prove', undefined);
  }

  /**
   * The text of a key file: as secret as the key.
   *
   * @param {string} [kid] a name for people
   * @returns {Promise<string>}
   */
  toFile(kid = '') {
    return this.#calls.call('export', kid);
  }

  /**
   * Makes randomisers ahead of time, so that there are `count`: an encryption then takes one product.
   *
   * @param {number} count
   * @param {WorkOptions} [options]
   * @returns {Promise<void>}
   */
  prepare(count, options) {
    return this.#calls.call('prepare', count, options);
  }

  /**
   * Fresh encryptions of plaintexts.
   *
   * @param {readonly bigint[]} plaintexts
   * @param {WorkOptions} [options]
   * @returns {Promise<bigint[]>}
   */
  encryptMany(plaintexts, options) {
    return this.#calls.call('encrypt', plaintexts, options);
  }

  /**
   * The plaintexts of ciphertexts.
   *
   * @param {readonly bigint[]} ciphertexts
   * @param {WorkOptions} [options]
   * @returns {Promise<bigint[]>}
   */
  decryptMany(ciphertexts, options) {
    return this.#calls.call('decrypt', ciphertexts, options);
  }

  /**
   * The plaintexts of ciphertexts, with nothing in place of each that could not be decrypted.
   *
   * @param {readonly bigint[]} ciphertexts
   * @param {WorkOptions} [options]
   * @returns {Promise<(bigint | undefined)[]>}
   */
  decryptEach(ciphertexts, options) {
    return this.#calls.call('decryptEach', ciphertexts, options);
  }

  /** Ends the thread; the key is gone with it. */
  close() {
    this.#calls.end('the key was closed');
  }
}
