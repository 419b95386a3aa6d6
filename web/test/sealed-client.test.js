/** Predictions by sealed models, with a service that answers as the test says. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Client } from '../index.js';
import { TESTS_ONLY, bytesOf, ciphertextsIn, fakeSealed, p, randomRecords, scoresOf, sealedModel, sha256 } from './fake-sealed.js';
import { failure, goodKey, resultOf, scoresIn } from './support.js';

/** @typedef {import('./fake-sealed.js').Change} Change */

/** Four records share a ciphertext: 896 bits for 4 scores of 56 bits each. */
const limits = { max_records: 9, max_ciphertexts: 100 };
const model = sealedModel({ features: 3, outputs: 4, bits: 4, slotBits: 56, ways: ['direct', 'vouchers', 'sealed'], limits });
const records = randomRecords(model, 11);
const key = goodKey();

/** A service with a model, and a client of it. @param {import('node:test').TestContext} t @param {Change} [change] @param {import('./fake-sealed.js').Small} [served] */
async function served(t, change, served = model) {
  const fake = await fakeSealed(t, served, change);
  const client = new Client(fake.url, { ...TESTS_ONLY, tries: 1 });
  t.after(() => client.close());
  return { fake, client };
}

const SCALED = (/** @type {readonly number[]} */ record) => scoresOf(model, record).map(Number);

test('records are predicted without a key, in requests that the card allows', async (t) => {
  const { fake, client } = await served(t);
  const { predictions, way, layout, requests, bytesUp, bytesDown, times } = await client.predict('small', records, {});
  assert.deepEqual(
    predictions.map(({ scores }) => scores),
    records.map(SCALED),
  );
  assert.deepEqual([way, layout, requests], ['sealed', undefined, 2]);
  assert.ok(bytesUp > 3 * 256 && bytesDown > 11 * 28 && times.encrypt > 0 && times.exchange > 0);
  assert.deepEqual(
    fake.asked.map(({ header }) => [header.parameters.records, header.inputs[0].shape]),
    [
      [8, [2, 1]],
      [3, [1, 1]],
    ],
  );
  assert.deepEqual(fake.fetched, ['/v2/models/small/card', '/v2/models/small/sealed.bin']);
  const { header } = fake.asked[0];
  assert.deepEqual(Object.keys(header.parameters).sort(), ['card_digest', 'records']);
  assert.deepEqual([header.inputs[0].name, header.inputs[0].datatype, header.outputs[0].name], ['sealed_records', 'BYTES', 'masked_scores']);
  await client.predict('small', records, { way: 'sealed', key });
  assert.equal(fake.fetched.length, 2);
  assert.equal(new Set(fake.asked.map(({ header }) => header.id)).size, 4);
  const ciphertexts = fake.asked.flatMap(({ raw }) => ciphertextsIn(raw));
  assert.equal(new Set(ciphertexts).size, 6);
});

test('randomisers that are made ahead are counted, and used once', async (t) => {
  const { client } = await served(t);
  assert.equal(client.randomizers('small'), 0);
  assert.equal(await client.fillRandomizers('small'), 1);
  assert.equal(await client.fillRandomizers('small', { count: 3 }), 3);
  await client.prepare('small', { records: 11, way: 'sealed' });
  assert.equal(client.randomizers('small'), 3);
  await client.predict('small', records.slice(0, 5), {});
  assert.equal(client.randomizers('small'), 1);
  for (const count of [0, 1.5, NaN]) await assert.rejects(client.fillRandomizers('small', { count }), RangeError);
  client.close();
  assert.equal(client.randomizers('small'), 0);
  // It is opened again.
  assert.equal((await client.predict('small', [records[0]], {})).way, 'sealed');
});

test('predictions at the same time are each their own', async (t) => {
  const { fake, client } = await served(t);
  const runs = await Promise.all(records.slice(0, 4).map((record) => client.predict('small', [record], {})));
  runs.forEach(({ predictions: [{ scores }] }, i) => assert.deepEqual(scores, SCALED(records[i])));
  assert.equal(new Set(fake.asked.flatMap(({ raw }) => ciphertextsIn(raw))).size, 4);
});

