/**
 * Long work in small pieces.
 */

/** Milliseconds of work after which other work gets a turn. */
const TURN = 40;

/**
 * How work reports progress, and how it is cancelled.
 *
 * @typedef {object} WorkOptions
 * @property {(done: number, total: number) => void} [onProgress] called now and then
 * @property {AbortSignal} [signal] ends the work, which then throws the signal's reason
 */

/**
 * Does one piece of work after another, and lets others have their turn in between.
 *
 * @template T
 * @param {number} count
 * @param {(index: number) => T} work
 * @param {WorkOptions & {turn?: number}} options milliseconds of work after which others have theirs
 * @returns {Promise<T[]>}
 */
export async function inTurns(count, work, { onProgress, signal, turn = TURN }) {
  const results = [];
  let start = performance.now();
  signal?.throwIfAborted();
  for (let i = 0; i < count; i++) {
    results.push(work(i));
    if (performance.now() - start < turn) continue;
    onProgress?.(i + 1, count);
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
    start = performance.now();
  }
  onProgress?.(count, count);
  return results;
}
