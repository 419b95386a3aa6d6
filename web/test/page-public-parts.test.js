import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PublicParts } from '../page/public-parts.js';
import { Task } from '../page/task.js';
import { answer, clientOf, goodKey, hybridCard, network, patched } from './support.js';

/** The states of a model that `load` goes through. @param {PublicParts} parts @param {import('../index.js').Card} card */
function watched(parts, card) {
  /** @type {string[]} */
  const states = [];
  parts.addEventListener('change', () => states.push(parts.stateOf(card).state));
  return states;
}

test('a public part is fetched once, when its model is chosen', async (t) => {
  const { client, asked } = await clientOf(t, {}, answer(200, hybridCard(network())), answer(200, network()));
  const card = await client.card('digits');
  const parts = new PublicParts();
  const states = watched(parts, card);
  await Promise.all([parts.load(client, card), parts.load(client, card)]);
  await parts.load(client, card);
  assert.deepEqual(states, ['fetching', 'there']);
  assert.equal(parts.problemOf(card), undefined);
  assert.deepEqual(asked, ['GET /v2/models/digits/card', 'GET /v2/models/digits/public.onnx']);
});

test('what this page cannot run is told of before anything is asked', async (t) => {
  const strange = patched(network(), 'Conv', 'Gelu');
  const { client } = await clientOf(t, {}, answer(200, hybridCard(strange)), answer(200, strange));
  const card = await client.card('digits');
  const parts = new PublicParts();
  const states = watched(parts, card);
  await parts.load(client, card);
  assert.deepEqual(states, ['fetching', 'unfit']);
  assert.equal(parts.problemOf(card)?.code, 'bad_public_part');
  const { text } = parts.stateOf(card);
  assert.equal(text, "This page cannot run the model. The model's public part uses Gelu, which can't be run here; use the program veilcast predict.");
});

test('what may pass is tried anew', async (t) => {
  const away = answer(404, '<html>');
  const { client, asked } = await clientOf(t, {}, answer(200, hybridCard(network())), away, answer(200, network()));
  const card = await client.card('digits');
  const parts = new PublicParts();
  const states = watched(parts, card);
  await parts.load(client, card);
  assert.equal(parts.problemOf(card), undefined);
  await parts.load(client, card);
  assert.deepEqual(states, ['fetching', 'there', 'fetching', 'there']);
  assert.equal(asked.length, 3);
});

test('the public part is a step of its own, done before anything is encrypted', async (t) => {
  const refused = answer(400, '{"error": "enough", "code": "enough"}');
  const { client } = await clientOf(t, {}, answer(200, hybridCard(network())), answer(200, network()), refused);
  const keys = /** @type {any} */ ({ ready: async () => goodKey(), pause() {}, async prepare() {} });
  const task = new Task(client, keys);
  const phases = new Set();
  task.addEventListener('change', () => phases.add(`${task.steps.public.state} ${task.steps.encrypt.state} ${task.steps.send.state}`));
  await task.ask({ kind: 'digit', model: 'digits', records: () => [Array(784).fill(100)] });
  for (const phase of ['idle idle idle', 'running idle idle', 'done running idle', 'done done running']) {
    assert.ok(phases.has(phase), `${phase} in ${[...phases].join(', ')}`);
  }
  assert.ok(task.steps.public.time > 0);
  assert.equal(/** @type {any} */ (task.error).code, 'enough');
});
