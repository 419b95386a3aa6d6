/**
 * The public part of a hybrid model: a network in ONNX that the data owner runs in the clear,
 * before encrypting what comes out of it.
 */
export type PublicPartFields = import('./card-types.js').PublicPartFields;
export type Graph = import('./onnx.js').Graph;
export type Node = import('./onnx.js').Node;
export type Tensor = import('./onnx.js').Tensor;
/** A public part that has been checked and tried; made by {@link PublicPart.parse}. */
export declare class PublicPart {
    #private;
    /**
     * @param {Graph} graph checked
     * @param {number[]} shape of its input without the batch
     */
    constructor(graph: Graph, shape: number[]);
    /**
     * Checks that a file is the one that a card names, reads it, and runs it once.
     *
     * @param {Uint8Array<ArrayBuffer>} onnx
     * @param {PublicPartFields} fields of a checked card
     * @returns {Promise<PublicPart>}
     * @throws {VeilcastError} `other_public_part` if it is another file, `bad_public_part` if it can't be run
     */
    static parse(onnx: Uint8Array<ArrayBuffer>, fields: PublicPartFields): Promise<PublicPart>;
    /**
     * The features of a record.
     *
     * @param {readonly number[]} values the result of preprocessing
     * @returns {number[]}
     * @throws {VeilcastError} `not_finite`
     */
    features(values: readonly number[]): number[];
}
/**
 * The output of a network with one input, for one record.
 *
 * @param {Graph} graph
 * @param {readonly number[]} shape of the input without the batch
 * @param {Float32Array} values
 * @returns {Tensor}
 * @throws {WireError}
 */
export declare function run({ constants, inputs, outputs, nodes }: Graph, shape: readonly number[], values: Float32Array): Tensor;
