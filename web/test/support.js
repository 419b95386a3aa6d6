/** What the tests share: files of the repository, and keys that are published and unfit for any use. */

import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

/**
 * Changes the card of a model in a folder; the weights name it by its digest.
 *
 * @param {string} model
 * @param {(card: string) => string} change
 */
export function changeCard(model, change) {
  const [cardPath, weightsPath] = ['card.json', 'weights.safetensors'].map((name) => join(model, name));
  const [before, weights] = [readFileSync(cardPath), readFileSync(weightsPath)];
  const card = Buffer.from(change(before.toString()));
  const [old, digest] = [before, card].map((bytes) => createHash('sha256').update(bytes).digest('hex'));
  if (old === digest) throw new Error('the card is as it was');
  writeFileSync(cardPath, card);
  rmSync(join(model, 'report.json'), { force: true });
  writeFileSync(weightsPath, Buffer.from(weights.toString('latin1').replace(old, digest), 'latin1'));
}
