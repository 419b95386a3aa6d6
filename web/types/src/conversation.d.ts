/**
 * Requests to a model, one after the other: what those of all kinds have in common.
 *
 * Nothing that is sent depends on what was decrypted: what can't be right is marked, and the next request is sent all
 * the same.
 */
export type Card = import('./card.js').Card;
export type Prediction = import('./card.js').Prediction;
export type About = import('./framing.js').About;
export type Mark = import('./outcome.js').Mark;
export type Transport = import('./transport.js').Transport;
export type Watched = Pick<import('./client.js').PredictOptions, 'onProgress' | 'signal'>;
export type Keyed = Watched & {
    key: import('./client.js').OwnerKey;
};
export type Exchanged = {
    id: string;
    request: Uint8Array<ArrayBuffer>;
    answer: Uint8Array<ArrayBuffer>;
    /**
     * of the answer, as the service says: anything
     */
    headerLength: number;
};
/** What a run took. */
export declare class Meter {
    requests: number;
    bytesUp: number;
    bytesDown: number;
    times: {
        encrypt: number;
        exchange: number;
        decrypt: number;
    };
    /**
     * @template T
     * @param {keyof Meter['times']} what
     * @param {() => T | Promise<T>} work
     */
    timed<T>(what: keyof Meter['times'], work: () => T | Promise<T>): Promise<T>;
}
export declare class Conversation {
    #private;
    transport: import("./transport.js").Transport;
    path: string;
    card: import("./card.js").Card;
    onProgress: ((progress: import("./client.js").Progress) => void) | undefined;
    signal: AbortSignal | undefined;
    meter: Meter;
    /**
     * @param {Transport} transport
     * @param {string} path of the model
     * @param {Card} card
     * @param {Watched} options
     * @param {Meter} meter
     */
    constructor(transport: Transport, path: string, card: Card, { onProgress, signal }: Watched, meter: Meter);
    /**
     * Sends a request with a fresh id.
     *
     * @param {(id: string) => {headerLength: number, body: Uint8Array<ArrayBuffer>}} encode
     * @param {number} limit the bytes that the answer may have
     * @returns {Promise<Exchanged>}
     */
    send(encode: (id: string) => {
        headerLength: number;
        body: Uint8Array<ArrayBuffer>;
    }, limit: number): Promise<Exchanged>;
    /**
     * The predictions in an answer, or marks where it can't be right.
     *
     * @param {number} records
     * @param {() => Promise<Exchanged>} ask
     * @param {(exchanged: Exchanged) => Promise<(Prediction | {failed: Mark})[]>} read
     * @throws {VeilcastError} if the service returns no answer
     */
    outcomes(records: number, ask: () => Promise<Exchanged>, read: (exchanged: Exchanged) => Promise<(Prediction | {
        failed: Mark;
    })[]>): Promise<any[]>;
    /**
     * The predictions of records, or marks if the work ends with an answer that can't be right.
     *
     * @param {number} records
     * @param {() => Promise<(Prediction | {failed: Mark})[]>} work
     * @throws {VeilcastError} if the service returns no answer
     */
    marking(records: number, work: () => Promise<(Prediction | {
        failed: Mark;
    })[]>): Promise<any[]>;
    /** An answer as it came. @param {() => Promise<Exchanged>} ask */
    exchanged(ask: () => Promise<Exchanged>): Promise<Exchanged>;
    /** How work for a request reports, and ends. @param {'encrypt' | 'decrypt'} step */
    work(step: 'encrypt' | 'decrypt'): {
        onProgress: (done: number, total: number) => void | undefined;
        signal: AbortSignal | undefined;
    };
    /**
     * Whether an answer belongs to a request, and is as it was sent.
     *
     * @param {About} about what the answer says of itself
     * @param {Exchanged} exchanged
     * @param {Uint8Array<ArrayBuffer>} scores all of them as bytes
     * @param {{isOtherKey?: boolean, isOther?: boolean}} [found] what else it says that the request doesn't
     */
    check(about: About, { id, request }: Exchanged, scores: Uint8Array<ArrayBuffer>, { isOtherKey, isOther }?: {
        isOtherKey?: boolean;
        isOther?: boolean;
    }): Promise<void>;
    /** @param {readonly bigint[]} scores */
    prediction(scores: readonly bigint[]): {
        failed: import("./outcome.js").Mark;
    } | import("./card.js").Prediction;
}
