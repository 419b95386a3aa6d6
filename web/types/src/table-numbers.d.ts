/**
 * Numbers in cells, as people and programs write them.
 *
 * Beside digits a cell may have a sign (a Unicode minus too), a decimal mark, marks or spaces between
 * thousands, an exponent, a per cent sign and a currency sign. Which of point and comma is the decimal mark is
 * decided for a whole column: `9,916` alone doesn't say.
 */
export type Mark = '.' | ',';
export type Format = {
    decimal: Mark | undefined;
    percent: boolean;
    currency: string | undefined;
};
export type Fault = 'not_a_number' | 'not_finite' | 'other_decimal' | 'ambiguous_number' | 'mixed_units';
/**
 * The number in a cell of a column.
 *
 * @param {Format} format
 * @param {string} text
 * @returns {{number: number} | {fault: Fault}}
 */
export declare function readNumber(format: Format, text: string): {
    number: number;
} | {
    fault: Fault;
};
/** The plain number that a text is; undefined if it is none. @param {string} text */
export declare function plainNumber(text: string): number | undefined;
/**
 * A cell that is a number with at least one of the decimal marks: what it is if that is a point, and what if it is
 * a comma.
 *
 * @param {string} text
 * @returns {{values: [number | undefined, number | undefined], hasComma: boolean, percent: boolean, currency: string | undefined} | undefined}
 */
export declare function written(text: string): {
    values: [number | undefined, number | undefined];
    hasComma: boolean;
    percent: boolean;
    currency: string | undefined;
} | undefined;
