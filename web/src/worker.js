/**
 * The thread that does the heavy work, for a secret key that it holds, for a sealed model, or for a table: a Web Worker, or a
 * worker thread of Node.
 *
 * It takes `{id, method, args}` and `{id, cancel: true}`, and answers `{id, progress: [done, total]}` any
 * number of times and then `{id, result}` or `{id, error: {name, code, message}}`. The secret key leaves it
 * only by `export`. `thread.js` is the other side.
 */

import { Card } from './card.js';
import { keyFromFile, keyToFile } from './key-file.js';
import { generateKey } from './paillier.js';
import { SealedModel } from './sealed-model.js';
import { openTable } from './table.js';
import { textOfTable } from './table-text.js';

/**
 * @typedef {import('./paillier.js').SecretKey} SecretKey
 * @typedef {import('./paillier.js').WorkOptions} WorkOptions
 * @typedef {{onMessage: (handle: (message: any) => void) => void, post: (message: object) => void}} Port
 */

/** @type {SecretKey | undefined} */
let key;

/** @type {SealedModel | undefined} */
let sealed;

/** @type {{records: import('./table.js').Table['records'], columns: string[][]} | undefined} */
let table;

/** What is under way, and how to end it. @type {Map<number, AbortController>} */
const running = new Map();

/** @type {Record<string, (args: any, options: WorkOptions) => unknown>} */
const methods = {
  generate: async (bits, { signal, onProgress }) => {
    onProgress?.(0, 2);
    const made = await generateKey(bits, { signal });
    onProgress?.(1, 2);
    // The first request takes it.
    made.keyProof();
    onProgress?.(2, 2);
    key = made;
    return key.n;
  },
  import: ([text, policy]) => {
    key = keyFromFile(text, policy);
    return key.n;
  },
  prove: () => present().keyProof(),
  export: (kid) => keyToFile(present(), kid),
  prepare: async (count, options) => {
    await present().prepare(count, options);
  },
  encrypt: (plaintexts, options) => present().encryptMany(plaintexts, options),
  decrypt: (ciphertexts, options) => present().decryptMany(ciphertexts, options),
  decryptEach: (ciphertexts, options) => present().decryptEach(ciphertexts, options),
  open: async ([{ fields, features, digest }, file, policy]) => {
    sealed = await SealedModel.open(new Card(fields, features, digest), file, policy);
  },
  randomize: (count, options) => opened().prepare(count, options),
  seal: async (records, options) => {
    const made = await opened().encrypt(records, options);
    return { ...made, randomizers: opened().randomizers };
  },
  table: async ([input, file]) => {
    const { text, said } = await textOfTable(file);
    const { records, said: more, others, cellsOf } = openTable(input, text);
    table = { records, columns: others.map(cellsOf) };
    return { total: records.length, said: [...said, ...more], others };
  },
  rows: (range) => ({ records: table?.records.slice(...range), columns: table?.columns.map((column) => column.slice(...range)) }),
};

function present() {
  if (!key) throw new Error('the thread has no key yet');
  return key;
}

function opened() {
  if (!sealed) throw new Error('the thread has no sealed model yet');
  return sealed;
}

/** Node's module of threads, in a variable that bundlers for browsers don't look into. */
const THREADS = 'node:worker_threads';

/** @param {Port} port */
function listen(port) {
  port.onMessage(async ({ id, method, args, cancel }) => {
    if (cancel) {
      running.get(id)?.abort();
      return;
    }
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const onProgress = (/** @type {number[]} */ ...progress) => port.post({ id, progress });
      const result = await methods[method](args, { onProgress, signal: controller.signal });
      port.post({ id, result });
    } catch (error) {
      const { name, message, code } = /** @type {Error & {code?: string}} */ (error);
      port.post({ id, error: { name, message, code } });
    } finally {
      running.delete(id);
    }
  });
  port.post({ ready: true });
}

/** @returns {Promise<Port>} */
async function portOfNode() {
  const { parentPort } = /** @type {typeof import('node:worker_threads')} */ (await import(/* webpackIgnore: true */ /* @vite-ignore */ THREADS));
  if (!parentPort) throw new Error('this module is for worker threads');
  return {
    onMessage: (handle) => parentPort.on('message', handle),
    post: (message) => parentPort.postMessage(message),
  };
}

// Nothing is awaited at the top: bundlers make scripts of workers, which can't.
if ('WorkerGlobalScope' in globalThis) {
  listen({
    onMessage: (handle) => addEventListener('message', ({ data }) => handle(data)),
    post: (message) => postMessage(message),
  });
} else void portOfNode().then(listen);
