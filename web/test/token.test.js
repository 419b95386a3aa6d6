/** Who is asking: tokens and headers, and what keeps them from strangers. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Client } from '../index.js';
import { fakeService } from './fake-service.js';
import { SCALAR } from './small-model.js';
import { answer, clientOf, digitsCard, failure, goodKey } from './support.js';
import { listen } from './listen.js';

const SECRET = 'vc_TopSecret';

/** A server that keeps the headers of its requests. @param {import('node:test').TestContext} t @param {(response: import('node:http').ServerResponse) => void} respond */
async function listening(t, respond) {
  /** @type {import('node:http').IncomingHttpHeaders[]} */
  const headers = [];
  const server = createServer((request, response) => {
    headers.push(request.headers);
    respond(response);
  });
  return { url: await listen(t, server), headers };
}

test('a token and headers go with every request', async (t) => {
  const { url, headers } = await listening(t, (response) => response.end(digitsCard()));
  const client = new Client(url, { token: SECRET, headers: { 'X-Tenant': 'seven' } });
  await client.card('digits');
  assert.equal(headers[0].authorization, `Bearer ${SECRET}`);
  assert.equal(headers[0]['x-tenant'], 'seven');
  const proxied = new Client(url, { headers: { Authorization: 'Basic Zm9v' } });
  await proxied.card('digits');
  assert.equal(headers[1].authorization, 'Basic Zm9v');
});

test('no log shows a token', () => {
  const client = new Client('http://localhost:1', { token: SECRET });
  assert.ok(!inspect(client, { depth: 9, showHidden: true }).includes(SECRET));
  for (const options of [{ token: `${SECRET}\n` }, { token: SECRET, headers: { authorization: 'x' } }]) {
    assert.throws(
      () => new Client('http://localhost:1', options),
      (/** @type {Error} */ error) => !inspect(error).includes(SECRET),
    );
  }
});

test('what is no token or no header is told', () => {
  const made = (/** @type {object} */ options) => () => new Client('https://example.org', options);
  for (const token of ['', 'a b', 'a\nb', 'é', 'x'.repeat(5000)]) assert.throws(made({ token }), failure('bad_token'));
  assert.throws(made({ headers: { 'X Tenant': '7' } }), failure('bad_header'));
  assert.throws(made({ token: SECRET, headers: { authorization: 'Basic Zm9v' } }), failure('bad_header', /leave one out/));
});

test('a token does not travel in the clear', () => {
  for (const url of ['http://example.org', 'http://192.0.2.1', 'http://localhost.example.org', 'http://127.0.0.1.example.org']) {
    assert.throws(() => new Client(url, { token: SECRET }), failure('token_in_clear', /use https/));
    void new Client(url, { token: SECRET, tokenInClear: true });
  }
  for (const url of ['http://localhost:8080', 'http://127.0.0.1:8080', 'http://[::1]:8080', 'https://example.org']) void new Client(url, { token: SECRET });
});

test('a redirect does not lead a token away', async (t) => {
  const thief = await listening(t, (response) => response.end(digitsCard()));
  for (const status of [301, 302, 307, 308]) {
    const service = await listening(t, (response) => response.writeHead(status, { location: `${thief.url}/card` }).end());
    const client = new Client(service.url, { token: SECRET });
    await assert.rejects(client.card('digits'), failure('not_veilcast'));
    assert.equal(service.headers.length, 1);
  }
  assert.deepEqual(thief.headers, []);
});

test('refusals of a token keep their codes', async (t) => {
  for (const [status, code] of /** @type {const} */ ([
    [401, 'token_needed'],
    [401, 'token_unknown'],
    [403, 'model_not_allowed'],
  ])) {
    const { client, asked } = await clientOf(t, {}, answer(status, JSON.stringify({ error: 'no', code })));
    await assert.rejects(client.card('digits'), failure(code));
    assert.equal(asked.length, 1);
  }
});

test('a quota that is used up says when to come back', async (t) => {
  const used = JSON.stringify({ error: 'no more today', code: 'quota_used_up' });
  for (const [after, words] of /** @type {const} */ ([
    ['7260', '2 h 1 min'],
    ['90000', '1 d 1 h'],
    ['75', '1 min 15 s'],
  ])) {
    const { client, asked } = await clientOf(t, {}, answer(429, used, { 'retry-after': after }));
    await assert.rejects(client.card('digits'), failure('quota_used_up', new RegExp(`no more today \\(again in ${words}\\)$`)));
    assert.equal(asked.length, 1);
  }
  const { client, asked } = await clientOf(t, {}, answer(429, used));
  await assert.rejects(client.card('digits'), failure('quota_used_up', /no more today$/));
  assert.equal(asked.length, 1);
  const soon = await clientOf(t, {}, answer(429, used, { 'retry-after': '1' }), answer(200, digitsCard()));
  await soon.client.card('digits');
  assert.equal(soon.asked.length, 2);
});

test('what is refused as too large is halved, whatever was decrypted', async (t) => {
  const key = goodKey();
  const records = [
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
    [10, 11, 12],
  ];
  /** @type {number[][]} */
  const seen = [];
  for (const change of [{}, { ciphertexts: (/** @type {Buffer[]} */ scores) => void scores.forEach((score) => score.fill(0)) }]) {
    const fake = await fakeService(t, key, change);
    // As a proxy does it, which knows nothing of codes.
    fake.refuse = ({ header }) => (header.inputs[0].shape[0] > 1 ? { status: 413, code: '' } : undefined);
    const run = new Client(fake.url).predict('small', records, { key, layout: SCALAR });
    const { predictions } = await run.catch((error) => error);
    assert.equal(predictions.length, 4);
    assert.equal(predictions.filter((/** @type {any} */ { failed }) => failed).length, change.ciphertexts ? 4 : 0);
    seen.push(fake.asked.map(({ header }) => header.inputs[0].shape[0]));
  }
  assert.deepEqual(seen, [
    [2, 1, 1, 1, 1],
    [2, 1, 1, 1, 1],
  ]);
});

test('the end of halving is told', async (t) => {
  const key = goodKey();
  const fake = await fakeService(t, key);
  fake.refuse = () => ({ status: 413, code: '' });
  await assert.rejects(
    new Client(fake.url).predict(
      'small',
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      { key, layout: SCALAR },
    ),
    failure('body_too_large', /too large/),
  );
  assert.equal(fake.asked.length, 2);
});
