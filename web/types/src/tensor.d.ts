/**
 * Tensors of 32-bit floats, and what operators on them may take.
 */
export type Tensor = import('./onnx.js').Tensor;
export type Floats = {
    sides: readonly number[];
    values: Float32Array;
};
/** @param {number} products */
export declare function checkWork(products: number): void;
/** A tensor, if there is one of floats. @param {Tensor | undefined} tensor @returns {Floats} */
export declare function floats(tensor: Tensor | undefined): Floats;
/** A tensor of zeros. @param {readonly number[]} sides @returns {Floats} */
export declare const zeros: (sides: readonly number[]) => Floats;
/** A tensor's form, for messages. @param {Tensor} tensor */
export declare const shown: ({ sides }: Tensor) => string;
