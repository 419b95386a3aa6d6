/** The text of a file, whatever its encoding; other formats are named, and never read as text. */
/**
 * The text of a file, unpacked if it is gzipped, and what was found out about its encoding.
 *
 * @param {Uint8Array<ArrayBuffer>} file
 * @returns {Promise<{text: string, said: string[]}>}
 * @throws {VeilcastError} `not_a_table` if it isn't text
 */
export declare function textOfTable(file: Uint8Array<ArrayBuffer>): Promise<{
    text: string;
    said: string[];
}>;
