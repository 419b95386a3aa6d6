/**
 * Keys as JSON, in the format of python-paillier's command-line tool and of `veilcast keygen`.
 *
 * Numbers are minimal big-endian bytes in base64url without padding. Only the primes are trusted;
 * everything else is computed from them and checked. The public part also holds the key's proof,
 * which other programs ignore; files without it are also accepted.
 */
/**
 * A secret key as the text of a key file: as secret as the key.
 *
 * @param {import('./paillier.js').SecretKey} key
 * @param {string} [kid] a name for people
 * @returns {string}
 */
export declare function keyToFile(key: import('./paillier.js').SecretKey, kid?: string): string;
/**
 * The secret key in the text of a key file.
 *
 * @param {string} text
 * @param {import('./paillier.js').KeyPolicy} [policy]
 * @returns {import('./paillier.js').SecretKey}
 * @throws {VeilcastError} `bad_key_file`, `bad_key` or `key_size`
 */
export declare function keyFromFile(text: string, policy?: import('./paillier.js').KeyPolicy): import('./paillier.js').SecretKey;