test('the way is the one that is asked for, or that the key and the card leave', async (t) => {
  const { fake, client } = await served(t);
  fake.model = { ...model, fields: { ...model.fields, ways: ['sealed'] } };
  assert.equal((await client.predict('small', [records[0]], { key })).way, 'sealed');
  for (const way of /** @type {const} */ (['direct', 'vouchers'])) {
    await assert.rejects(client.predict('small', [records[0]], { key, way }), failure('layout_not_allowed'));
    await assert.rejects(client.predict('small', [records[0]], { way }), failure('no_key'));
  }
  const { sealed: _, ...rest } = model.fields;
  const plain = await served(t, {}, { ...model, fields: { ...rest, ways: ['direct'] } });
  await assert.rejects(plain.client.predict('small', [records[0]], {}), failure('no_key', /make one first/));
  for (const ask of [plain.client.predict('small', [records[0]], { way: 'sealed' }), plain.client.openSealed('small'), plain.client.fillRandomizers('small')]) {
    await assert.rejects(ask, failure('layout_not_allowed', /does not offer it sealed/));
  }
  assert.deepEqual(plain.fake.fetched, ['/v2/models/small/card']);
});

test('a model that is replaced is fetched again, file and all', async (t) => {
  const { fake, client } = await served(t);
  await client.fillRandomizers('small', { count: 3 });
  const { ways, limits } = model.fields;
  const next = sealedModel({ features: 3, outputs: 4, bits: 4, slotBits: 56, ways, limits });
  fake.model = next;
  fake.file = next.file;
  const { predictions } = await client.predict('small', records.slice(0, 2), {});
  assert.deepEqual(
    predictions.map(({ scores }) => scores),
    records.slice(0, 2).map((record) => scoresOf(next, record).map(Number)),
  );
  assert.deepEqual(fake.fetched, Array(2).fill(['/v2/models/small/card', '/v2/models/small/sealed.bin']).flat());
  assert.equal(client.randomizers('small'), 0);
});

test('a file that is not the one that the card names is asked for once more, and never used', async (t) => {
  const { fake, client } = await served(t);
  for (const file of [model.file.subarray(1), Buffer.concat([model.file, Buffer.alloc(9)]), Buffer.from(model.file.with(5, model.file[5] ^ 1))]) {
    fake.file = file;
    await client.card('small');
    fake.fetched = [];
    await assert.rejects(client.predict('small', [records[0]], {}), failure('other_sealed_model'));
    assert.equal(fake.fetched.filter((path) => path.endsWith('.bin')).length, 2);
  }
  assert.equal(fake.asked.length, 0);
  fake.file = model.file;
  assert.equal((await client.predict('small', [records[0]], {})).way, 'sealed');
});

test('nothing is sent to a service whose key or weights could betray records', async (t) => {
  const file = Buffer.from(model.file);
  bytesOf(p * 5n).copy(file);
  const fields = { ...model.fields, sealed: { ...model.fields.sealed, sha256: sha256(file) } };
  const weights = await served(t, {}, { ...model, fields, file });
  await assert.rejects(weights.client.predict('small', [records[0]], {}), failure('bad_sealed_model', /could betray the records: .*no ciphertext/));
  const safe = new Client(weights.fake.url);
  weights.fake.model = model;
  weights.fake.file = model.file;
  await assert.rejects(safe.openSealed('small'), failure('bad_sealed_model', /1024 bits/));
  assert.equal(weights.fake.asked.length, 0);
});

/** Of the second request: records 8 to 10. @param {(part: any) => void} change */
const ofSecond = (change) => (/** @type {any} */ part, /** @type {number} */ request) => {
  if (request === 1) change(part);
};

/** @param {(buffer: Buffer) => Buffer} change @returns {Change['body']} */
const bodyOfSecond = (change) => (body, request) => (request === 1 ? change(body) : body);

const ZEROS = `sha256:${'0'.repeat(64)}`;
const LAST = [8, 9, 10];

/** @type {[string, string, Change][]} */
const faults = [
  ['a flipped bit in a score', 'bad_answer', { body: bodyOfSecond((body) => Buffer.from(body.with(body.length - 1, body[body.length - 1] ^ 1))) }],
  ['another id', 'other_answer', { header: ofSecond((header) => (header.id = '0'.repeat(32))) }],
  ['no id', 'other_answer', { header: ofSecond((header) => delete header.id) }],
  ['the digest of another request', 'other_answer', { header: ofSecond(({ parameters }) => (parameters.request_digest = ZEROS)) }],
  ['the digest of other scores', 'bad_answer', { header: ofSecond(({ parameters }) => (parameters.scores_digest = ZEROS)) }],
  ['no digest of the scores', 'bad_answer', { header: ofSecond(({ parameters }) => delete parameters.scores_digest) }],
  ['another card', 'other_answer', { header: ofSecond(({ parameters }) => (parameters.card_digest = ZEROS)) }],
  ['another datatype', 'bad_answer', { header: ofSecond(({ outputs }) => (outputs[0].datatype = 'UINT16')) }],
  ['another shape', 'bad_answer', { header: ofSecond(({ outputs }) => (outputs[0].shape = [28, 3])) }],
  ['another tensor', 'bad_answer', { header: ofSecond(({ outputs }) => (outputs[0].name = 'scores')) }],
  ['cut off', 'bad_answer', { body: bodyOfSecond((body) => body.subarray(0, -1)) }],
  ['too long', 'answer_too_large', { body: bodyOfSecond((body) => Buffer.concat([body, Buffer.alloc(100_000)])) }],
];

