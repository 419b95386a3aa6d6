/** What the page makes of answers that can't be right: it asks on, marks the records, and says so at the end. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, VeilcastError } from '../index.js';
import { textOfPredictions } from '../page/answer-text.js';
import { csvOf } from '../page/csv-out.js';
import { troubleOf } from '../page/errors.js';
import { Task } from '../page/task.js';
import { fakeService, scoresOf } from './fake-service.js';
import { RECORDS as records } from './small-model.js';
import { goodKey } from './support.js';

/** @typedef {import('./fake-service.js').Change} Change */

const key = goodKey();

/** What a task takes of the page's keys. */
const keys = /** @type {import('../page/key-holder.js').KeyHolder} */ (
  /** @type {unknown} */ ({ ready: async () => key, pause: () => {}, prepare: async () => {} })
);

/** @type {import('../page/task.js').Question} */
const question = { kind: 'csv', model: 'small', records: () => records };

/** @type {Change} */
const oneOut = { plaintexts: (plaintexts, request) => (plaintexts[0][0] += request === 1 ? 200n << 16n : 0n) };
/** @type {Change} */
const groupOut = { ciphertexts: (scores, request) => void (request === 1 && scores[1].fill(0)) };

/** @param {Task} task */
const failedIn = ({ predictions }) => predictions.map(({ failed }) => failed?.code);

test('a table is asked to its end; marked records are in the file, with empty cells, and told of', async (t) => {
  const fake = await fakeService(t, key, oneOut);
  const task = new Task(new Client(fake.url), keys);
  await task.ask(question);
  const error = /** @type {VeilcastError} */ (task.error);
  assert.deepEqual([task.phase, error.code, task.steps.decrypt.state], ['failed', 'bad_scores', 'failed']);
  assert.match(error.message, /^1 of 5 records has no prediction, it is record 3, counted from 0: /);
  assert.deepEqual(failedIn(task), [undefined, undefined, undefined, 'bad_scores', undefined]);
  assert.equal(fake.asked.length, 3);
  assert.equal(
    task.steps.send.bytes,
    fake.asked.reduce((sum, { body }) => sum + body.length, 0),
  );

  const { card, predictions } = task;
  assert.ok(card);
  const rows = records.map((record, i) => (i === 3 ? '3,,,' : `${i},${predictions[i].failed ? '' : predictions[i].label},${scoresOf(record).join(',')}`));
  assert.equal(csvOf(card, predictions), ['record,label,score_no,score_yes', ...rows, ''].join('\n'));
  const { text, bars } = textOfPredictions(card, predictions, 5);
  assert.equal(text, "4 of 5 records predicted. 1 record got an answer that can't be right, and is marked. No cell had to be changed.");
  assert.equal(
    bars.reduce((sum, bar) => sum + Number(bar.text), 0),
    4,
  );
  assert.match(troubleOf(error).text, /are marked\. Trying again sends everything once more/);
});

test('another try asks for all records anew: which ones failed stays here', async (t) => {
  const fake = await fakeService(t, key, groupOut);
  const task = new Task(new Client(fake.url), keys);
  await task.ask(question);
  assert.deepEqual(failedIn(task), [undefined, undefined, 'bad_ciphertext', 'bad_ciphertext', undefined]);
  const before = fake.asked.splice(0).map(({ raw }) => raw.length);
  fake.change = {};
  await task.retry();
  assert.deepEqual([task.phase, task.error, failedIn(task)], ['done', undefined, Array(5).fill(undefined)]);
  assert.deepEqual(
    fake.asked.map(({ raw }) => raw.length),
    before,
  );
  assert.equal(task.requests, 3);
});

test('after a service was away, the rest is asked for, whatever came before could be decrypted or not', async (t) => {
  for (const change of [{}, groupOut]) {
    const fake = await fakeService(t, key, change);
    const task = new Task(new Client(fake.url, { tries: 1 }), keys);
    fake.refuse = () => (fake.asked.length === 3 ? { status: 503, code: 'busy' } : undefined);
    await task.ask(question);
    assert.deepEqual([/** @type {VeilcastError} */ (task.error).code, task.predictions.length], ['busy', 4]);
    await task.retry();
    assert.deepEqual([fake.asked.length, task.predictions.length], [4, 5]);
    assert.equal(task.phase, change === groupOut ? 'failed' : 'done');
  }
});

test('what the page sends is the same for answers that are right and for those that are not', async (t) => {
  const sent = [];
  for (const change of [{}, oneOut, groupOut]) {
    const fake = await fakeService(t, key, change);
    const task = new Task(new Client(fake.url), keys);
    await task.ask(question);
    sent.push(fake.asked.map(({ path, headers, header }) => [path, headers, { ...header, id: 'its id' }]));
  }
  assert.equal(sent[0].length, 3);
  assert.deepEqual(sent[1], sent[0]);
  assert.deepEqual(sent[2], sent[0]);
});

test('an answer that is too large, and a key that the service forgot, leave the steps in order', async (t) => {
  const fake = await fakeService(t, key, { body: (body, _, request) => (request === 1 ? Buffer.concat([body, Buffer.alloc(100_000)]) : body) });
  const task = new Task(new Client(fake.url), keys);
  await task.ask(question);
  assert.deepEqual(failedIn(task), [undefined, undefined, 'answer_too_large', 'answer_too_large', undefined]);
  const states = () => Object.values(task.steps).map(({ state }) => state);
  assert.deepEqual(states(), ['idle', 'done', 'done', 'done', 'done', 'failed']);
  fake.known.clear();
  fake.change = {};
  fake.asked.splice(0);
  await task.ask(question);
  assert.deepEqual([task.phase, fake.asked.length, task.requests], ['done', 4, 4]);
  assert.equal(
    task.steps.send.bytes,
    fake.asked.reduce((sum, { body }) => sum + body.length, 0),
  );
});
