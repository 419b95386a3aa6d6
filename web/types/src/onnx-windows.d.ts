/**
 * The operators of ONNX that slide a window over images.
 */
export type Attributes = import('./onnx-operators.js').Attributes;
export type Floats = import('./tensor.js').Floats;
/**
 * @typedef {import('./onnx-operators.js').Attributes} Attributes
 * @typedef {import('./tensor.js').Floats} Floats
 */
/**
 * Where windows are in images of some size.
 *
 * @param {Floats} x [records, channels, height, width]
 * @param {Attributes} attributes
 * @param {number[]} [kernel] the window's height and width
 */
declare function windows(x: Floats, attributes: Attributes, kernel?: number[]): {
    rows: {
        side: number;
        places: number;
        step: number;
        before: number;
        window: number;
        spread: number;
    };
    columns: {
        side: number;
        places: number;
        step: number;
        before: number;
        window: number;
        spread: number;
    };
};
export type Axis = ReturnType<typeof windows>['rows'];
/**
 * @param {Floats} x [records, channels, height, width]
 * @param {Floats} weights [channels out, channels in of a group, height, width]
 * @param {Floats | undefined} biases [channels out]
 * @param {Attributes} attributes
 * @returns {Floats}
 */
export declare function convolve(x: Floats, weights: Floats, biases: Floats | undefined, attributes: Attributes): Floats;
/**
 * @param {Floats} x [records, channels, height, width]
 * @param {Attributes} attributes
 * @param {number} start
 * @param {(sum: number, value: number) => number} join
 * @param {(sum: number, seen: number, all: number) => number} finish given how many pixels of the window lie in the image
 * @returns {Floats}
 */
export declare function pool(x: Floats, attributes: Attributes, start: number, join: (sum: number, value: number) => number, finish: (sum: number, seen: number, all: number) => number): Floats;
export {};
