/**
 * Local medians, by a histogram that slides over each row: Huang, Yang, Tang, "A fast two-dimensional median filtering
 * algorithm", IEEE Transactions on Acoustics, Speech, and Signal Processing 27 (1979). Moving by a pixel takes two columns of
 * the window; the median changes little, so that it is found again in a few steps.
 */
/**
 * The median of the pixels at most `radius` columns and rows away from each one, within the picture; of an even number the
 * upper one.
 *
 * @param {import('./grey.js').GreyImage} picture
 * @param {number} radius
 * @param {{skip: Uint8Array, otherwise: Uint8Array}} [without] pixels that don't count, where they aren't 0, and what to take
 *   where no pixel counts
 * @returns {Uint8Array}
 */
export declare function localMedians({ width, height, pixels }: import('./grey.js').GreyImage, radius: number, without?: {
    skip: Uint8Array;
    otherwise: Uint8Array;
}): Uint8Array;
