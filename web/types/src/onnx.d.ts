/**
 * Networks in ONNX files: their graph, read but not run.
 *
 * Only what networks without control flow contain: tensors of 32-bit floats and of whole numbers, and
 * attributes that are numbers, texts or lists of numbers. Anything else is refused.
 */
export type Value = import('./protobuf.js').Value;
export type Tensor = {
    sides: readonly number[];
    /**
     * floats, or whole numbers
     */
    values: Float32Array | number[];
};
export type Attribute = number | string | number[];
export type Node = {
    operator: string;
    name: string;
    /**
     * names of values; "" for one left out
     */
    inputs: string[];
    outputs: string[];
    attributes: Map<string, Attribute>;
};
export type ValueInfo = {
    name: string;
    /**
     * undefined where any length goes
     */
    sides: (number | undefined)[];
};
export type Graph = {
    /**
     * the version of the operators
     */
    opset: number;
    constants: Map<string, Tensor>;
    /**
     * without those that are constants
     */
    inputs: ValueInfo[];
    outputs: ValueInfo[];
    /**
     * each after those whose outputs it takes
     */
    nodes: Node[];
};
/** Most numbers that a tensor may have. */
export declare const MAX_NUMBERS: number;
/**
 * Reads a file.
 *
 * @param {Uint8Array} bytes
 * @returns {Graph}
 * @throws {WireError} what is malformed or of a kind that isn't supported
 */
export declare function readOnnx(bytes: Uint8Array): Graph;
/**
 * How many numbers a tensor of these sides has.
 *
 * @param {readonly number[]} sides
 * @throws {WireError} if they are too many
 */
export declare function numbersOf(sides: readonly number[]): number;
