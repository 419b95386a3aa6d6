/**
 * Products of fixed numbers to the power of small integers that are secret: Π cᵢ^xᵢ modulo n², and with it, if c are Paillier's
 * ciphertexts, sums of weights times a record's values.
 *
 * The digits of x sort the c into buckets, one for each digit's value. Buckets are multiplied from the highest value down, so
 * that each counts as often as its value says. All buckets begin with the same random unit, whose powers are divided out once:
 * the sequence of products and the size of their factors do not depend on x.
 */
export declare class WeightedProducts {
    #private;
    /**
     * @param {readonly bigint[]} factors units: one for each value, and a last one that is in all products once
     * @param {bigint} n
     * @param {number} bits of the values
     */
    constructor(factors: readonly bigint[], n: bigint, bits: number);
    /**
     * @param {readonly number[]} values one for each factor but the last
     * @returns {bigint}
     * @throws {RangeError} if there are too few or too many, or one is not a number of the bits that were said
     */
    of(values: readonly number[]): bigint;
}
