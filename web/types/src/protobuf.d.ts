/**
 * The wire format of protocol buffers, as far as ONNX files use it.
 */
/** What is wrong with a file's bytes; callers turn it into an error of their own kind. */
export declare class WireError extends Error {
}
/** The value of a field, which is read as what the schema says. */
export declare class Value {
    #private;
    wire: number;
    raw: bigint;
    content: Uint8Array<ArrayBufferLike>;
    /**
     * @param {number} wire
     * @param {bigint} integer of a varint
     * @param {Uint8Array} bytes of anything else
     */
    constructor(wire: number, integer: bigint, bytes: Uint8Array);
    /** @returns {number} a signed whole number that a float can hold */
    get integer(): number;
    /** @returns {number} */
    get float(): number;
    /** @returns {Uint8Array} */
    get bytes(): Uint8Array;
    /** @returns {string} */
    get text(): string;
    /** Whole numbers of a list: this is one of them, or many packed together. @returns {number[]} */
    get integers(): number[];
    /** Floats of a list: this is one of them, or many packed together. @returns {Float32Array} */
    get floats(): Float32Array;
}
/**
 * The fields of a message, by their numbers in the schema and in their order.
 *
 * @param {Uint8Array} message
 * @returns {Map<number, Value[]>}
 * @throws {WireError}
 */
export declare function readFields(message: Uint8Array): Map<number, Value[]>;
/** Little-endian floats. @param {Uint8Array} bytes */
export declare function floatsOf(bytes: Uint8Array): Float32Array<ArrayBuffer>;
/** Little-endian whole numbers of 64 bits. @param {Uint8Array} bytes */
export declare function integersOf(bytes: Uint8Array): number[];
