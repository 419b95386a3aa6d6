/**
 * Networks with hidden layers together with the real service, whose scores must be those of their weights.
 *
 * The environment variable VEILCAST holds the path of the program `veilcast`.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client, WorkerKey } from '../index.js';
import { KeyHolder } from '../page/key-holder.js';
import { Task } from '../page/task.js';
import { scoresOf } from './fake-network.js';
import { changeCard, failure, keyFile } from './support.js';

const program = process.env.VEILCAST ?? '';
assert.ok(program, 'set the environment variable VEILCAST to the path of the program; `cargo xtask web` does it');

const folder = mkdtempSync(join(tmpdir(), 'veilcast-networks-'));
/** One hidden layer; and two, in a ring of more than 64 bits, with results that have more bits than scores. */
const NAMES = ['network', 'deep-network'];
for (const name of NAMES) {
  cpSync(fileURLToPath(new URL(`fixtures/${name}`, import.meta.url)), join(folder, name), { recursive: true });
  changeCard(join(folder, name), (card) => card.replace('"name": "test"', `"name": "${name}"`));
}
/** The same, offered directly, too. */
const DIRECT = NAMES.map((name) => `direct-${name}`);
for (const name of DIRECT) {
  cpSync(join(folder, name.replace('direct-', '')), join(folder, name), { recursive: true });
  changeCard(join(folder, name), (card) => card.replace(/"name": "(.*network)"/, '"name": "direct-$1"').replace(/,\s*"ways": \[[^\]]*\]/, ''));
}
const service = spawn(program, ['serve', ...[...NAMES, ...DIRECT].flatMap((name) => ['--model', join(folder, name)]), '--listen', '127.0.0.1:0'], {
  stdio: ['ignore', 'pipe', 'ignore'],
});
const ended = once(service, 'exit').then(() => assert.fail('the service ended'));
const key = await WorkerKey.fromFile(keyFile('good-2048'));
after(() => {
  ended.catch(() => {});
  service.kill();
  key.close();
  rmSync(folder, { recursive: true });
});
const [line] = await Promise.race([once(createInterface(service.stdout), 'line'), ended]);
const url = /http:\S+/.exec(line)?.[0] ?? '';

/**
 * The integers in a model's file of weights.
 *
 * @param {string} name
 * @param {import('../index.js').Card} card
 */
function networkOf(name, card) {
  const file = readFileSync(join(folder, name, 'weights.safetensors'));
  const data = 8 + Number(file.readBigUInt64LE());
  const tensors = JSON.parse(file.subarray(8, data).toString());
  const parts = [...(card.hidden?.sizes ?? []), card.outputs].map((_, part) => {
    const [weights, biases] = ['weights', 'biases'].map((kind) => tensors[`integer.${part}.${kind}`]);
    const [rows, columns] = weights.shape;
    return {
      weights: Array.from({ length: rows }, (_, r) =>
        Array.from({ length: columns }, (_, c) => BigInt(file.readInt32LE(data + weights.data_offsets[0] + 4 * (r * columns + c)))),
      ),
      // Two words each, low one first.
      biases: Array.from({ length: rows }, (_, r) => {
        const at = data + biases.data_offsets[0] + 16 * r;
        return (file.readBigInt64LE(at + 8) << 64n) + file.readBigUInt64LE(at);
      }),
    };
  });
  return { parts, scoreShift: card.hidden?.score_shift ?? 0 };
}

for (const name of NAMES) {
  test(`predictions of a ${name} are exactly those of its weights`, async (t) => {
    const client = new Client(url);
    const card = await client.card(name);
    const network = /** @type {import('./fake-network.js').Network} */ (networkOf(name, card));
    const start = performance.now();
    const left = await client.fillVouchers(name, { key });
    t.diagnostic(`${left} vouchers: ${(performance.now() - start).toFixed(0)} ms`);
    const most = 2 ** card.fields.quantization.bits - 1;
    const records = Array.from({ length: 6 }, (_, i) =>
      Array.from({ length: card.features }, (_, f) => [0, most, (7 * i + 5 * f) % (most + 1)][Math.min(i, 2)]),
    );
    const asked = performance.now();
    const run = await client.predict(name, records, { key });
    t.diagnostic(`6 records: ${(performance.now() - asked).toFixed(0)} ms; ${run.bytesUp} bytes up, ${run.bytesDown} down`);
    const expected = records.map((record) => scoresOf(network, record));
    assert.ok(expected.flat().some((score) => score < 0n) && expected.flat().some((score) => score > 0n));
    // Scales are powers of two, which leave them exact.
    const { scales } = card.fields.output;
    assert.deepEqual(
      run.predictions.map(({ scores }) => scores?.map((score, o) => BigInt(score / scales[o]))),
      expected,
    );
    const rounds = network.parts.length;
    assert.deepEqual([run.way, run.requests, client.vouchers(name, { key })], ['vouchers', rounds, left - 6]);
  });
}

