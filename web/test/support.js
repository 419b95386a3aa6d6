/** What the tests share: files of the repository, and keys that are published and unfit for any use. */

import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Client, VeilcastError, keyFromFile } from '../index.js';
import { listen } from './listen.js';

/** @typedef {import('node:http').ServerResponse} Response */

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

/** A network for images of 28 by 28 pixels that gives 10 numbers. */
export const network = () => bytesOf('testdata/fixtures/onnx/pytorch-conv-1x28x28-opset18.onnx');

/** The digit model's card, as if a network like {@link network} were its public part. @param {Uint8Array<ArrayBuffer>} onnx */
export function hybridCard(onnx) {
  const fields = JSON.parse(new TextDecoder().decode(digitsCard()));
  const sha256 = createHash('sha256').update(onnx).digest('hex');
  fields.public_part = { sha256, bytes: onnx.length, shape: [1, 28, 28], features: 10, description: 'It gives nothing away.' };
  fields.layouts = { scalar: {} };
  return new TextEncoder().encode(JSON.stringify(fields));
}

/** A file with one text replaced by another of the same length. @param {Uint8Array} bytes @param {string} from @param {string} to */
export function patched(bytes, from, to) {
  if (from.length !== to.length) throw new Error(`${from} and ${to} are not of a length`);
  const text = Buffer.from(bytes).toString('latin1');
  if (!text.includes(from)) throw new Error(`there is no ${from}`);
  return Uint8Array.from(Buffer.from(text.replaceAll(from, to), 'latin1'));
}

/**
 * A client of a server that answers each request by the next of these functions, the last one again and again.
 *
 * @param {import('node:test').TestContext} t
 * @param {import('../src/transport.js').TransportOptions} options
 * @param {...(response: Response) => void} answers
 */
export async function clientOf(t, options, ...answers) {
  /** @type {string[]} */
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const [answer] = answers.length > 1 ? answers.splice(0, 1) : answers;
    answer(response);
  });
  return { client: new Client(await listen(t, server), options), asked };
}

/** @param {number} status @param {string | Uint8Array} [body] @param {Record<string, string>} [headers] */
export const answer =
  (status, body = '', headers = {}) =>
  (/** @type {Response} */ response) => {
    response.writeHead(status, headers).end(body);
  };

/** @param {string} code @param {RegExp} [message] */
export const failure =
  (code, message = /./) =>
  (/** @type {any} */ error) => {
    if (error.code !== code || !message.test(error.message)) throw error;
    return true;
  };

/**
 * The outcomes of a run, and its error if it has marked records.
 *
 * @param {Promise<{predictions: import('../src/outcome.js').Outcome[]}>} run
 */
export async function resultOf(run) {
  try {
    const { predictions } = await run;
    return { predictions, error: undefined };
  } catch (error) {
    if (!(error instanceof VeilcastError && error.predictions)) throw error;
    return { predictions: error.predictions, error };
  }
}

/** The scores of outcomes, or the codes of their marks. @param {readonly import('../src/outcome.js').Outcome[]} predictions */
export const scoresIn = (predictions) => predictions.map((prediction) => (prediction.failed ? prediction.failed.code : prediction.scores));

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
