/**
 * Where the numbers of records and their scores sit in plaintexts.
 *
 * One geometry serves all layouts. Records go in rows of T. With k features per ciphertext at a distance of u bits,
 * ciphertext g of a row holds Σₜ Σⱼ x_(t,gk+j)·2^(S·t + u·j), and the i-th slot of an answer is the S bits from bit
 * u·(ik + k − 1): a score plus 2^(S−1). Masks lie between and above the scores.
 *
 * - `scalar` has k = 1, u = S and T = 1; an answer's slots are m outputs of its record.
 * - `features` has k > 1 and u = S + 41, else as `scalar`.
 * - `records` has k = 1 and u = S; an answer's slots are one output of the row's T records.
 * - `vouchers` is as `records`, with numbers of S bits for features and u = S + L + 41, L being the bits of the largest sum of
 *   weights that S allows: an answer's slots are S bits of one output of the row's T vouchers, and the rest is masked.
 * - `shares` and `products` are of a part of a network: see `part-geometry.js`.
 */
export type Card = import('./card.js').Card;
export type Numbers = readonly number[] | readonly bigint[] | Uint32Array | BigUint64Array;
export type Layout = {
    name: 'scalar' | 'features' | 'records' | 'vouchers' | 'shares' | 'products';
    /**
     * k: 1 but for `features`
     */
    featuresPerCiphertext: number;
    /**
     * m: of one record, so 1 for `records` and `vouchers`; not chosen for `shares` and `products`
     */
    scoresPerAnswer: number;
    /**
     * of a network, from 0: for `shares` and `products`
     */
    part?: number;
};
export type Geometry = {
    /**
     * S
     */
    slotBits: number;
    /**
     * u
     */
    unit: number;
    /**
     * numbers that go in for each record
     */
    features: number;
    /**
     * numbers that come out
     */
    outputs: number;
    /**
     * of an answer
     */
    slots: number;
    /**
     * whether they are of several records
     */
    isGrouped: boolean;
};
/**
 * @typedef {import('./card.js').Card} Card
 * @typedef {readonly number[] | readonly bigint[] | Uint32Array | BigUint64Array} Numbers non-negative integers
 *
 * @typedef {object} Layout
 * @property {'scalar' | 'features' | 'records' | 'vouchers' | 'shares' | 'products'} name
 * @property {number} featuresPerCiphertext k: 1 but for `features`
 * @property {number} scoresPerAnswer m: of one record, so 1 for `records` and `vouchers`; not chosen for `shares` and `products`
 * @property {number} [part] of a network, from 0: for `shares` and `products`
 *
 * @typedef {object} Geometry
 * @property {number} slotBits S
 * @property {number} unit u
 * @property {number} features numbers that go in for each record
 * @property {number} outputs numbers that come out
 * @property {number} slots of an answer
 * @property {boolean} isGrouped whether they are of several records
 */
/** The layout of vouchers. @type {Layout} */
export declare const VOUCHERS: Layout;
/** What is asked for, one after another, for vouchers of a model. @param {Card} card @returns {Layout[]} */
export declare function voucherLayouts({ hidden }: Card): Layout[];
/** A layout of a card's records under keys of a size. */
export declare class Arrangement {
    #private;
    layout: Layout;
    /** T, or as many records as a request may hold, which then has one row. */
    recordsPerRow: number;
    /**
     * @param {Card} card
     * @param {Layout} layout
     * @param {number} keyBits
     * @throws {VeilcastError} `layout_not_allowed` if the card doesn't allow it, or the key has no room
     */
    constructor(card: Card, layout: Layout, keyBits: number);
    /** Ciphertexts of a row. */
    get ciphertexts(): number;
    /** Ciphertexts that a row's scores come back in. */
    get answers(): number;
    /** The rows that this many records take. @param {number} records */
    rows(records: number): number;
    /** How many of this many records are in a row. @param {number} row @param {number} records */
    recordsIn(row: number, records: number): number;
    /**
     * The records of a request: full rows, as many as the card allows and as have about this many ciphertexts.
     *
     * @param {number} ciphertexts
     */
    recordsPerRequest(ciphertexts: number): number;
    /**
     * The plaintexts of quantised records, row by row.
     *
     * @param {readonly Numbers[]} records with a number for each feature
     * @returns {bigint[][]}
     */
    plaintexts(records: readonly Numbers[]): bigint[][];
    /**
     * The scores of this many records, by the plaintexts of their answers, row by row.
     *
     * @param {readonly (readonly bigint[])[]} answers
     * @param {number} records
     * @returns {bigint[][]} one list per record, of one score per output
     */
    scores(answers: readonly (readonly bigint[])[], records: number): bigint[][];
    /**
     * What the slots of this many records or vouchers hold, by the plaintexts of their answers, row by row.
     *
     * @param {readonly (readonly bigint[])[]} answers
     * @param {number} records
     * @returns {bigint[][]} one list per record, of a number of S bits per output
     */
    slots(answers: readonly (readonly bigint[])[], records: number): bigint[][];
}
/** What the owner of a model offers who takes no encrypted records. @param {Card} card */
export declare function offerOf({ ways }: Card): string;
/**
 * The arrangement with the least ciphertexts sent plus eight times those that come back, since an
 * answer takes about as much of the service's time as eight ciphertexts take of the client's; of equal ones
 * the one with fewer ciphertexts sent.
 *
 * @param {Card} card
 * @param {number} keyBits
 * @param {number} [records] that are to be sent
 * @returns {Arrangement}
 * @throws {VeilcastError} `layout_not_allowed` if the card allows none under a key of this size
 */
export declare function chooseArrangement(card: Card, keyBits: number, records?: number): Arrangement;
