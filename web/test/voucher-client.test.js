/** Predictions by vouchers, with a service that has the secret key. */

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { test } from 'node:test';
import { Client, WorkerKey } from '../index.js';
import { RECORDS_PER_REQUEST, cardWith, fakeService, isFill, isMasked, scoresOf } from './fake-service.js';
import { RECORDS as records, SCALAR } from './small-model.js';
import { failure, goodKey, keyFile, resultOf, scoresIn } from './support.js';

/** @typedef {import('./fake-service.js').Change} Change */

const key = goodKey();

/** Requests of a kind. @param {import('./fake-service.js').Fake} fake */
const kindsOf = ({ asked }) => asked.map((request) => (isFill(request) ? 'fill' : isMasked(request) ? 'masked' : 'direct'));

/** Ids of the vouchers in requests. @param {import('./fake-service.js').Fake} fake */
const idsIn = ({ asked }) =>
  asked.filter(isMasked).flatMap(({ header }) => Buffer.from(header.parameters.vouchers, 'base64url').toString('hex').match(/.{40}/g) ?? []);

/** A service, and a client that has some vouchers of it. @param {import('node:test').TestContext} t @param {number} count @param {Change} [change] */
async function filled(t, count, change) {
  const fake = await fakeService(t, key);
  const client = new Client(fake.url, { tries: 1 });
  assert.equal(client.vouchers('small', { key }), 0);
  assert.equal(await client.fillVouchers('small', { key, count }), count);
  assert.equal(client.vouchers('small', { key }), count);
  fake.asked.splice(0);
  if (change) fake.change = change;
  return { fake, client };
}

test('predictions by vouchers are those of the model, and each voucher is used once', async (t) => {
  const { fake, client } = await filled(t, 10);
  for (const left of [5, 0]) {
    const { predictions, way, layout, requests, bytesUp, bytesDown, times } = await client.predict('small', records, { key });
    assert.deepEqual(
      predictions.map(({ scores }) => scores),
      records.map(scoresOf),
    );
    assert.deepEqual([way, layout?.name, requests], ['vouchers', 'vouchers', 3]);
    assert.ok(bytesUp < 3 * 600 && bytesDown < 3 * 700 && times.exchange > 0);
    assert.equal(client.vouchers('small', { key }), left);
  }
  assert.deepEqual(kindsOf(fake), Array(6).fill('masked'));
  assert.deepEqual(
    fake.asked.map(({ header }) => header.inputs[0].shape[0]),
    [2, 2, 1, 2, 2, 1],
  );
  const ids = idsIn(fake);
  assert.deepEqual([ids.length, new Set(ids).size], [10, 10]);
  assert.equal(new Set(fake.asked.map(({ header }) => header.id)).size, 6);
  // The same records, masked by others.
  assert.equal(new Set(fake.asked.map(({ raw }) => raw.toString('hex'))).size, 6);
  const { parameters } = fake.asked[0].header;
  assert.deepEqual(Object.keys(parameters).sort(), ['card_digest', 'key_fingerprint', 'voucher_secret', 'vouchers']);
  assert.equal(parameters.key_fingerprint, await key.fingerprint());
});

test('a request for vouchers has the proof of the key, full rows, and numbers that tell nothing', async (t) => {
  const fake = await fakeService(t, key);
  const client = new Client(fake.url);
  assert.equal(await client.fillVouchers('small', { key }), RECORDS_PER_REQUEST);
  assert.equal(await client.fillVouchers('small', { key, count: 3 }), 3 * RECORDS_PER_REQUEST);
  assert.deepEqual(
    fake.asked.map(({ header: { parameters } }) => [parameters.layout, parameters.records, parameters.key_proof !== undefined]),
    [
      ['vouchers', 2, true],
      ['vouchers', 2, false],
      ['vouchers', 2, false],
    ],
  );
  for (const count of [0, -1, 1.5, NaN]) await assert.rejects(client.fillVouchers('small', { key, count }), RangeError);
  client.dropVouchers();
  assert.equal(client.vouchers('small', { key }), 0);
});

