/**
 * Long work in small pieces.
 */
export type WorkOptions = {
    /**
     * called now and then
     */
    onProgress?: (done: number, total: number) => void;
    /**
     * ends the work, which then throws the signal's reason
     */
    signal?: AbortSignal;
};
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
export declare function inTurns<T>(count: number, work: (index: number) => T, { onProgress, signal, turn }: WorkOptions & {
    turn?: number;
}): Promise<T[]>;
