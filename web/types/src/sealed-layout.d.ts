/**
 * Where the scores of records are in the plaintexts of a sealed model, and in its answers.
 *
 * A record's m scores are side by side, S bits each, the first one lowest, and T records share a ciphertext. An answer has a
 * row of bytes for each record: its S·m bits, big-endian.
 */
export declare class SealedLayout {
    #private;
    /** T, or as many records as a request may hold. */
    recordsPerCiphertext: number;
    /**
     * @param {import('./card.js').Card} card
     * @throws {VeilcastError} `layout_not_allowed` if the model isn't offered sealed, or the key has no room for its scores
     */
    constructor({ slotBits, outputs, fields: { sealed, limits } }: import('./card.js').Card);
    /** The bits of a record's scores. */
    get recordBits(): number;
    /** The bytes of a record's scores in an answer. */
    get rowBytes(): number;
    /** The ciphertexts that this many records take. @param {number} records */
    ciphertexts(records: number): number;
    /**
     * The records of a request: as many as fill about this many ciphertexts, and as the card allows.
     *
     * @param {number} ciphertexts
     */
    recordsPerRequest(ciphertexts: number): number;
    /**
     * The scores of the records that share a ciphertext.
     *
     * @param {readonly Uint8Array[]} rows of the answer
     * @param {bigint} mask that the ciphertext was given, or its lowest bits
     * @returns {bigint[][]} one list per record, of one score per output
     * @throws {VeilcastError} `bad_answer`
     */
    scores(rows: readonly Uint8Array[], mask: bigint): bigint[][];
}
