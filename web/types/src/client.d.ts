/**
 * A service at a URL, from records to predictions.
 */
import { Card } from './card.js';
import { Encoder } from './encoder.js';
export type RawRecord = import('./record-numbers.js').RawRecord;
export type Outcome = import('./outcome.js').Outcome;
export type Predictions = import('./outcome.js').Predictions;
export type RecordPrediction = import('./outcome.js').RecordPrediction;
export type Keyed = PredictOptions & {
    key: OwnerKey;
};
export type ClientOptions = import('./transport.js').TransportOptions & import('./paillier.js').KeyPolicy;
export type OwnerKey = {
    n: bigint;
    bits: number;
    modulus: Uint8Array;
    fingerprint: () => Promise<string>;
    keyProof: () => string | Promise<string>;
    prepare: import('./paillier.js').SecretKey['prepare'];
    encryptMany: import('./paillier.js').SecretKey['encryptMany'];
    decryptEach: import('./paillier.js').SecretKey['decryptEach'];
};
export type Progress = {
    step: 'card';
    card: Card;
} | {
    step: 'public';
    done: number;
    total: number;
    time: number;
} | {
    step: 'encode' | 'encrypt' | 'decrypt';
    done: number;
    total: number;
} | {
    step: 'send';
    headerLength: number;
    request: Uint8Array;
} | {
    step: 'retry';
    pause: number;
} | {
    step: 'receive';
    answer: Uint8Array;
};
export type PredictOptions = {
    /**
     * needed by all ways but `sealed`
     */
    key?: OwnerKey;
    onProgress?: (progress: Progress) => void;
    /**
     * ends it, which then throws the signal's reason
     */
    signal?: AbortSignal;
    /**
     * instead of the one that `chooseArrangement` finds; no vouchers are used then
     */
    layout?: import('./layout.js').Layout;
    /**
     * the only one to be used; else `sealed` if there is no key, or nothing else is
     * offered; vouchers if there are enough for all records; and `direct` otherwise
     */
    way?: import('./card-types.js').Way;
};
/**
 * @typedef {import('./record-numbers.js').RawRecord} RawRecord
 * @typedef {import('./outcome.js').Outcome} Outcome
 * @typedef {import('./outcome.js').Predictions} Predictions
 * @typedef {import('./outcome.js').RecordPrediction} RecordPrediction
 * @typedef {PredictOptions & {key: OwnerKey}} Keyed
 *
 * @typedef {import('./transport.js').TransportOptions & import('./paillier.js').KeyPolicy} ClientOptions
 *
 * @typedef {object} OwnerKey a `SecretKey` or a `WorkerKey`
 * @property {bigint} n
 * @property {number} bits
 * @property {Uint8Array} modulus
 * @property {() => Promise<string>} fingerprint
 * @property {() => string | Promise<string>} keyProof
 * @property {import('./paillier.js').SecretKey['prepare']} prepare
 * @property {import('./paillier.js').SecretKey['encryptMany']} encryptMany
 * @property {import('./paillier.js').SecretKey['decryptEach']} decryptEach
 *
 * @typedef {{step: 'card', card: Card}
 *   | {step: 'public', done: number, total: number, time: number}
 *   | {step: 'encode' | 'encrypt' | 'decrypt', done: number, total: number}
 *   | {step: 'send', headerLength: number, request: Uint8Array}
 *   | {step: 'retry', pause: number}
 *   | {step: 'receive', answer: Uint8Array}} Progress what is happening: the card; records that went through a hybrid model's public part, here, and
 *   milliseconds that this took, with preprocessing and rounding; records turned into integers; ciphertexts encrypted or decrypted;
 *   the actual request; milliseconds until another try; the actual answer
 *
 * @typedef {object} PredictOptions
 * @property {OwnerKey} [key] needed by all ways but `sealed`
 * @property {(progress: Progress) => void} [onProgress]
 * @property {AbortSignal} [signal] ends it, which then throws the signal's reason
 * @property {import('./layout.js').Layout} [layout] instead of the one that `chooseArrangement` finds; no vouchers are used then
 * @property {import('./card-types.js').Way} [way] the only one to be used; else `sealed` if there is no key, or nothing else is
 *   offered; vouchers if there are enough for all records; and `direct` otherwise
 */
