/** What the tests share: files of the repository, and keys that are published and unfit for any use. */

import { readFileSync } from 'node:fs';
import { keyFromFile } from '../index.js';

const root = new URL('../../', import.meta.url);

/** A file of the repository. @param {string} path */
export const bytesOf = (path) => new Uint8Array(readFileSync(new URL(path, root)));

/** @param {string} path */
export const textOf = (path) => readFileSync(new URL(path, root), 'utf8');

/** A key file of the Rust crates' fixtures. @param {string} name */
export const keyFile = (name) => textOf(`crates/paillier/tests/fixtures/keys/${name}.json`);

export const goodKey = () => keyFromFile(keyFile('good-2048'));

/** The digit model's card. */
export const digitsCard = () => bytesOf('models/digits/card.json');

/** @param {string} code @param {RegExp} [message] */
export const failure = (code, message = /./) => (/** @type {any} */ error) => {
  if (error.code !== code || !message.test(error.message)) throw error;
  return true;
};
