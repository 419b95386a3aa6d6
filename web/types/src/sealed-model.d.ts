/**
 * A model whose weights came encrypted under the service's key: records in, ciphertexts out, without any key of the client's.
 *
 * A ciphertext holds the scores of its records plus r, which is uniform in nearly all of n, and is rerandomised by a uniform
 * n-th power. So it tells the service nothing about the records, whatever it computes, provided that its modulus is sound and
 * all its weights are units: both are checked before any use.
 */
import { VeilcastError } from './error.js';
import { SealedLayout } from './sealed-layout.js';
export type Card = import('./card.js').Card;
export type SealedFields = import('./card-types.js').SealedFields;
export type KeyPolicy = import('./paillier.js').KeyPolicy;
export type WorkOptions = import('./turns.js').WorkOptions;
export type SealedRecords = {
    ciphertexts: bigint[];
    /**
     * what opens the answer: r for each of them, as many bits as its records' scores have. Secret.
     */
    masks: bigint[];
};
/**
 * @typedef {import('./card.js').Card} Card
 * @typedef {import('./card-types.js').SealedFields} SealedFields
 * @typedef {import('./paillier.js').KeyPolicy} KeyPolicy
 * @typedef {import('./turns.js').WorkOptions} WorkOptions
 *
 * @typedef {object} SealedRecords
 * @property {bigint[]} ciphertexts
 * @property {bigint[]} masks what opens the answer: r for each of them, as many bits as its records' scores have. Secret.
 */
/** The length of the file of a model's encrypted weights: a ciphertext for each feature, and one for the biases. @param {Card} card */
export declare function sealedBytes({ features, fields: { sealed } }: Card): number;
/** The error for a file of weights that is not the one that a card names. @param {string} problem */
export declare const otherSealedModel: (problem: string) => VeilcastError;
/** A sealed model that has been checked; made by {@link SealedModel.open}. */
export declare class SealedModel {
    #private;
    /**
     * @param {bigint} n checked
     * @param {readonly bigint[]} weights checked
     * @param {SealedLayout} layout
     * @param {number} bits of quantised features
     */
    constructor(n: bigint, weights: readonly bigint[], layout: SealedLayout, bits: number);
    /**
     * Checks that a file is the one that a card names, that the service's modulus is proven fit for use, and that all numbers in
     * the file are ciphertexts.
     *
     * @param {Card} card
     * @param {Uint8Array<ArrayBuffer>} file
     * @param {KeyPolicy} [policy]
     * @returns {Promise<SealedModel>}
     * @throws {VeilcastError} `layout_not_allowed` if the model isn't offered sealed or its key has no room, `other_sealed_model`
     *   if it is another file, `bad_sealed_model` if the key or the file could betray records
     */
    static open(card: Card, file: Uint8Array<ArrayBuffer>, policy?: KeyPolicy): Promise<SealedModel>;
    /** Randomisers that are ready. */
    get randomizers(): number;
    /**
     * Makes randomisers ahead of time, so that there are `count`: a ciphertext, of which each uses one, then takes only the
     * products of its records.
     *
     * @param {number} count
     * @param {WorkOptions} [options]
     * @returns {Promise<number>} how many there are
     */
    prepare(count: number, options?: WorkOptions): Promise<number>;
    /**
     * Ciphertexts that hold the masked scores of records.
     *
     * @param {readonly (readonly number[])[]} records quantised
     * @param {WorkOptions} [options]
     * @returns {Promise<SealedRecords>}
     */
    encrypt(records: readonly (readonly number[])[], options?: WorkOptions): Promise<SealedRecords>;
}
