/**
 * The only way from raw records to the integers that get encrypted: preprocessing, then the public part of
 * a hybrid model, then rounding.
 */
import { PublicPart } from './public-part.js';
export type Card = import('./card.js').Card;
export type RawRecord = import('./record-numbers.js').RawRecord;
export type Counts = import('./preprocessing.js').Counts;
/**
 * @typedef {import('./card.js').Card} Card
 * @typedef {import('./record-numbers.js').RawRecord} RawRecord
 * @typedef {import('./preprocessing.js').Counts} Counts
 */
/** Turns raw records into integers, for one model; made by {@link Encoder.of}. */
export declare class Encoder {
    /** @readonly */
    card: import("./card.js").Card;
    publicPart: PublicPart | undefined;
    /**
     * @param {Card} card
     * @param {PublicPart | undefined} publicPart
     */
    constructor(card: Card, publicPart: PublicPart | undefined);
    /**
     * An encoder for a model.
     *
     * @param {Card} card
     * @param {Uint8Array<ArrayBuffer>} [onnx] the public part's file, if the card names one
     * @returns {Promise<Encoder>}
     * @throws {VeilcastError} as {@link PublicPart.parse}; `other_public_part` also if the file is missing or the
     *   card names none
     */
    static of(card: Card, onnx?: Uint8Array<ArrayBuffer>): Promise<Encoder>;
    /**
     * The features of a raw record, and what was done to its cells.
     *
     * @param {RawRecord} cells pixels 0 to 255, an array's numbers, or a table's cells, in the card's order
     * @returns {Counts & {features: number[]}}
     * @throws {VeilcastError} as {@link cellsOf}, `preprocess` and {@link PublicPart.features}
     */
    features(cells: RawRecord): Counts & {
        features: number[];
    };
    /**
     * The integers of a raw record, each from 0 to 2^bits − 1, and what was done to its cells.
     *
     * @param {RawRecord} cells
     * @returns {Counts & {values: number[]}} clipped by preprocessing or by quantisation
     * @throws {VeilcastError} as {@link Encoder.features}
     */
    quantize(cells: RawRecord): Counts & {
        values: number[];
    };
}
