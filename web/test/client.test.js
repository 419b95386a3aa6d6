import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Card, Client } from '../index.js';
import { answer, clientOf, digitsCard, failure, goodKey, hybridCard, network } from './support.js';

const card = answer(200, digitsCard());

test('a busy service is asked again', async (t) => {
  for (const status of [429, 502, 503, 504]) {
    const { client, asked } = await clientOf(t, {}, answer(status, '', { 'retry-after': '0' }), card);
    /** @type {number[]} */
    const pauses = [];
    const got = await client.card('digits', { onProgress: (p) => p.step === 'retry' && pauses.push(p.pause) });
    assert.equal(got.digest, (await Card.parse(digitsCard())).digest);
    assert.deepEqual(asked, ['GET /v2/models/digits/card', 'GET /v2/models/digits/card']);
    assert.equal(pauses.length, 1);
    assert.ok(pauses[0] >= 500 && pauses[0] <= 750);
  }
});

test('a connection that breaks is tried again', async (t) => {
  const { client, asked } = await clientOf(t, {}, (response) => response.destroy(), card);
  await client.card('digits');
  assert.equal(asked.length, 2);
});

test('tries come to an end, and long pauses are not made', async (t) => {
  const busy = answer(503, '{"error": "all is taken", "code": "busy"}');
  const twice = await clientOf(t, { tries: 2 }, busy);
  await assert.rejects(twice.client.card('digits'), failure('busy', /all is taken/));
  assert.equal(twice.asked.length, 2);
  const long = await clientOf(t, {}, answer(503, '', { 'retry-after': '3600' }));
  await assert.rejects(long.client.card('digits'), failure('busy'));
  assert.equal(long.asked.length, 1);
});

test('who refuses is not asked again', async (t) => {
  const { client, asked } = await clientOf(t, {}, answer(404, '{"error": "there is no\\u0007 such model", "code": "unknown_model"}'));
  await assert.rejects(client.card('letters'), failure('unknown_model', /there is no\ufffd such model/));
  assert.equal(asked.length, 1);
});

test('others than Veilcast services are told', async (t) => {
  const page = await clientOf(t, {}, answer(404, '<html>'));
  await assert.rejects(page.client.card('digits'), failure('not_veilcast', /404/));
  const elsewhere = await clientOf(t, {}, answer(307, '', { location: 'http://example.org/' }));
  await assert.rejects(elsewhere.client.card('digits'), failure('not_veilcast', /307/));
  const other = await clientOf(t, {}, answer(200, '<html>'));
  await assert.rejects(other.client.card('digits'), failure('bad_card'));
  const endless = await clientOf(t, {}, answer(200, new Uint8Array((16 << 20) + 1)));
  await assert.rejects(endless.client.card('digits'), failure('answer_too_large'));
});

test('nobody there, and nothing within the time', async (t) => {
  const closed = new Client('http://127.0.0.1:9', { tries: 1 });
  await assert.rejects(closed.card('digits'), failure('unreachable', /127\.0\.0\.1:9/));
  const silent = await clientOf(t, { timeout: 100 }, () => {});
  await assert.rejects(silent.client.card('digits'), failure('timed_out', /0\.1 seconds/));
  assert.equal(silent.asked.length, 1);
});

test('it can be cancelled, in a call and in a pause', async (t) => {
  for (const step of [() => {}, answer(503)]) {
    const { client, asked } = await clientOf(t, {}, step);
    const signal = AbortSignal.timeout(150);
    await assert.rejects(client.card('digits', { signal }), { name: 'TimeoutError' });
    assert.equal(asked.length, 1);
  }
});

test('a replaced model is taken, once', async (t) => {
  const replaced = answer(409, '{"error": "the card is another", "code": "wrong_card_digest"}');
  const { client, asked } = await clientOf(t, {}, card, replaced, card, replaced);
  await client.card('digits');
  const record = Array(784).fill(0);
  await assert.rejects(client.predict('digits', [record], { key: goodKey() }), failure('wrong_card_digest'));
  const [get, post] = ['GET /v2/models/digits/card', 'POST /v2/models/digits/infer'];
  assert.deepEqual(asked, [get, post, get, post]);
});

