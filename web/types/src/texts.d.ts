/**
 * Texts in tables and on screens.
 */
/** Removes spaces and tabs at both ends of a cell, and nothing else. @param {string} text */
export declare const trimmed: (text: string) => string;
/**
 * Labels and names must be distinct and suitable for a CSV file.
 *
 * @param {readonly string[]} texts
 * @param {string} place
 */
export declare function checkTexts(texts: readonly string[], place: string): void;
/**
 * Checks texts that cells are compared with: no cell could be equal to any other text.
 *
 * @param {readonly string[]} texts
 * @param {string} place
 */
export declare function checkCells(texts: readonly string[], place: string): void;
