/**
 * The public card of a model: everything a client needs to know about it.
 */
export type CardFields = import('./card-types.js').CardFields;
/**
 * @typedef {import('./card-types.js').CardFields} CardFields
 */
/** Largest card accepted, in bytes. */
export declare const MAX_CARD_BYTES: number;
export type Prediction = ClassPrediction | QuantityPrediction;
export type ClassPrediction = {
    /**
     * of the predicted label, the lowest if several are equal
     */
    index: number;
    label: string;
    /**
     * one per output, in the model's own units
     */
    scores: number[];
    /**
     * one per label, if the model has a final function
     */
    probabilities: number[] | undefined;
    /**
     * whether the label's probability is below that which the card names: the record may be of none
     * of the classes
     */
    inDoubt: boolean;
    values?: undefined;
};
export type QuantityPrediction = {
    /**
     * one per output, in the card's units, if it has any
     */
    values: number[];
    index?: undefined;
    label?: undefined;
    scores?: undefined;
    probabilities?: undefined;
    inDoubt?: undefined;
};
/**
 * What a model predicts for one record, according to its {@link Card.task}.
 *
 * @typedef {ClassPrediction | QuantityPrediction} Prediction
 */
/**
 * The class predicted for a record. With two labels and a single score, the second is predicted if its
 * probability exceeds the card's threshold.
 *
 * @typedef {object} ClassPrediction
 * @property {number} index of the predicted label, the lowest if several are equal
 * @property {string} label
 * @property {number[]} scores one per output, in the model's own units
 * @property {number[] | undefined} probabilities one per label, if the model has a final function
 * @property {boolean} inDoubt whether the label's probability is below that which the card names: the record may be of none
 *   of the classes
 * @property {undefined} [values]
 */
/**
 * The values of the quantities that are predicted, whose names are the card's labels.
 *
 * @typedef {object} QuantityPrediction
 * @property {number[]} values one per output, in the card's units, if it has any
 * @property {undefined} [index]
 * @property {undefined} [label]
 * @property {undefined} [scores]
 * @property {undefined} [probabilities]
 * @property {undefined} [inDoubt]
 */
/** A checked card; made by {@link Card.parse}. */
export declare class Card {
    #private;
    /** The card's fields, as they are in its JSON. @readonly */
    fields: import("./card-types.js").CardFields;
    /** Integers that get encrypted for a record. @readonly */
    features: number;
    /** `sha256:` and the digest of the card's exact bytes, by which messages name it. @readonly */
    digest: string;
    /**
     * @param {CardFields} fields checked
     * @param {number} features
     * @param {string} digest
     */
    constructor(fields: CardFields, features: number, digest: string);
    /**
     * Reads a card from its exact bytes.
     *
     * @param {Uint8Array<ArrayBuffer>} bytes
     * @returns {Promise<Card>}
     * @throws {VeilcastError} `bad_card`
     */
    static parse(bytes: Uint8Array<ArrayBuffer>): Promise<Card>;
    /** Scores of a record. */
    get outputs(): number;
    /**
     * What is predicted: one of several classes; the probability of the second of two, by a single score; or quantities, with
     * `output.labels` for names and perhaps `output.units`.
     */
    get task(): import("./card-types.js").Task;
    /** S: every score lies strictly between −2^(S−1) and 2^(S−1). */
    get slotBits(): number;
    /** The ways to get predictions that the model's owner offers. */
    get ways(): readonly import("./card-types.js").Way[];
    /** The hidden layers of a network; none of another model. */
    get hidden(): import("./card-types.js").HiddenFields | undefined;
    /**
     * Turns integer scores into scores in the model's own units.
     *
     * @param {readonly bigint[]} scores one per output
     * @returns {number[]}
     * @throws {VeilcastError} `bad_scores` if there are too few or too many, or one is out of bounds
     */
    dequantize(scores: readonly bigint[]): number[];
    /**
     * Turns integer scores into a prediction.
     *
     * @param {readonly bigint[]} integers one per output
     * @returns {Prediction}
     * @throws {VeilcastError} as {@link Card.dequantize}
     */
    predict(integers: readonly bigint[]): Prediction;
}