for (const name of DIRECT) {
  test(`records go through a ${name} encrypted, layer by layer`, async (t) => {
    const client = new Client(url);
    const card = await client.card(name);
    assert.deepEqual(card.ways, ['direct', 'vouchers']);
    const network = /** @type {import('./fake-network.js').Network} */ (networkOf(name, card));
    const most = 2 ** card.fields.quantization.bits - 1;
    const records = [0, 1, 2].map((i) => Array.from({ length: card.features }, (_, f) => (i === 0 ? most : (7 * i + 5 * f) % (most + 1))));
    const start = performance.now();
    const run = await client.predict(name, records, { key });
    t.diagnostic(`3 records: ${(performance.now() - start).toFixed(0)} ms; ${run.bytesUp} bytes up, ${run.bytesDown} down`);
    const { scales } = card.fields.output;
    assert.deepEqual(
      run.predictions.map(({ scores }) => scores?.map((score, o) => BigInt(score / scales[o]))),
      records.map((record) => scoresOf(network, record)),
    );
    assert.deepEqual([run.way, run.layout?.name, run.requests], ['direct', 'layer', network.parts.length]);
    // With vouchers it takes these.
    await client.fillVouchers(name, { key });
    assert.equal((await client.predict(name, records, { key })).way, 'vouchers');
    assert.equal((await client.predict(name, records, { key, way: 'direct' })).way, 'direct');
  });
}

test('a record whose answer was lost begins anew', async (t) => {
  const client = new Client(url);
  /** @type {{part: number, status: number}[]} */
  const asked = [];
  const ask = globalThis.fetch;
  t.after(() => (globalThis.fetch = ask));
  globalThis.fetch = async (target, init) => {
    const response = await ask(target, init);
    const part = /"part":(\d)/.exec(Buffer.from(/** @type {Uint8Array} */ (init?.body ?? new Uint8Array())).toString('latin1'))?.[1];
    if (part !== undefined) asked.push({ part: Number(part), status: response.status });
    if (asked.length === 2 && asked[1].status === 200) throw new TypeError('the connection broke');
    return response;
  };
  const record = [1, 2, 3, 4];
  const run = await client.predict('direct-network', [record], { key });
  const network = /** @type {import('./fake-network.js').Network} */ (networkOf('direct-network', run.card));
  assert.deepEqual(run.predictions[0].scores?.map(BigInt), scoresOf(network, record));
  const expected = [
    [0, 200],
    [1, 200],
    [1, 409],
    [0, 200],
    [1, 200],
  ];
  assert.deepEqual(
    asked.map(({ part, status }) => [part, status]),
    expected,
  );
});

test("the page's task goes through all rounds, and keeps the bytes of the last one", async () => {
  const keys = new KeyHolder();
  keys.make(2048);
  const task = new Task(new Client(url), keys);
  const phases = new Set();
  /** @type {Set<string>} */
  const notes = new Set();
  task.addEventListener('change', () => {
    phases.add(`${task.steps.encrypt.state} ${task.steps.compute.state} ${task.steps.decrypt.state}`);
    notes.add(task.steps.encrypt.note);
  });
  await task.ask({ kind: 'row', model: 'deep-network', records: () => [[1, 2, 3]] });
  keys.pause();
  assert.equal(task.error, undefined);
  const { card, way, requests, request, answer, steps } = task;
  assert.ok(card && request && answer);
  const network = /** @type {import('./fake-network.js').Network} */ (networkOf('deep-network', card));
  const [{ scores }] = /** @type {import('../src/outcome.js').RecordPrediction[]} */ (task.predictions);
  assert.deepEqual(
    scores?.map((score, o) => BigInt(score / card.fields.output.scales[o])),
    scoresOf(network, [1, 2, 3]),
  );
  assert.deepEqual([way, requests, task.phase], ['vouchers', 3, 'done']);
  for (const phase of ['running idle idle', 'done running idle', 'done done running', 'done done done'])
    assert.ok(phases.has(phase), `${phase} in ${[...phases].join(', ')}`);
  assert.ok(notes.has('Making 1 voucher first, each for one record…'));
  const header = JSON.parse(Buffer.from(request.bytes.subarray(0, request.headerLength)).toString());
  assert.deepEqual([header.parameters.part, header.inputs[0].shape], [2, [1, 2 * 3 * 11]]);
  // Two numbers of 85 bits follow the header.
  assert.equal(answer.bytes.length - answer.headerLength, 2 * 11);
  assert.equal(JSON.parse(Buffer.from(answer.bytes.subarray(0, answer.headerLength)).toString()).model_name, 'deep-network');
  assert.ok(steps.send.bytes > 2 * request.bytes.length && steps.receive.bytes > 2 * answer.bytes.length);
  (await keys.ready(AbortSignal.timeout(1000))).close();
});

test('the service answers a round once, and other vouchers take the record', async (t) => {
  const client = new Client(url);
  await client.fillVouchers('network', { key });
  /** @type {{part: number, status: number}[]} */
  const rounds = [];
  const ask = globalThis.fetch;
  t.after(() => (globalThis.fetch = ask));
  // The first answer of the round is lost: it is asked for again.
  globalThis.fetch = async (target, init) => {
    const response = await ask(target, init);
    const part = /"part":(\d)/.exec(Buffer.from(/** @type {Uint8Array} */ (init?.body ?? new Uint8Array())).toString('latin1'))?.[1];
    rounds.push({ part: Number(part), status: response.status });
    if (rounds.length === 1) throw new TypeError('the connection broke');
    return response;
  };
  const record = [1, 2, 3, 4];
  const run = await client.predict('network', [record], { key });
  const network = /** @type {import('./fake-network.js').Network} */ (networkOf('network', run.card));
  assert.deepEqual(run.predictions[0].scores?.map(BigInt), scoresOf(network, record));
  assert.deepEqual(rounds, [
    { part: 0, status: 200 },
    { part: 0, status: 409 },
    { part: 0, status: 200 },
    { part: 1, status: 200 },
  ]);
  await assert.rejects(client.predict('network', [record], { key, way: 'direct' }), failure('layout_not_allowed', /by vouchers only/));
});
