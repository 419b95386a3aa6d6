/**
 * Calls over HTTP: repeated when that may help, no more bytes than expected, errors in plain words.
 */
export type TransportOptions = {
    /**
     * how often a call is tried
     */
    tries?: number;
    /**
     * milliseconds that a try may take
     */
    timeout?: number;
    /**
     * milliseconds to wait between two tries, at most
     */
    longestPause?: number;
    /**
     * shows the service who is asking: it goes to the service's own origin alone
     */
    token?: string;
    /**
     * of every request, such as a proxy in front of the service wants
     */
    headers?: Record<string, string>;
    /**
     * whether the token may go to another machine over http, where anyone on the way can read it
     */
    tokenInClear?: boolean;
};
export type CallOptions = RequestInit & {
    limit: number;
    onRetry?: (pause: number) => void;
};
/** A service at a URL. */
export declare class Transport {
    #private;
    /** @readonly */
    url: URL;
    /**
     * @param {string} base
     * @param {TransportOptions} options
     */
    constructor(base: string, { tries, timeout, longestPause, token, headers, tokenInClear }: TransportOptions);
    /**
     * The answer to a call.
     *
     * @param {string} path below the service's URL
     * @param {CallOptions} options
     * @returns {Promise<{headers: Headers, body: Uint8Array<ArrayBuffer>}>}
     * @throws {VeilcastError} `unreachable`, `timed_out`, `busy`, `too_many_keys`, `not_veilcast`, or the service's code
     */
    call(path: string, options: CallOptions): Promise<{
        headers: Headers;
        body: Uint8Array<ArrayBuffer>;
    }>;
}
/** Whether a request was refused as too large. @param {unknown} error */
export declare const isTooLarge: (error: unknown) => boolean;
