/**
 * Grey images, cutting parts out of them, and resizing them with exactly the same numbers as the program.
 *
 * Where the program rounds to 32-bit floats, so does this.
 */
export type GreyImage = {
    width: number;
    height: number;
    /**
     * row by row, 0 (black) to 255 (white)
     */
    pixels: ArrayLike<number>;
};
export type Box = {
    left: number;
    top: number;
    right: number;
    bottom: number;
};
/**
 * The brightness of a picture in colours, by the weights of ITU-R BT.709; transparent pixels get a ground that
 * contrasts with the rest.
 *
 * @param {{width: number, height: number, data: ArrayLike<number>}} picture red, green, blue and alpha of each
 *   pixel, such as an `ImageData`
 * @returns {GreyImage}
 */
export declare function greyImage({ width, height, data }: {
    width: number;
    height: number;
    data: ArrayLike<number>;
}): GreyImage;
/** @param {GreyImage} picture @param {Box} box within it @returns {GreyImage} */
export declare function cropped({ width, pixels }: GreyImage, { left, top, right, bottom }: Box): GreyImage;
/**
 * The means of squares of `side` × `side` pixels, or of what is left of them at the right and the bottom.
 *
 * @param {GreyImage} picture
 * @param {number} side
 * @returns {GreyImage}
 */
export declare function reduced(picture: GreyImage, side: number): GreyImage;
/**
 * A picture in another size: first its columns, then its rows, each pixel a mean of those around it with
 * weights that fall linearly.
 *
 * @param {GreyImage} picture
 * @param {number} width
 * @param {number} height
 * @returns {GreyImage}
 */
export declare function resized(picture: GreyImage, width: number, height: number): GreyImage;
/** @param {number} x @param {number} low @param {number} high */
export declare const clamp: (x: number, low: number, high: number) => number;
