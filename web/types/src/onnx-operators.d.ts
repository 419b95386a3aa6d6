/**
 * The operators of ONNX that a public part may use, in plain JavaScript.
 *
 * Each takes tensors and a node's attributes and returns a tensor. Sums are computed in 32-bit floats, as other
 * programs do.
 */
export type Tensor = import('./onnx.js').Tensor;
export type Floats = import('./tensor.js').Floats;
export type Attribute = import('./onnx.js').Attribute;
export type Input = Tensor | undefined;
export type Operator = (inputs: Input[], attributes: Attributes) => Tensor;
/**
 * @typedef {import('./onnx.js').Tensor} Tensor
 * @typedef {import('./tensor.js').Floats} Floats
 * @typedef {import('./onnx.js').Attribute} Attribute
 * @typedef {Tensor | undefined} Input undefined where it is left out
 * @typedef {(inputs: Input[], attributes: Attributes) => Tensor} Operator
 */
/** A node's attributes; those that nobody takes are not supported. */
export declare class Attributes {
    #private;
    /** @param {Map<string, Attribute>} attributes */
    constructor(attributes: Map<string, Attribute>);
    /** @param {string} name @param {number} usual @returns {number} */
    number(name: string, usual: number): number;
    /** @param {string} name @param {number[]} usual @param {number} least @returns {number[]} whole numbers */
    list(name: string, usual: number[], least?: number): number[];
    /** An attribute that is supported with these values only; the first is the usual one. @param {string} name @param {...Attribute} values */
    only(name: string, ...values: Attribute[]): void;
    /** @throws {WireError} if there is one that the operator doesn't know */
    end(): void;
}
/** @type {Record<string, Operator>} */
export declare const operators: Record<string, Operator>;