/** A Veilcast service. */
export declare class Client {
    #private;
    /**
     * @param {string} url of the service; on a page also a path on its own origin
     * @param {ClientOptions} [options]
     * @throws {VeilcastError} `bad_url`, `bad_token`, `bad_header`, `token_in_clear`
     */
    constructor(url: string, options?: ClientOptions);
    /**
     * The names of the models that the service has.
     *
     * @param {{signal?: AbortSignal}} [options]
     * @returns {Promise<string[]>}
     */
    models({ signal }?: {
        signal?: AbortSignal;
    }): Promise<string[]>;
    /**
     * A model's public card, which is fetched once.
     *
     * @param {string} model
     * @param {{signal?: AbortSignal, onProgress?: PredictOptions['onProgress']}} [options]
     * @returns {Promise<Card>}
     */
    card(model: string, { signal, onProgress }?: {
        signal?: AbortSignal;
        onProgress?: PredictOptions['onProgress'];
    }): Promise<Card>;
    /**
     * The encoder that turns records into a model's integers, for a hybrid model with its public part, which is
     * fetched once.
     *
     * @param {string} model
     * @param {{signal?: AbortSignal, onProgress?: PredictOptions['onProgress']}} [options]
     * @returns {Promise<Encoder>}
     * @throws {VeilcastError} also as {@link Encoder.of}
     */
    encoder(model: string, { signal, onProgress }?: {
        signal?: AbortSignal;
        onProgress?: PredictOptions['onProgress'];
    }): Promise<Encoder>;
    /**
     * Fetches the encrypted weights of a model that is offered sealed, and checks them, in a thread of its own: done once, and by a
     * prediction that finds it undone.
     *
     * @param {string} model
     * @param {Pick<PredictOptions, 'signal' | 'onProgress'>} [options]
     * @throws {VeilcastError} `layout_not_allowed` if the model isn't offered sealed or its key has no room; `other_sealed_model` if the
     *   file is not the one that the card names; `bad_sealed_model` if its key or its weights could betray records
     */
    openSealed(model: string, options?: Pick<PredictOptions, 'signal' | 'onProgress'>): Promise<void>;
    /**
     * Makes randomisers ahead of time for a model that is offered sealed: each ciphertext takes one, and with it costs a fraction
     * of the time.
     *
     * @param {string} model
     * @param {Pick<PredictOptions, 'signal' | 'onProgress'> & {count?: number}} [options] how many there are to be, at least
     * @returns {Promise<number>} how many there are now
     * @throws {VeilcastError} as {@link Client.openSealed}
     */
    fillRandomizers(model: string, options?: Pick<PredictOptions, 'signal' | 'onProgress'> & {
        count?: number;
    }): Promise<number>;
    /** Randomisers that are ready for a model that is offered sealed: each ciphertext takes one. @param {string} model */
    randomizers(model: string): number;
    /** Ends the threads of sealed models, which are opened again when they are needed. */
    close(): void;
    /**
     * Does ahead of time the work of encrypting a number of records, for instance while a person draws one; for a sealed model it
     * makes randomisers.
     *
     * @param {string} model
     * @param {Pick<PredictOptions, 'key' | 'signal' | 'way'> & {records?: number}} options
     */
    prepare(model: string, options: Pick<PredictOptions, 'key' | 'signal' | 'way'> & {
        records?: number;
    }): Promise<void>;
    /**
     * Makes vouchers ahead of time: each lets one prediction do without ciphertexts, so that it takes a round trip and hardly more.
     *
     * They are kept in memory until a prediction uses them, each once. A row of them takes the same ciphertexts however many of
     * it are wanted, so full rows are made.
     *
     * @param {string} model
     * @param {Pick<Keyed, 'key' | 'signal' | 'onProgress'> & {count?: number}} options how many, at least
     * @returns {Promise<number>} how many there are now
     * @throws {VeilcastError} `layout_not_allowed` if the model's owner offers none, or the key has no room for them; `voucher_outdated`
     *   if the service changed its secret while those of a network were made
     */
    fillVouchers(model: string, options: Pick<Keyed, 'key' | 'signal' | 'onProgress'> & {
        count?: number;
    }): Promise<number>;
    /**
     * How many vouchers there are for a model and a key.
     *
     * @param {string} model
     * @param {Pick<Keyed, 'key'>} options
     */
    vouchers(model: string, options: Pick<Keyed, 'key'>): number;
    /** Forgets all vouchers. */
    dropVouchers(): void;
    /**
     * The predictions of records, which leave this machine only in encrypted form, or masked.
     *
     * Any number of records is accepted, and sent in requests of bounded size. If the model was replaced in
     * the meantime, its new card is used and everything is done again, once, unless it takes other cells.
     *
     * All requests are sent, whatever the answers hold. If there are records whose answer can't be right, one error
     * says so at the end, with all predictions: in its `predictions` those records are marked.
     *
     * @param {string} model
     * @param {readonly RawRecord[]} records each the pixels, numbers or cells of one, in the card's order
     * @param {PredictOptions} options
     * @returns {Promise<Predictions>}
     * @throws {VeilcastError} its code says whose fault it is
     */
    predict(model: string, records: readonly RawRecord[], options: PredictOptions): Promise<Predictions>;
}
