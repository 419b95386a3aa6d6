/**
 * The thread that does the heavy work, for a secret key that it holds or for a sealed model: a Web Worker, or a worker
 * thread of Node.
 *
 * It takes `{id, method, args}` and `{id, cancel: true}`, and answers `{id, progress: [done, total]}` any
 * number of times and then `{id, result}` or `{id, error: {name, code, message}}`. The secret key leaves it
 * only by `export`. `thread.js` is the other side.
 */
export type SecretKey = import('./paillier.js').SecretKey;
export type WorkOptions = import('./paillier.js').WorkOptions;
export type Port = {
    onMessage: (handle: (message: any) => void) => void;
    post: (message: object) => void;
};