test('without enough vouchers for all, records go the direct way, and the vouchers stay', async (t) => {
  const { fake, client } = await filled(t, 4);
  const { predictions, way } = await client.predict('small', records, { key });
  assert.deepEqual(
    predictions.map(({ scores }) => scores),
    records.map(scoresOf),
  );
  assert.equal(way, 'direct');
  assert.ok(kindsOf(fake).every((kind) => kind === 'direct'));
  assert.equal(client.vouchers('small', { key }), 4);
  await assert.rejects(client.predict('small', records, { key, way: 'vouchers' }), failure('no_vouchers', /5 records take .* only 4 .*fill some first/));
  // They are of one key.
  const other = await WorkerKey.generate(2048);
  assert.equal(client.vouchers('small', { key: other }), 0);
  await assert.rejects(client.predict('small', [records[0]], { key: other, way: 'vouchers' }), failure('no_vouchers', /there are none/));
  other.close();
});

test('who asks for the direct way, or a layout, gets it', async (t) => {
  const { fake, client } = await filled(t, 4);
  for (const options of [{ way: /** @type {const} */ ('direct') }, { layout: SCALAR }]) {
    const { way } = await client.predict('small', [records[0]], { key, ...options });
    assert.equal(way, 'direct');
  }
  assert.equal((await client.predict('small', [records[0]], { key, layout: SCALAR, way: 'vouchers' })).way, 'vouchers');
  assert.deepEqual(kindsOf(fake), ['direct', 'direct', 'masked']);
  const layout = /** @type {const} */ ({ ...SCALAR, name: 'vouchers' });
  await assert.rejects(client.predict('small', [records[0]], { key, layout }), failure('layout_not_allowed', /for vouchers alone/));
});

test('predictions at the same time never share a voucher', async (t) => {
  const { fake, client } = await filled(t, 10);
  const runs = await Promise.all(Array.from({ length: 4 }, () => client.predict('small', records.slice(0, 3), { key })));
  for (const { predictions } of runs)
    assert.deepEqual(
      predictions.map(({ scores }) => scores),
      records.slice(0, 3).map(scoresOf),
    );
  const ids = idsIn(fake);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.length >= 9);
});

test('when the secret of vouchers is gone, all of them are dropped, and the records encrypted', async (t) => {
  const { fake, client } = await filled(t, 10);
  fake.secret = 'f'.repeat(16);
  const { predictions, way, requests } = await client.predict('small', records, { key });
  assert.deepEqual(
    predictions.map(({ scores }) => scores),
    records.map(scoresOf),
  );
  assert.deepEqual([way, requests, client.vouchers('small', { key })], ['direct', 4, 0]);
  assert.deepEqual(kindsOf(fake), ['masked', 'direct', 'direct', 'direct']);
  // Those of the new secret are good; of the old ones none is left to be tried.
  fake.asked.splice(0);
  await client.fillVouchers('small', { key, count: 2 });
  assert.equal((await client.predict('small', records.slice(0, 2), { key })).way, 'vouchers');
  assert.deepEqual(kindsOf(fake), ['fill', 'masked']);
});

test('vouchers of a newer secret are used before those of an older one are tried', async (t) => {
  const { fake, client } = await filled(t, 2);
  fake.secret = 'f'.repeat(16);
  await client.fillVouchers('small', { key, count: 2 });
  fake.asked.splice(0);
  assert.equal((await client.predict('small', records.slice(0, 2), { key })).way, 'vouchers');
  // The older ones turn out to be outdated, in the middle of a run.
  await client.fillVouchers('small', { key, count: 2 });
  fake.asked.splice(0);
  const { predictions, way } = await client.predict('small', records.slice(0, 4), { key });
  assert.deepEqual(
    predictions.map(({ scores }) => scores),
    records.slice(0, 4).map(scoresOf),
  );
  assert.deepEqual([way, kindsOf(fake)], ['direct', ['masked', 'masked', 'direct']]);
  assert.equal(client.vouchers('small', { key }), 0);
});

test('a replaced model is taken, without the vouchers of the one before', async (t) => {
  const { fake, client } = await filled(t, 10);
  fake.card = cardWith({ description: 'A newer version.' });
  const { predictions, way, card } = await client.predict('small', records, { key });
  assert.deepEqual(
    predictions.map(({ scores }) => scores),
    records.map(scoresOf),
  );
  assert.deepEqual([way, card.fields.description, client.vouchers('small', { key })], ['direct', 'A newer version.', 0]);
  assert.deepEqual(kindsOf(fake), ['masked', 'direct', 'direct', 'direct']);
  // It is noticed while vouchers are filled, too.
  fake.card = cardWith({ description: 'The newest version.' });
  fake.asked.splice(0);
  assert.equal(await client.fillVouchers('small', { key, count: 2 }), 2);
  assert.deepEqual(kindsOf(fake), ['fill', 'fill']);
  assert.equal((await client.predict('small', records.slice(0, 2), { key })).way, 'vouchers');
});

