/** When the page makes randomisers for a sealed model, and asks with them while a person draws. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VeilcastError } from '../index.js';
import { Live } from '../page/live.js';
import { SealedHolder } from '../page/sealed-holder.js';
import { Task } from '../page/task.js';
import { Client } from '../index.js';
import { TESTS_ONLY, fakeSealed, randomRecords, scoresOf, sealedModel } from './fake-sealed.js';

const model = sealedModel({ features: 3, outputs: 4, bits: 4, slotBits: 56, ways: ['sealed'] });
const records = randomRecords(model, 40);

/** A key holder that must not be asked. */
const noKeys = /** @type {any} */ (
  Object.assign(new EventTarget(), {
    ready: () => assert.fail('no key is needed'),
    prepare: () => assert.fail('no key is needed'),
    pause: () => {},
  })
);

/** @param {import('node:test').TestContext} t */
async function page(t) {
  const fake = await fakeSealed(t, model);
  const client = new Client(fake.url, { ...TESTS_ONLY, tries: 1 });
  t.after(() => client.close());
  const sealed = new SealedHolder();
  const task = new Task(client, noKeys, sealed);
  return { fake, client, sealed, task };
}

/** @param {number} count @returns {import('../page/task.js').Question} */
const question = (count) => ({ kind: 'csv', model: 'small', records: () => records.slice(0, count), way: 'sealed' });

/** @param {number} count */
const scores = (count) => records.slice(0, count).map((record) => scoresOf(model, record).map(Number));

test('a task asks a sealed model without a key, in requests of several ciphertexts', async (t) => {
  const { fake, task } = await page(t);
  await task.ask(question(1));
  assert.deepEqual([task.phase, task.error, task.way, task.keyBits], ['done', undefined, 'sealed', 1024]);
  assert.equal(task.steps.send.bytes, task.request?.bytes.length);
  assert.equal((task.answer?.bytes.length ?? 0) - (task.answer?.headerLength ?? 0), 28);
  await task.ask(question(40));
  assert.deepEqual(
    task.predictions.map((outcome) => (outcome.failed ? undefined : outcome.scores)),
    scores(40),
  );
  // Four records share a ciphertext.
  assert.deepEqual(
    fake.asked.map(({ header }) => header.parameters.records),
    [1, 32, 8],
  );
});

test('weights are fetched and some randomisers made ahead, until there is something else to do', async (t) => {
  const { client, sealed } = await page(t);
  const card = await client.card('small');
  const states = new Set();
  sealed.addEventListener('change', () => states.add(sealed.stateOf(card).state));
  await sealed.prepare(client, 'small');
  assert.deepEqual([[...states], client.randomizers('small')], [['opening', 'ready'], 1]);
  await sealed.prepare(client, 'small', { isLive: true });
  assert.deepEqual([client.randomizers('small'), sealed.isFilling], [12, false]);
  assert.ok(sealed.stateOf(card).time > 0);
});

test('a sealed model that is not safe to use is told of', async (t) => {
  const { fake, sealed } = await page(t);
  // Without the tests' leave, keys of 1024 bits are not safe.
  const client = new Client(fake.url);
  await sealed.prepare(client, 'small');
  const { state, error } = sealed.stateOf(await client.card('small'));
  assert.deepEqual([state, error?.code], ['failed', 'bad_sealed_model']);
  assert.equal(sealed.isFilling, false);
});

test('answers follow the pen, each with a randomiser, and wait for the first one', async (t) => {
  const { client, sealed, task, fake } = await page(t);
  const live = new Live(task, noKeys, sealed);
  const shown = () => new Promise((resolve) => task.addEventListener('change', resolve, { once: true }));
  assert.equal(live.left('small', true), 0);
  live.want('small', () => question(1), true, true);
  await shown();
  assert.deepEqual([task.phase, task.way, task.keyBits], ['done', 'sealed', 1024]);
  assert.deepEqual(
    task.predictions.map((outcome) => (outcome.failed ? undefined : outcome.scores)),
    scores(1),
  );
  assert.ok(live.left('small', true) < 12);
  fake.refuse = () => ({ status: 500, code: 'broken' });
  live.want('small', () => question(2), true, true);
  await shown();
  assert.equal(task.phase, 'idle');
  sealed.pause();
  assert.ok(client.randomizers('small') >= 0);
});

test('a service that is away is told of, and asked again', async (t) => {
  const { fake, task } = await page(t);
  fake.refuse = () => ({ status: 503, code: 'busy' });
  await task.ask(question(2));
  assert.deepEqual([task.phase, /** @type {VeilcastError} */ (task.error).code], ['failed', 'busy']);
  fake.refuse = undefined;
  await task.retry();
  assert.deepEqual([task.phase, task.predictions.length], ['done', 2]);
});
