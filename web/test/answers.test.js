/** Answers that can't be right, and what is sent all the same; and when a request carries the key's proof. */

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { test } from 'node:test';
import { Client } from '../index.js';
import { fakeService, scoresOf } from './fake-service.js';
import { RECORDS as records, SCALAR } from './small-model.js';
import { failure, goodKey, resultOf, scoresIn } from './support.js';

/** @typedef {import('./fake-service.js').Change} Change */

const key = goodKey();
const RECORDS = /** @type {const} */ ({ ...SCALAR, name: 'records' });

test('an honest service: predictions, and ids that are never the same', async (t) => {
  const fake = await fakeService(t, key);
  for (const layout of [undefined, SCALAR, RECORDS]) {
    const { predictions } = await resultOf(new Client(fake.url).predict('small', records, { key, layout }));
    assert.deepEqual(scoresIn(predictions), records.map(scoresOf));
  }
  const ids = fake.asked.map(({ header }) => header.id);
  assert.equal(ids.length, 9);
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(new Set(ids).size, ids.length);
});

/** Of the second request: records 2 and 3. @param {(change: any, request: number) => void} change */
const ofSecond = (change) => (/** @type {any} */ part, /** @type {number} */ request) => {
  if (request === 1) change(part, request);
};

/** @param {(buffer: Buffer, headerLength: number) => Buffer} change @returns {Change['body']} */
const bodyOfSecond = (change) => (body, headerLength, request) => (request === 1 ? change(body, headerLength) : body);

/** @param {Buffer} buffer @param {number} at */
const flipped = (buffer, at) => Buffer.from(buffer.with(at, buffer[at] ^ 1));

/** @type {Buffer} */
let kept;

/** Name, code, and what it takes of the layout `scalar`: the records that it is about. @type {[string, string, number[], Change][]} */
const faults = [
  ['a flipped bit in a score', 'bad_answer', [2, 3], { body: bodyOfSecond((body) => flipped(body, body.length - 1)) }],
  ['a score of zero', 'bad_ciphertext', [2], { ciphertexts: ofSecond((scores) => scores[1].fill(0)) }],
  ['a score above n²', 'bad_ciphertext', [3], { ciphertexts: ofSecond((scores) => scores[3].fill(255)) }],
  ['a score out of bounds', 'bad_scores', [3], { plaintexts: ofSecond((plaintexts) => (plaintexts[1][0] = 61n + (1n << 15n))) }],
  [
    'two scores exchanged',
    'bad_answer',
    [2, 3],
    {
      body: bodyOfSecond((body, at) => Buffer.concat([body.subarray(0, at), body.subarray(-516), body.subarray(at + 516, -516), body.subarray(at, at + 516)])),
    },
  ],
  ['another id', 'other_answer', [2, 3], { header: ofSecond((header) => (header.id = '0'.repeat(32))) }],
  ['no id', 'other_answer', [2, 3], { header: ofSecond((header) => delete header.id) }],
  ['the digest of another request', 'other_answer', [2, 3], { header: ofSecond(({ parameters }) => (parameters.request_digest = `sha256:${'0'.repeat(64)}`)) }],
  ['no digest of the request', 'bad_answer', [2, 3], { header: ofSecond(({ parameters }) => delete parameters.request_digest) }],
  ['the digest of other scores', 'bad_answer', [2, 3], { header: ofSecond(({ parameters }) => (parameters.scores_digest = parameters.request_digest)) }],
  ['no digest of the scores', 'bad_answer', [2, 3], { header: ofSecond(({ parameters }) => delete parameters.scores_digest) }],
  ['digests in capitals', 'bad_answer', [2, 3], { header: ofSecond(({ parameters }) => (parameters.scores_digest = parameters.scores_digest.toUpperCase())) }],
  ['another card', 'other_answer', [2, 3], { header: ofSecond(({ parameters }) => (parameters.card_digest = `sha256:${'0'.repeat(64)}`)) }],
  ['another key', 'other_answer', [2, 3], { header: ofSecond(({ parameters }) => (parameters.key_fingerprint = '0'.repeat(64))) }],
  ['cut off', 'bad_answer', [2, 3], { body: bodyOfSecond((body) => body.subarray(0, -1)) }],
  ['too long', 'answer_too_large', [2, 3], { body: bodyOfSecond((body) => Buffer.concat([body, Buffer.alloc(100_000)])) }],
  ['nothing', 'bad_answer', [2, 3], { body: bodyOfSecond(() => Buffer.alloc(0)) }],
  [
    'the first answer once more',
    'other_answer',
    [2, 3],
    {
      header: (header, request) => {
        // Of as many records, so that all but the id and the digest of the request suits.
        if (request === 0) kept = Buffer.from(JSON.stringify(header));
        if (request === 1) Object.assign(header, JSON.parse(kept.toString()));
      },
    },
  ],
];