test('a model that is offered by vouchers only says so', async (t) => {
  const fake = await fakeService(t, key);
  fake.card = cardWith({ ways: ['vouchers'] });
  const client = new Client(fake.url);
  await client.prepare('small', { key });
  const ask = () => client.predict('small', [records[0]], { key });
  await assert.rejects(ask(), failure('no_vouchers', /by vouchers only; 1 records? .*fill some first/));
  await assert.rejects(client.predict('small', [records[0]], { key, layout: SCALAR }), failure('layout_not_allowed'));
  await assert.rejects(client.predict('small', [records[0]], { key, way: 'direct' }), failure('layout_not_allowed', /vouchers only/));
  assert.equal(fake.asked.length, 0);
  await client.fillVouchers('small', { key });
  assert.deepEqual((await ask()).predictions[0].scores, scoresOf(records[0]));
  // What remains is of no use, and there is no other way.
  fake.secret = 'f'.repeat(16);
  await assert.rejects(ask(), failure('voucher_outdated'));
  await assert.rejects(ask(), failure('no_vouchers'));
});

test('a model that is offered without vouchers is predicted as ever', async (t) => {
  const fake = await fakeService(t, key);
  fake.card = cardWith({ ways: ['direct'] });
  const client = new Client(fake.url);
  await assert.rejects(client.fillVouchers('small', { key }), failure('layout_not_allowed', /offers no vouchers/));
  await assert.rejects(client.predict('small', [records[0]], { key, way: 'vouchers' }), failure('layout_not_allowed', /offers no vouchers/));
  assert.equal((await client.predict('small', records, { key })).way, 'direct');
});

/** Of the second request: records 2 and 3. @param {(part: any) => void} change */
const ofSecond = (change) => (/** @type {any} */ part, /** @type {number} */ request) => {
  if (request === 1) change(part);
};

/** @param {(buffer: Buffer) => Buffer} change @returns {Change['body']} */
const bodyOfSecond = (change) => (body, _, request) => (request === 1 ? change(body) : body);

const ZEROS = `sha256:${'0'.repeat(64)}`;

/** Name, code, the records that it is about. @type {[string, string, number[], Change][]} */
const faults = [
  ['a flipped bit in a score', 'bad_answer', [2, 3], { body: bodyOfSecond((body) => Buffer.from(body.with(body.length - 1, body[body.length - 1] ^ 1))) }],
  ['a score out of bounds', 'bad_scores', [3], { masked: ofSecond((scores) => (scores[1][0] = (scores[1][0] + 1000) % 65536)) }],
  ['another id', 'other_answer', [2, 3], { header: ofSecond((header) => (header.id = '0'.repeat(32))) }],
  ['no id', 'other_answer', [2, 3], { header: ofSecond((header) => delete header.id) }],
  ['the digest of another request', 'other_answer', [2, 3], { header: ofSecond(({ parameters }) => (parameters.request_digest = ZEROS)) }],
  ['no digest of the request', 'bad_answer', [2, 3], { header: ofSecond(({ parameters }) => delete parameters.request_digest) }],
  ['the digest of other scores', 'bad_answer', [2, 3], { header: ofSecond(({ parameters }) => (parameters.scores_digest = ZEROS)) }],
  ['no digest of the scores', 'bad_answer', [2, 3], { header: ofSecond(({ parameters }) => delete parameters.scores_digest) }],
  ['another card', 'other_answer', [2, 3], { header: ofSecond(({ parameters }) => (parameters.card_digest = ZEROS)) }],
  ['another datatype', 'bad_answer', [2, 3], { header: ofSecond(({ outputs }) => (outputs[0].datatype = 'UINT32')) }],
  ['another shape', 'bad_answer', [2, 3], { header: ofSecond(({ outputs }) => (outputs[0].shape = [1, 4])) }],
  ['cut off', 'bad_answer', [2, 3], { body: bodyOfSecond((body) => body.subarray(0, -1)) }],
  ['too long', 'answer_too_large', [2, 3], { body: bodyOfSecond((body) => Buffer.concat([body, Buffer.alloc(100_000)])) }],
  ['nothing', 'bad_answer', [2, 3], { body: bodyOfSecond(() => Buffer.alloc(0)) }],
];

