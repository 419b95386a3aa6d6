/**
 * A thread for heavy work, so that a page stays responsive: `worker.js` is its other side.
 */
export type WorkOptions = import('./turns.js').WorkOptions;
export type Thread = {
    post: (message: object) => void;
    /**
     * whether the program must not end before the thread's work
     */
    hold: (isBusy: boolean) => void;
    close: () => void;
};
export type Call = {
    resolve: (value: any) => void;
    reject: (reason: unknown) => void;
    onProgress?: WorkOptions['onProgress'];
};
/** The thread's calls under way, and their results. */
export declare class Calls {
    #private;
    /**
     * Starts a thread, with a first call that all others depend on.
     *
     * @param {string} method
     * @param {unknown} args
     * @param {WorkOptions} options
     * @returns {Promise<{calls: Calls, result: any}>}
     */
    static open(method: string, args: unknown, options: WorkOptions): Promise<{
        calls: Calls;
        result: any;
    }>;
    /**
     * @param {string} method
     * @param {unknown} args
     * @param {WorkOptions} [options]
     * @returns {Promise<any>}
     */
    call(method: string, args: unknown, { onProgress, signal }?: WorkOptions): Promise<any>;
    /** Ends the thread, and what it was doing. @param {string} reason */
    end(reason: string): void;
}