for (const [name, code, places, change] of faults) {
  test(`an answer with a fault is marked: ${name}`, async (t) => {
    const fake = await fakeService(t, key, change);
    const { predictions, error } = await resultOf(new Client(fake.url).predict('small', records, { key, layout: SCALAR }));
    const expected = records.map((record, i) => (places.includes(i) ? code : scoresOf(record)));
    assert.deepEqual(scoresIn(predictions), expected);
    assert.equal(error?.code, code);
    assert.match(error?.message ?? '', new RegExp(`^${places.length} of 5 records ha(s|ve) no prediction, .* record ${places[0]}, counted from 0: `));
  });
}

test('records that share ciphertexts are marked together; others are not', async (t) => {
  const fake = await fakeService(t, key, { ciphertexts: ofSecond((scores) => scores[1].fill(0)) });
  const { predictions, error } = await resultOf(new Client(fake.url).predict('small', records, { key, layout: RECORDS }));
  assert.deepEqual(
    scoresIn(predictions),
    records.map((record, i) => (i === 2 || i === 3 ? 'bad_ciphertext' : scoresOf(record))),
  );
  assert.equal(error?.code, 'bad_ciphertext');
  // A score out of bounds is of one record alone.
  fake.change = { plaintexts: ofSecond((plaintexts) => (plaintexts[0][0] += 200n << 16n)) };
  fake.asked.splice(0);
  const next = await resultOf(new Client(fake.url).predict('small', records, { key, layout: RECORDS }));
  assert.deepEqual(
    scoresIn(next.predictions),
    records.map((record, i) => (i === 3 ? 'bad_scores' : scoresOf(record))),
  );
});

test('a single record has its fault for a message; the error shows nobody what was decrypted', async (t) => {
  const fake = await fakeService(t, key, { plaintexts: (plaintexts) => (plaintexts[0][0] = 0n) });
  const { error } = await resultOf(new Client(fake.url).predict('small', [records[0]], { key }));
  assert.match(error?.message ?? '', /^the decrypted scores/);
  const { error: many } = await resultOf(new Client(fake.url).predict('small', records, { key, layout: SCALAR }));
  assert.ok(many?.predictions);
  assert.ok(!/label|scores:|failed/.test(inspect(many, { depth: 10 }) + JSON.stringify(many)));
  assert.equal(many.partial?.requests, 3);
});

/** A key whose encryptions have no randomness, so that requests can be compared byte for byte. */
const plain = {
  n: key.n,
  bits: key.bits,
  modulus: key.modulus,
  fingerprint: () => key.fingerprint(),
  keyProof: () => key.keyProof(),
  prepare: async () => {},
  encryptMany: async (/** @type {readonly bigint[]} */ numbers) => numbers.map((m) => 1n + m * key.n),
  decryptEach: (/** @type {readonly bigint[]} */ ciphertexts) => key.decryptEach(ciphertexts),
};

/** All that a client sends to a service with a fault. @param {import('node:test').TestContext} t @param {Change} change */
async function sentTo(t, change) {
  const fake = await fakeService(t, key, change);
  await resultOf(new Client(fake.url).predict('small', records, { key: plain, layout: SCALAR }));
  return fake.asked.map(({ path, headers, body, header }) => [path, headers, body.toString('latin1').replace(header.id, 'its id')]);
}