for (const [name, code, change] of faults) {
  test(`an answer of a sealed model with a fault is marked: ${name}`, async (t) => {
    const { fake, client } = await served(t, change);
    const { predictions, error } = await resultOf(client.predict('small', records, {}));
    assert.equal(error?.code, code);
    const expected = records.map((record, i) => (LAST.includes(i) ? code : SCALED(record)));
    assert.deepEqual(scoresIn(predictions), expected);
    assert.doesNotMatch(inspect(error, { depth: 10 }), /label|scores:/);
    assert.equal(fake.asked.length, 2);
  });
}

test('bits above the scores, and scores out of bounds, are marked', async (t) => {
  const narrow = sealedModel({ features: 2, outputs: 1, bits: 3, slotBits: 13 });
  narrow.fields.bounds.largest_scores = [4000];
  const record = randomRecords(narrow, 1);
  /** @type {Change} */
  const change = { rows: ([row]) => row.writeUInt8(row[0] | 0x40) };
  const { client } = await served(t, change, narrow);
  await assert.rejects(client.predict('small', record, {}), failure('bad_answer', /bits above its scores/));
  narrow.fields.bounds.largest_scores = [1];
  // A score of 2 or more in magnitude.
  change.rows = ([row]) => row.writeUInt16BE((row.readUInt16BE() + 16) % 2 ** 13);
  const other = await served(t, change, narrow);
  const far = [[0, 0]];
  narrow.biases[0] = 0n;
  await assert.rejects(other.client.predict('small', far, {}), failure('bad_scores'));
});

test('a model that is closed while it works says so, and is opened again', async (t) => {
  const { client } = await served(t);
  await client.openSealed('small');
  const filling = client.fillRandomizers('small', { count: 500 });
  const run = client.predict('small', records, { onProgress: ({ step }) => step === 'encode' && client.close() });
  await assert.rejects(filling, failure('sealed_ended', /ask again/));
  await assert.rejects(run, failure('sealed_ended', /ask again/));
  assert.equal((await client.predict('small', [records[0]], {})).way, 'sealed');
});

test('requests that are too large are halved', async (t) => {
  const { fake, client } = await served(t);
  fake.refuse = (header) => (header.inputs[0].shape[0] > 1 ? { status: 413, code: 'body_too_large' } : undefined);
  const { predictions } = await client.predict('small', records, {});
  assert.deepEqual(
    predictions.map(({ scores }) => scores),
    records.map(SCALED),
  );
  assert.deepEqual(
    fake.asked.map(({ header }) => header.parameters.records),
    [8, 4, 4, 3],
  );
  fake.refuse = () => ({ status: 413, code: 'body_too_large' });
  await assert.rejects(client.predict('small', records, {}), failure('body_too_large'));
});

for (const [status, code] of /** @type {const} */ ([
  [400, 'not_sealed'],
  [400, 'invalid_ciphertext'],
  [400, 'wrong_shape'],
])) {
  test(`what the service refuses is told: ${code}`, async (t) => {
    const { fake, client } = await served(t);
    fake.refuse = () => ({ status, code });
    await assert.rejects(client.predict('small', [records[0]], {}), failure(code, /refuses: not so/));
  });
}

test('a run tells of its steps, and can be cancelled', async (t) => {
  const { client } = await served(t);
  /** @type {Set<string>} */
  const steps = new Set();
  await client.predict('small', records, { onProgress: ({ step }) => steps.add(step) });
  assert.deepEqual([...steps], ['card', 'encode', 'encrypt', 'send', 'receive']);
  await assert.rejects(client.predict('small', records, { signal: AbortSignal.abort(new Error('enough')) }), /enough/);
  const other = await served(t);
  await assert.rejects(other.client.openSealed('small', { signal: AbortSignal.abort(new Error('enough')) }), /enough/);
  assert.equal((await other.client.predict('small', [records[0]], {})).way, 'sealed');
});
