/**
 * The real program: its service with three models, and its own predictions to compare with.
 *
 * The environment variable VEILCAST holds the path of the program `veilcast`.
 */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { changeCard, keyFile, patched } from '../../support.js';

const program = process.env.VEILCAST ?? '';
assert.ok(program, 'set the environment variable VEILCAST to the path of the program; `cargo xtask web` does it');

const root = new URL('../../../../', import.meta.url);

/** A path in the repository. @param {string} path */
export const pathOf = (path) => fileURLToPath(new URL(path, root));

/** A folder for the tests' files. */
export const folder = mkdtempSync(join(tmpdir(), 'veilcast-e2e-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The models that the tests ask. */
export const digits = pathOf('models/digits');
export const hybrid = pathOf('models/digits-hybrid');
export const square = pathOf('models/digits-square');
export const hospital = pathOf('models/hospital');

/** The description of a model that replaces another one. */
export const REPLACED = 'A newer version.';

const PATIENTS = pathOf('data/support2/support2.csv');

/** The program's standard output. @param {...string} args */
const run = (...args) => execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** A copy of a model, to be changed. @param {string} original @param {string} change */
function copyOf(original, change) {
  const model = `${join(folder, basename(original))}-${change}`;
  cpSync(original, model, { recursive: true });
  return model;
}

/** A model with another card, as if its owner had replaced it. @param {string} original */
export function replaced(original) {
  const model = copyOf(original, 'replaced');
  changeCard(model, (card) => card.replace(/"description": "[^"]*"/, `"description": "${REPLACED}"`));
  return model;
}

/** A model that is offered by vouchers only. @param {string} original */
export function byVouchersOnly(original) {
  const model = copyOf(original, 'vouchers');
  changeCard(model, (card) => card.replace(/\}\s*$/, ',"ways":["vouchers"]}'));
  return model;
}

/**
 * A hybrid model whose public part has one operator replaced by another with a name of the same length.
 *
 * @param {string} original
 * @param {string} from
 * @param {string} to
 */
export function withOperator(original, from, to) {
  const model = copyOf(original, to);
  const path = join(model, 'public.onnx');
  const before = readFileSync(path);
  const after = patched(before, from, to);
  writeFileSync(path, after);
  const [old, digest] = [before, after].map((bytes) => createHash('sha256').update(bytes).digest('hex'));
  changeCard(model, (card) => card.replace(old, digest));
  return model;
}

let configurations = 0;

/** Starts a service, which ends with the tests, and gives its URL. @param {...string} models */
export const serve = (...models) => serveWith('', ...models);

/** The same with a configuration. @param {string} configuration @param {...string} models */
export const serveWith = (configuration, ...models) =>
  start(
    configuration,
    models.flatMap((model) => ['--model', model]),
  );

/**
 * A model that is sealed, with its key.
 *
 * @typedef {{model: string, key: string}} Sealed
 */

/**
 * Seals a copy of a model under a fresh key.
 *
 * @param {string} original
 * @param {string} change that names the copy
 * @param {{bits?: number, isOnly?: boolean}} [options] of the key; whether it is offered in no other way
 * @returns {Sealed}
 */
export function sealed(original, change, { bits = 2048, isOnly = false } = {}) {
  const model = copyOf(original, change);
  const key = `${model}.key.json`;
  run('keygen', '--bits', String(bits), '--out', key);
  run('seal', model, '--key', key, ...(isOnly ? ['--only'] : []));
  return { model, key };
}

/** Starts a service of sealed models. @param {...Sealed} models */
export const serveSealed = (...models) =>
  start(
    '',
    models.flatMap(({ model, key }) => ['--model', model, '--sealing-key', key]),
  );

/** @param {string} configuration @param {readonly string[]} models as arguments */
async function start(configuration, models) {
  const file = join(folder, `serve-${configurations++}.toml`);
  writeFileSync(file, configuration);
  const service = spawn(program, ['serve', '--config', file, ...models, '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(service, 'exit').then(() => assert.fail('the service ended'));
  after(() => {
    ended.catch(() => {});
    service.kill();
  });
  const [line] = await Promise.race([once(createInterface(service.stdout), 'line'), ended]);
  return /http:\S+/.exec(line)?.[0] ?? assert.fail(`the service says "${line}"`);
}

/** The service that most tests ask: it has the models `digits`, `digits-hybrid` and `hospital`. */
export const serviceUrl = await serve(digits, hybrid, hospital);

/** Some patients as CSV, of whom the model was not trained on all. @param {number} count */
export function patientsCsv(count) {
  return `${readFileSync(PATIENTS, 'utf8')
    .split(/\r?\n/)
    .slice(0, count + 1)
    .join('\n')}\n`;
}

/**
 * What `veilcast predict` writes for files of records: CSV.
 *
 * @param {string} model
 * @param {...string} inputs
 */
export const predictedCsv = (model, ...inputs) => predictedWith([], model, ...inputs);

/** The same with further options. @param {readonly string[]} others @param {string} model @param {...string} inputs */
export function predictedWith(others, model, ...inputs) {
  const [key, out] = ['key.json', 'out.csv'].map((name) => join(folder, name));
  writeFileSync(key, keyFile('good-2048'), { mode: 0o600 });
  const options = ['--server', serviceUrl, '--model', model, '--key', key, '--out', out, '--force', ...others];
  run('predict', ...options, ...(inputs[0].endsWith('.csv') ? ['--ignore-columns', 'all'] : []), ...inputs);
  return readFileSync(out, 'utf8');
}

/** The labels and scores in such CSV. @param {string} csv */
export function rowsOf(csv) {
  const [header, ...lines] = csv
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
  const scored = header.map((name, i) => (name.startsWith('score_') ? i : -1)).filter((i) => i >= 0);
  return lines.map((cells) => ({ label: cells[1], scores: scored.map((i) => Number(cells[i])) }));
}