for (const [name, code, places, change] of faults) {
  test(`a masked answer with a fault is marked, and the next request goes all the same: ${name}`, async (t) => {
    const { fake, client } = await filled(t, 10, change);
    const { predictions, error } = await resultOf(client.predict('small', records, { key }));
    assert.equal(error?.code, code);
    const expected = records.map((record, i) => (places.includes(i) ? code : scoresOf(record)));
    assert.deepEqual(scoresIn(predictions), expected);
    assert.doesNotMatch(inspect(error, { depth: 10 }), /label|scores:|seed|share/);
    assert.deepEqual(kindsOf(fake), ['masked', 'masked', 'masked']);
    // None of them comes back.
    assert.deepEqual([client.vouchers('small', { key }), new Set(idsIn(fake)).size], [5, 5]);
  });
}

/** Faults of an answer with vouchers. @type {[string, string, Change][]} */
const faultsOfFills = [
  ['a ciphertext of zero', 'bad_ciphertext', { ciphertexts: (scores) => scores[1].fill(0) }],
  ['another id', 'other_answer', { header: (header) => (header.id = '0'.repeat(32)) }],
  ['another number of vouchers', 'other_answer', { header: ({ parameters }) => (parameters.records = 1) }],
  ['another layout', 'other_answer', { header: ({ parameters }) => (parameters.layout = 'records') }],
  ['another key', 'other_answer', { header: ({ parameters }) => (parameters.key_fingerprint = '0'.repeat(64)) }],
  ['no batch', 'bad_answer', { header: ({ parameters }) => delete parameters.voucher_batch }],
  ['no secret', 'bad_answer', { header: ({ parameters }) => delete parameters.voucher_secret }],
  ['the digest of others', 'bad_answer', { header: ({ parameters }) => (parameters.scores_digest = ZEROS) }],
];

for (const [name, code, change] of faultsOfFills) {
  test(`an answer with vouchers that has a fault gives none: ${name}`, async (t) => {
    const fake = await fakeService(t, key, change);
    const client = new Client(fake.url);
    await assert.rejects(client.fillVouchers('small', { key }), failure(code));
    assert.equal(client.vouchers('small', { key }), 0);
  });
}

test('a voucher whose request fails is gone', async (t) => {
  const { fake, client } = await filled(t, 10);
  fake.refuse = () => ({ status: 503, code: 'busy' });
  await assert.rejects(client.predict('small', records, { key }), failure('busy'));
  assert.equal(client.vouchers('small', { key }), 8);
  await assert.rejects(client.predict('small', records, { key, signal: AbortSignal.abort(new Error('enough')) }), /enough/);
  fake.refuse = undefined;
  assert.equal((await client.predict('small', records.slice(0, 3), { key })).way, 'vouchers');
  const ids = idsIn(fake);
  assert.equal(new Set(ids).size, ids.length);
});

test('masked records that are too many for the service go in smaller requests', async (t) => {
  const { fake, client } = await filled(t, 10);
  fake.refuse = ({ header }) => (header.inputs[0].shape[0] > 1 ? { status: 413, code: 'body_too_large' } : undefined);
  const { predictions, way } = await client.predict('small', records, { key });
  assert.deepEqual(
    predictions.map(({ scores }) => scores),
    records.map(scoresOf),
  );
  assert.equal(way, 'vouchers');
  assert.deepEqual(
    fake.asked.map(({ header }) => header.inputs[0].shape[0]),
    [2, 1, 1, 1, 1, 1],
  );
  assert.equal(new Set(idsIn(fake)).size, 7);
});

test('all of it goes with a key in its own thread, and tells of its steps', async (t) => {
  const own = await WorkerKey.fromFile(keyFile('good-2048'));
  t.after(() => own.close());
  const fake = await fakeService(t, key);
  const client = new Client(fake.url);
  /** @type {Set<string>} */
  const steps = new Set();
  await client.fillVouchers('small', { key: own, onProgress: ({ step }) => steps.add(step) });
  assert.deepEqual([...steps], ['card', 'encrypt', 'send', 'receive', 'decrypt']);
  steps.clear();
  const { predictions } = await client.predict('small', [records[3]], { key: own, onProgress: ({ step }) => steps.add(step) });
  assert.deepEqual(predictions[0].scores, scoresOf(records[3]));
  assert.deepEqual([...steps], ['card', 'encode', 'send', 'receive']);
});