test('what is sent is the same, byte for byte but for the ids, whatever the answers hold', async (t) => {
  const honest = await sentTo(t, {});
  assert.equal(honest.length, 3);
  for (const [name, , , change] of faults) assert.deepEqual(await sentTo(t, change), honest, name);
  const worst = { ciphertexts: (/** @type {Buffer[]} */ scores) => scores.forEach((score) => score.fill(0)) };
  assert.deepEqual(await sentTo(t, worst), honest);
});

/** Which requests carried a proof. @param {import('./fake-service.js').Fake} fake */
const proofsIn = ({ asked }) => asked.map(({ header }) => header.parameters.key_proof !== undefined);

test('the proof goes until the service has accepted the key, and then no more', async (t) => {
  const fake = await fakeService(t, key);
  const client = new Client(fake.url);
  await client.predict('small', records, { key, layout: SCALAR });
  await client.predict('small', records, { key, layout: SCALAR });
  assert.deepEqual(proofsIn(fake), [true, false, false, false, false, false]);
  assert.equal(fake.asked[0].header.parameters.key_proof, key.keyProof());
  // Another client doesn't know.
  await new Client(fake.url).predict('small', [records[0]], { key });
  assert.equal(proofsIn(fake).at(-1), true);
});

test('a request that was refused goes with the proof until one is accepted', async (t) => {
  const fake = await fakeService(t, key);
  const client = new Client(fake.url, { tries: 1 });
  fake.refuse = () => ({ status: 503, code: 'busy' });
  await assert.rejects(client.predict('small', [records[0]], { key }), failure('busy'));
  fake.refuse = undefined;
  await client.predict('small', [records[0]], { key });
  assert.deepEqual(proofsIn(fake), [true, true]);
});

test('a service that forgot the key gets the same request again, with the proof, once', async (t) => {
  const fake = await fakeService(t, key);
  const client = new Client(fake.url);
  await client.predict('small', [records[0]], { key });
  fake.known.clear();
  fake.asked.splice(0);
  /** @type {number[]} */
  const sent = [];
  const onProgress = (/** @type {import('../src/client.js').Progress} */ progress) => progress.step === 'send' && sent.push(progress.request.length);
  const { predictions, requests, bytesUp } = await client.predict('small', records, { key, layout: SCALAR, onProgress });
  assert.deepEqual(scoresIn(predictions), records.map(scoresOf));
  assert.deepEqual(proofsIn(fake), [false, true, false, false]);
  const [without, withProof] = fake.asked;
  assert.deepEqual(withProof.raw, without.raw);
  assert.notEqual(withProof.header.id, without.header.id);
  assert.deepEqual(
    sent,
    fake.asked.map(({ body }) => body.length),
  );
  assert.deepEqual([requests, bytesUp], [4, sent.reduce((a, b) => a + b)]);

  fake.asked.splice(0);
  fake.refuse = () => ({ status: 428, code: 'key_proof_needed' });
  await assert.rejects(client.predict('small', records, { key }), failure('key_proof_needed'));
  assert.deepEqual(proofsIn(fake), [false, true]);
  await assert.rejects(client.predict('small', records, { key }), failure('key_proof_needed'));
  assert.deepEqual(proofsIn(fake), [false, true, true]);
});

test('a service that takes no proof is told by its code', async (t) => {
  const fake = await fakeService(t, key);
  for (const code of ['malformed_key_proof', 'invalid_key_proof']) {
    fake.refuse = () => ({ status: 400, code });
    await assert.rejects(new Client(fake.url).predict('small', [records[0]], { key }), failure(code));
  }
  fake.refuse = () => ({ status: 429, code: 'too_many_keys' });
  await assert.rejects(new Client(fake.url, { tries: 1 }).predict('small', [records[0]], { key }), failure('too_many_keys'));
  assert.equal(fake.asked.length, 3);
});