test('a replaced model that takes other cells is not', async (t) => {
  const fields = JSON.parse(new TextDecoder().decode(digitsCard()));
  fields.input = { kind: 'image', shape: [14, 56], preprocessing: fields.input.preprocessing };
  const other = answer(200, JSON.stringify(fields));
  const { client, asked } = await clientOf(t, {}, card, answer(409, '{"error": "another", "code": "wrong_card_digest"}'), other);
  await client.card('digits');
  await assert.rejects(client.predict('digits', [Array(784).fill(0)], { key: goodKey() }), failure('wrong_card_digest'));
  assert.equal(asked.length, 3);
  assert.deepEqual((await client.card('digits')).fields.input.shape, [14, 56]);
});

const CARD = 'GET /v2/models/digits/card';
const PART = 'GET /v2/models/digits/public.onnx';
const ASK = 'POST /v2/models/digits/infer';
const refused = answer(400, '{"error": "enough", "code": "enough"}');

test('a public part is fetched once, and told of before anything is encrypted', async (t) => {
  const { client, asked } = await clientOf(t, {}, answer(200, hybridCard(network())), answer(200, network()), refused);
  const records = [Array(784).fill(0), Array(784).fill(255)];
  for (let round = 0; round < 2; round++) {
    /** @type {import('../src/client.js').Progress[]} */
    const events = [];
    await assert.rejects(client.predict('digits', records, { key: goodKey(), onProgress: (p) => events.push(p) }), failure('enough'));
    const names = events.map(({ step }) => step);
    assert.deepEqual([...new Set(names)], ['card', 'public', 'encode', 'encrypt', 'send']);
    const last = events.findLast((event) => event.step === 'public') ?? assert.fail('nothing is told');
    assert.deepEqual([last.done, last.total], [2, 2]);
    assert.ok(last.time > 0);
    assert.ok(names.lastIndexOf('public') < names.indexOf('encrypt'));
  }
  assert.deepEqual(asked, [CARD, PART, ASK, ASK]);
});

test('a public part that the card does not name is not used; then the model is asked for anew, once', async (t) => {
  const old = answer(200, hybridCard(network()));
  const longer = Uint8Array.from([...network(), 0]);
  const spoilt = network().with(100, network()[100] ^ 1);
  for (const [other, why] of /** @type {const} */ ([
    [longer, /more than/],
    [spoilt, /digest/],
    [network().slice(1), /bytes instead of/],
  ])) {
    const { client, asked } = await clientOf(t, {}, old, answer(200, other), old, answer(200, other), old, answer(200, network()), refused);
    const ask = () => client.predict('digits', [Array(784).fill(0)], { key: goodKey() });
    await client.card('digits');
    await assert.rejects(ask(), failure('other_public_part', why));
    assert.deepEqual(asked, [CARD, PART, CARD, PART]);
    await assert.rejects(ask(), failure('enough'));
    assert.deepEqual(asked.slice(4), [CARD, PART, ASK]);
  }
});

test('the models are listed', async (t) => {
  const { client, asked } = await clientOf(t, {}, answer(200, '{"models": ["credit", "digits"]}'));
  assert.deepEqual(await client.models(), ['credit', 'digits']);
  assert.deepEqual(asked, ['GET /v2/models']);
  for (const body of ['{"models": [1]}', '{"models": {}}', '{}', '[]', 'null', '<html>']) {
    const { client } = await clientOf(t, {}, answer(200, body));
    await assert.rejects(client.models(), failure('not_veilcast'));
  }
  // Who asks is told of another try.
  const busy = await clientOf(t, {}, answer(503), answer(200, '{"models": []}'));
  /** @type {string[]} */
  const steps = [];
  assert.deepEqual(await busy.client.models({ onProgress: ({ step }) => steps.push(step) }), []);
  assert.deepEqual(steps, ['retry']);
});

test('URLs and records are checked before anything is sent', async (t) => {
  for (const url of ['', 'digits', 'ftp://host', 'http://']) assert.throws(() => new Client(url), failure('bad_url'));
  const { client, asked } = await clientOf(t, {}, card);
  await assert.rejects(client.predict('digits', [], { key: goodKey() }), failure('no_records'));
  await assert.rejects(client.predict('digits', [[1, 2]], { key: goodKey() }), failure('record_length'));
  assert.deepEqual(asked, ['GET /v2/models/digits/card']);
});
