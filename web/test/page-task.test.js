/**
 * The course of the page's predictions, with the real service.
 *
 * The environment variable VEILCAST holds the path of the program `veilcast`.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client, VeilcastError } from '../index.js';
import { KeyHolder } from '../page/key-holder.js';
import { readSamples } from '../page/pictures.js';
import { Task } from '../page/task.js';
import { bytesOf, changeCard } from './support.js';

const program = process.env.VEILCAST ?? '';
assert.ok(program, 'set the environment variable VEILCAST to the path of the program; `cargo xtask web` does it');

const folder = mkdtempSync(join(tmpdir(), 'veilcast-page-'));
const digits = fileURLToPath(new URL('../../models/digits', import.meta.url));
const replaced = join(folder, 'replaced');
cpSync(digits, replaced, { recursive: true });
changeCard(replaced, (card) => card.replace('Recognises handwritten', 'Reads handwritten'));
const [url, replacedUrl] = await Promise.all([digits, replaced].map(serve));
const keys = new KeyHolder();
keys.make(2048);
after(async () => {
  const key = await keys.ready(new AbortController().signal);
  key.close();
  rmSync(folder, { recursive: true });
});

/** @param {string} model */
async function serve(model) {
  const service = spawn(program, ['serve', '--model', model, '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(service, 'exit').then(() => assert.fail('the service ended'));
  after(() => {
    ended.catch(() => {});
    service.kill();
  });
  const [line] = await Promise.race([once(createInterface(service.stdout), 'line'), ended]);
  return /http:\S+/.exec(line)?.[0] ?? '';
}

const [images, labels] = ['images-idx3', 'labels-idx1'].map((name) => bytesOf(`web/page/samples/${name}-ubyte`).buffer);
const samples = readSamples(images, labels).map(({ pixels }) => [...pixels]);

/** @param {number} count @returns {import('../page/task.js').Question} */
const question = (count) => ({ kind: 'csv', model: 'digits', records: () => samples.slice(0, count) });
const newTask = (at = url) => new Task(new Client(at, { tries: 1 }), keys);
/** @param {Task} task */
const labelsOf = ({ predictions }) => predictions.map((outcome) => (outcome.failed ? outcome.failed.code : outcome.label));

test('a prediction goes through its steps, and keeps the actual bytes', async () => {
  const task = newTask();
  const phases = new Set();
  task.addEventListener('change', () => phases.add(`${task.phase} ${task.steps.encrypt.state} ${task.steps.compute.state} ${task.steps.decrypt.state}`));
  await task.ask(question(1));
  assert.equal(task.error, undefined);
  assert.deepEqual(labelsOf(task), ['7']);
  for (const phase of [
    'running idle idle idle',
    'running running idle idle',
    'running done running idle',
    'running done done running',
    'done done done done',
  ]) {
    assert.ok(phases.has(phase), `${phase} in ${[...phases].join(', ')}`);
  }
  const { encrypt, send, compute, receive, decrypt } = task.steps;
  for (const step of [encrypt, compute, decrypt]) assert.ok(step.time > 0);
  const { request, answer } = task;
  assert.ok(request && answer);
  assert.equal(send.bytes, request.bytes.length);
  assert.equal(receive.bytes, answer.bytes.length);
  for (const { bytes, headerLength } of [request, answer]) {
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(0, headerLength)));
    assert.ok(header.parameters.card_digest);
  }
});

test('many records go in several requests; what was cancelled goes on where it stopped', async () => {
  const task = newTask();
  const stop = () => {
    if (task.predictions.length === 2) task.cancel();
  };
  task.addEventListener('change', stop);
  await task.ask(question(4));
  task.removeEventListener('change', stop);
  assert.deepEqual([task.phase, task.predictions.length, task.total], ['cancelled', 2, 4]);
  const before = task.predictions[0];
  await task.retry();
  assert.deepEqual([task.phase, labelsOf(task)], ['done', ['7', '2', '1', '0']]);
  assert.equal(task.predictions[0], before);
  assert.equal(task.requests, 4);
});

test('a service that is away is told of, and asked again', async () => {
  const nobody = createServer().listen(0, '127.0.0.1');
  await once(nobody, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (nobody.address());
  nobody.close();
  const task = newTask(`http://127.0.0.1:${port}`);
  await task.ask(question(1));
  assert.equal(task.phase, 'failed');
  assert.equal(/** @type {VeilcastError} */ (task.error).code, 'unreachable');
  task.client = new Client(url);
  await task.retry();
  assert.deepEqual([task.phase, task.error, labelsOf(task)], ['done', undefined, ['7']]);
});

test('records that cannot be had, and none, are told of', async () => {
  const task = newTask();
  const error = new VeilcastError('missing_column', 'age');
  await task.ask({
    ...question(1),
    records: () => {
      throw error;
    },
  });
  assert.deepEqual([task.phase, task.error], ['failed', error]);
  await task.ask(question(0));
  assert.equal(/** @type {VeilcastError} */ (task.error).code, 'no_records');
});

test('predictions of two models are never mixed', async () => {
  const task = newTask();
  const replace = () => {
    if (task.predictions.length === 2) task.client = new Client(replacedUrl);
  };
  task.addEventListener('change', replace);
  await task.ask(question(3));
  task.removeEventListener('change', replace);
  assert.equal(task.phase, 'failed');
  assert.equal(/** @type {VeilcastError} */ (task.error).code, 'model_changed');
  assert.equal(task.predictions.length, 2);
  await task.retry();
  assert.deepEqual([task.phase, labelsOf(task), task.requests], ['done', ['7', '2', '1'], 3]);
  assert.match(task.card?.fields.description ?? '', /Reads/);
});

test('a new question takes the place of the one before, and clearing of both', async () => {
  const task = newTask();
  const first = task.ask(question(100));
  const second = task.ask(question(1));
  await Promise.all([first, second]);
  assert.deepEqual([task.phase, labelsOf(task)], ['done', ['7']]);
  const third = task.ask(question(100));
  task.clear();
  await third;
  assert.deepEqual([task.phase, task.predictions, task.request, task.question], ['idle', [], undefined, undefined]);
});

test('a question whose key ended is asked again with a new one', async () => {
  const { signal } = new AbortController();
  const holder = new KeyHolder();
  holder.make(2048);
  (await holder.ready(signal)).close();
  const task = new Task(new Client(url), holder);
  await task.ask(question(1));
  assert.equal(/** @type {VeilcastError} */ (task.error).code, 'worker_ended');
  holder.make(2048);
  await task.retry();
  assert.deepEqual([task.phase, labelsOf(task)], ['done', ['7']]);
  (await holder.ready(signal)).close();
});

test('a key of another size is waited for', async () => {
  const holder = new KeyHolder();
  holder.make(4096);
  const waited = holder.ready(new AbortController().signal);
  holder.make(2048);
  const key = await waited;
  assert.equal(key.bits, 2048);
  assert.deepEqual([holder.state, holder.bits, holder.time > 0], ['ready', 2048, true]);
  const reason = new Error('enough');
  holder.make(2048);
  await assert.rejects(holder.ready(AbortSignal.abort(reason)), reason);
  const next = await holder.ready(new AbortController().signal);
  assert.notEqual(next.n, key.n);
  next.close();
});
