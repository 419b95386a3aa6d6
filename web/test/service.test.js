/**
 * Together with the real service, and against the program's own predictions.
 *
 * The environment variable VEILCAST holds the path of the program `veilcast`.
 */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { Arrangement, Client, WorkerKey, keyFromFile, readTable } from '../index.js';
import { bytesOf, changeCard, failure, goodKey, keyFile, textOf } from './support.js';
import { listen } from './listen.js';

const program = process.env.VEILCAST ?? '';
assert.ok(program, 'set the environment variable VEILCAST to the path of the program; `cargo xtask web` does it');

const PIXELS = 784;
const IDX_HEADER = 16;
const root = new URL('../../', import.meta.url);
const digits = fileURLToPath(new URL('models/digits', root));
const table = fileURLToPath(new URL('data/german-credit/german-credit.csv', root));
const folder = mkdtempSync(join(tmpdir(), 'veilcast-web-'));
const credit = join(folder, 'credit');
execFileSync(program, ['train', '--table', table, '--target', 'creditability', '--name', 'credit', '--out', credit], { stdio: 'ignore' });
const customers = join(folder, 'customers');
cpSync(credit, customers, { recursive: true });
changeCard(customers, (card) => card.replace('"name": "credit"', '"name": "customers"'));
changeCard(credit, (card) => card.replace(/"max_records": \d+/, '"max_records": 4'));
const hybrid = fileURLToPath(new URL('models/digits-hybrid', root));
const arrays = fileURLToPath(new URL('testdata/fixtures/arrays/', root));
const windows = join(folder, 'windows');
execFileSync(program, ['import', `${arrays}windows.onnx`, '--input', 'array', '--calibration', `${arrays}windows.npy`, '--out', windows], { stdio: 'ignore' });
const models = [digits, hybrid, credit, customers, windows].flatMap((model) => ['--model', model]);
const service = spawn(program, ['serve', ...models, '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'ignore'] });
after(() => {
  ended.catch(() => {});
  service.kill();
  rmSync(folder, { recursive: true });
});
const ended = once(service, 'exit').then(() => assert.fail('the service ended'));
const [line] = await Promise.race([once(createInterface(service.stdout), 'line'), ended]);
const url = /http:\S+/.exec(line)?.[0] ?? '';

const file = gunzipSync(bytesOf('data/mnist/t10k-images-idx3-ubyte.gz'));
const images = Array.from({ length: 3 }, (_, i) => [...file.subarray(IDX_HEADER + i * PIXELS, IDX_HEADER + (i + 1) * PIXELS)]);

/** @param {WorkerKey | import('../index.js').SecretKey} key @param {Partial<import('../src/client.js').PredictOptions>} [options] */
const predict = (key, options) => new Client(url).predict('digits', images, { key, ...options });

/** The program's own predictions of records in a file: their labels and scores. @param {string} model @param {string} records */
function expected(model, records) {
  const [key, out] = ['key.json', 'out.csv'].map((name) => join(folder, name));
  writeFileSync(key, keyFile('good-2048'), { mode: 0o600 });
  const options = ['--server', url, '--model', model, '--key', key, '--out', out, '--force'];
  execFileSync(program, ['predict', ...options, records], { stdio: 'ignore' });
  return predictionsIn(out);
}

/** The labels and scores in a file that the program wrote. @param {string} path */
function predictionsIn(path) {
  const [header, ...rows] = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  return rows.map((row) => ({
    label: row[header.indexOf('label')],
    scores: row.filter((_, i) => header[i].startsWith('score_')).map(Number),
  }));
}

test('three images get exactly the predictions of `veilcast predict`', async () => {
  const idx = Buffer.from(file.subarray(0, IDX_HEADER + 3 * PIXELS));
  idx.writeUInt32BE(3, 4);
  writeFileSync(join(folder, 'three.idx'), idx);
  // By the hybrid, whose public part each of them runs in its own way, as by the other.
  for (const model of ['digits', 'digits-hybrid']) {
    const own = await new Client(url).predict(model, images, { key: goodKey() });
    assert.equal(own.requests, 1);
    assert.equal(own.layout?.name, 'features');
    const got = own.predictions.map(({ label, scores }) => ({ label, scores }));
    assert.deepEqual(got, expected(model, join(folder, 'three.idx')));
    assert.deepEqual(
      got.map(({ label }) => label),
      ['7', '2', '1'],
    );
  }
});

test('the rows of a table do, too, in each layout and several requests', async () => {
  const csv = readFileSync(table, 'utf8').split(/\r?\n/).slice(0, 8).join('\n');
  const rows = join(folder, 'rows.csv');
  // The program wants to be told of columns that the model doesn't take: the last one.
  writeFileSync(rows, csv.replaceAll(/,[^,]*$/gm, ''));
  const client = new Client(url);
  const card = await client.card('credit');
  const records = readTable(card.fields.input, csv);
  assert.equal(records.length, 7);
  const wanted = expected('credit', rows);
  assert.equal(new Set(wanted.map(({ label }) => label)).size, 2);
  const scalar = /** @type {const} */ ({ name: 'scalar', featuresPerCiphertext: 1, scoresPerAnswer: 1 });
  for (const layout of [undefined, scalar]) {
    const { predictions, requests, ...rest } = await client.predict('credit', records, { key: goodKey(), layout });
    assert.equal(requests, 2);
    assert.equal(rest.layout?.name, layout?.name ?? 'features');
    assert.deepEqual(
      predictions.map(({ label, scores }) => ({ label, scores })),
      wanted,
    );
  }
});

test('an answer to another request, of the same records and under the same key, is refused', async (t) => {
  /** @type {Buffer | undefined} */
  let kept;
  const client = await through(t, (body) => (kept ??= body));
  const ask = () => client.predict('digits', [images[0]], { key: goodKey() });
  assert.equal((await ask()).predictions[0].label, '7');
  await assert.rejects(ask(), failure('other_answer', /another request/));
});

test('a request that was changed on its way gets an answer that is refused', async (t) => {
  const client = await through(
    t,
    (body) => body,
    (body) => Buffer.from(body.with(body.length - 1, body[body.length - 1] ^ 1)),
  );
  await assert.rejects(client.predict('digits', [images[0]], { key: goodKey() }), failure('other_answer', /another request/));
});

test('the service asks for a proof of a new key alone', async () => {
  const key = await WorkerKey.generate(2048);
  /** @type {boolean[]} */
  const proofs = [];
  const onProgress = (/** @type {import('../src/client.js').Progress} */ p) => {
    if (p.step === 'send') proofs.push(JSON.parse(Buffer.from(p.request.subarray(0, p.headerLength)).toString()).parameters.key_proof !== undefined);
  };
  const client = new Client(url);
  for (const _ of [1, 2]) await client.predict('digits', [images[0]], { key, onProgress });
  assert.deepEqual(proofs, [true, false]);
  key.close();

  const other = await WorkerKey.generate(2048);
  const proof = await other.keyProof();
  const withProof = (/** @type {string} */ text) => ({
    n: other.n,
    bits: other.bits,
    modulus: other.modulus,
    fingerprint: () => other.fingerprint(),
    keyProof: () => text,
    prepare: async () => {},
    encryptMany: other.encryptMany.bind(other),
    decryptEach: other.decryptEach.bind(other),
  });
  const ask = (/** @type {string} */ text) => new Client(url).predict('digits', [images[0]], { key: withProof(text) });
  await assert.rejects(ask(goodKey().keyProof()), failure('invalid_key_proof'));
  await assert.rejects(ask(proof.slice(4)), failure('malformed_key_proof'));
  assert.equal((await ask(proof)).predictions[0].label, '7');
  other.close();
});

const RECORDS = /** @type {const} */ ({ name: 'records', featuresPerCiphertext: 1, scoresPerAnswer: 1 });
const applicants = async (/** @type {Client} */ client) => readTable((await client.card('customers')).fields.input, readFileSync(table, 'utf8'));

test('many rows go side by side, and get exactly what the model computes in the clear', async () => {
  const out = join(folder, 'clear.csv');
  execFileSync(program, ['evaluate', '--model', customers, '--table', table, '--target', 'creditability', '--out', out], { stdio: 'ignore' });
  const wanted = predictionsIn(out);
  const client = new Client(url);
  const records = await applicants(client);
  const key = goodKey();
  const { ciphertexts, answers, recordsPerRow } = new Arrangement(await client.card('customers'), RECORDS, key.bits);
  const counts = [1, recordsPerRow, recordsPerRow + 1, 2 * recordsPerRow + 3, records.length];
  assert.ok(recordsPerRow > 100 && counts.every((count) => count <= wanted.length));
  // A request takes 1,000 records, in full rows.
  const rows = Math.floor(1000 / recordsPerRow);
  for (const count of counts) {
    const layout = count === records.length ? undefined : RECORDS;
    const { bytesUp, bytesDown, ...answer } = await client.predict('customers', records.slice(0, count), { key, layout });
    assert.deepEqual([answer.requests, answer.layout], [Math.ceil(count / (rows * recordsPerRow)), RECORDS]);
    assert.deepEqual(
      answer.predictions.map(({ label, scores }) => ({ label, scores })),
      wanted.slice(0, count),
      `${count} records`,
    );
    const full = Math.ceil(count / recordsPerRow);
    const headerLength = bytesUp - full * ciphertexts * 516;
    // The first request has the key's proof with it.
    assert.ok(headerLength > 0 && headerLength < 2000 + 2731);
    assert.ok(bytesDown < full * answers * 516 + 2000);
  }
});

test('a request of many rows is cancelled amid encryption', async () => {
  const client = new Client(url);
  const records = await applicants(client);
  const key = await WorkerKey.fromFile(keyFile('good-2048'));
  const [reason, controller] = [new Error('enough'), new AbortController()];
  /** @type {string[]} */
  const steps = [];
  const onProgress = (/** @type {import('../src/client.js').Progress} */ { step }) => {
    steps.push(step);
    if (step === 'encrypt') controller.abort(reason);
  };
  await assert.rejects(client.predict('customers', records, { key, onProgress, signal: controller.signal }), reason);
  assert.ok(!steps.includes('send'));
  key.close();
});

test('a key in its own thread: fresh, with figures', async (t) => {
  const start = performance.now();
  const key = await WorkerKey.generate(2048);
  t.after(() => key.close());
  t.diagnostic(`key of 2048 bits: ${since(start)}`);
  const client = new Client(url);
  /** @type {Set<string>} */
  const steps = new Set();
  const run = async (/** @type {string} */ name) => {
    const start = performance.now();
    const { predictions, times, bytesUp, bytesDown } = await client.predict('digits', [images[0]], {
      key,
      onProgress: ({ step }) => steps.add(step),
    });
    assert.equal(predictions[0].label, '7');
    const parts = Object.entries(times).map(([part, time]) => `${part} ${time.toFixed(0)} ms`);
    t.diagnostic(`${name}: ${since(start)} (${parts.join(', ')}; ${bytesUp} bytes up, ${bytesDown} down)`);
  };
  await run('first prediction');
  await run('next prediction');
  await client.prepare('digits', { key });
  await run('prediction with randomisers made ahead');
  assert.deepEqual([...steps].sort(), ['card', 'decrypt', 'encode', 'encrypt', 'receive', 'send']);

  const numbers = Array(88).fill(1n);
  const encrypting = performance.now();
  const ciphertexts = await key.encryptMany(numbers);
  t.diagnostic(`88 ciphertexts: ${since(encrypting)}`);
  const decrypting = performance.now();
  assert.deepEqual(await key.decryptMany(ciphertexts.slice(0, 10)), numbers.slice(0, 10));
  t.diagnostic(`10 decryptions: ${since(decrypting)}`);
});

test('a key in its own thread: from a file and back, cancelled, closed, and refused', async () => {
  const key = await WorkerKey.fromFile(keyFile('good-2048'));
  assert.equal(key.n, goodKey().n);
  assert.equal(await key.fingerprint(), await goodKey().fingerprint());
  assert.equal(keyFromFile(await key.toFile('mine')).n, key.n);
  const reason = new Error('enough');
  const controller = new AbortController();
  const onProgress = () => controller.abort(reason);
  await assert.rejects(key.prepare(100_000, { signal: controller.signal, onProgress }), reason);
  await assert.rejects(key.prepare(1, { signal: controller.signal }), reason);
  const [c] = await key.encryptMany([5n]);
  assert.deepEqual(await key.decryptMany([c]), [5n]);
  await assert.rejects(key.decryptMany([0n]), failure('bad_ciphertext'));
  const work = key.prepare(100_000);
  key.close();
  await assert.rejects(work, failure('worker_ended'));
  await assert.rejects(key.encryptMany([1n]), failure('worker_ended'));
  await assert.rejects(WorkerKey.fromFile(keyFile('composite-p')), failure('bad_key', /not a prime/));
  await assert.rejects(WorkerKey.generate(1024), failure('key_size'));
});

test('neither pixels nor primes are in what is sent', async () => {
  const key = goodKey();
  /** @type {Uint8Array[]} */
  const sent = [];
  await predict(key, { onProgress: (p) => p.step === 'send' && sent.push(p.request) });
  const text = Buffer.concat(sent).toString('hex');
  assert.ok(text.length > 2 * 3 * 66 * 512);
  for (const prime of key.primes()) assert.ok(!text.includes(prime.toString(16)));
  const row = Buffer.from(images[0].slice(7 * 28, 8 * 28)).toString('hex');
  assert.ok(/[1-9a-f]/.test(row) && !text.includes(row));
});

test('the examples of the README run', () => {
  const [first, vouchers] = [...textOf('web/README.md').matchAll(/```js\n([^]*?)```/g)].map(([, example]) => example);
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const outputOf = (/** @type {string} */ example) => {
    const script = example.replace('http://127.0.0.1:8080', url);
    return execFileSync(process.execPath, ['--input-type=module', '--eval', script], { cwd, encoding: 'utf8' });
  };
  assert.match(outputOf(first), /^1 0\.9/);
  // The second one goes on where the first one ends.
  const [start, end] = first.split(/(?=key\.close)/);
  const renamed = vouchers.replace('const { predictions, way }', 'const { predictions: others, way }');
  assert.match(outputOf(`${start}${renamed}console.log(others[0].label);${end}`), /vouchers 28\n1\n$/);
});

test('images get the same predictions by vouchers, which are used once each', async (t) => {
  const key = await WorkerKey.fromFile(keyFile('good-2048'));
  t.after(() => key.close());
  const client = new Client(url);
  for (const [model, row] of /** @type {const} */ ([
    ['digits', 29],
    ['digits-hybrid', 32],
  ])) {
    const start = performance.now();
    assert.equal(await client.fillVouchers(model, { key }), row);
    t.diagnostic(`${row} vouchers of ${model}: ${since(start)}`);
    const direct = await client.predict(model, images, { key, way: 'direct' });
    for (const left of [row - 3, row - 6]) {
      const asked = performance.now();
      const masked = await client.predict(model, images, { key });
      t.diagnostic(`3 images by vouchers: ${since(asked)}; ${masked.bytesUp} bytes up, ${masked.bytesDown} down`);
      assert.deepEqual([masked.way, masked.requests, client.vouchers(model, { key })], ['vouchers', 1, left]);
      assert.deepEqual(masked.predictions, direct.predictions);
    }
  }
});

test('many rows by vouchers get exactly what the model computes in the clear', async () => {
  const out = join(folder, 'clear-too.csv');
  execFileSync(program, ['evaluate', '--model', customers, '--table', table, '--target', 'creditability', '--out', out], { stdio: 'ignore' });
  const wanted = predictionsIn(out).slice(0, 100);
  const client = new Client(url);
  const records = (await applicants(client)).slice(0, 100);
  const key = goodKey();
  const left = await client.fillVouchers('customers', { key, count: 100 });
  assert.ok(left >= 100);
  const { predictions, way, requests } = await client.predict('customers', records, { key });
  assert.deepEqual([way, requests, client.vouchers('customers', { key })], ['vouchers', 1, left - 100]);
  assert.deepEqual(
    predictions.map(({ label, scores }) => ({ label, scores })),
    wanted,
  );
});

test('the vouchers of a service that was restarted are dropped, and its records encrypted', async (t) => {
  const other = spawn(program, ['serve', '--model', digits, '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => other.kill());
  const [line] = await once(createInterface(other.stdout), 'line');
  let target = url;
  const client = await through(
    t,
    (body) => body,
    undefined,
    () => target,
  );
  const key = goodKey();
  await client.fillVouchers('digits', { key });
  assert.equal((await client.predict('digits', [images[0]], { key })).way, 'vouchers');
  target = /http:\S+/.exec(line)?.[0] ?? '';
  const { predictions, way } = await client.predict('digits', [images[0]], { key });
  assert.deepEqual([way, predictions[0].label, client.vouchers('digits', { key })], ['direct', '7', 0]);
});

/**
 * A client through a proxy that changes the service's answers, or the requests to it.
 *
 * @param {import('node:test').TestContext} t
 * @param {(body: Buffer<ArrayBuffer>, headerLength: number) => Buffer} change
 * @param {(body: Buffer<ArrayBuffer>) => Buffer<ArrayBuffer>} [changeRequest]
 * @param {() => string} [target] the service's URL
 */
async function through(t, change, changeRequest = (body) => body, target = () => url) {
  const proxy = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const { host: _, connection: __, 'transfer-encoding': ___, 'content-length': ____, ...headers } = request.headers;
    const init = { method: request.method, headers: /** @type {Record<string, string>} */ (headers) };
    const answer = await fetch(new URL(request.url ?? '', target()), parts.length ? { ...init, body: changeRequest(Buffer.concat(parts)) } : init);
    const length = answer.headers.get('inference-header-content-length');
    const body = Buffer.from(await answer.arrayBuffer());
    if (length === null) return response.writeHead(answer.status).end(body);
    const changed = change(body, Number(length));
    response.writeHead(answer.status, { 'inference-header-content-length': length }).end(changed);
  });
  return new Client(await listen(t, proxy));
}

/** @param {Buffer<ArrayBuffer>} body @param {number} headerLength @param {RegExp} from @param {string} to of the same length */
function inHeader(body, headerLength, from, to) {
  const header = body.subarray(0, headerLength).toString();
  assert.match(header, from);
  return Buffer.concat([Buffer.from(header.replace(from, to)), body.subarray(headerLength)]);
}

/** With the digest of the scores that are there now. @param {Buffer<ArrayBuffer>} body @param {number} headerLength */
function redigested(body, headerLength) {
  const hash = createHash('sha256');
  for (let at = headerLength; at < body.length; at += 516) hash.update(body.subarray(at + 4, at + 516));
  return inHeader(body, headerLength, /"scores_digest":"sha256:\w{64}/, `"scores_digest":"sha256:${hash.digest('hex')}`);
}

/** @type {[string, RegExp, (body: Buffer<ArrayBuffer>, headerLength: number) => Buffer][]} */
const faults = [
  ['unchanged', /^$/, (body) => body],
  ['of another card', /^other_answer$/, (body, n) => inHeader(body, n, /"card_digest":"sha256:.{8}/, '"card_digest":"sha256:00000000')],
  ['for another key', /^other_answer$/, (body, n) => inHeader(body, n, /"key_fingerprint":".{8}/, '"key_fingerprint":"00000000')],
  ['in another layout', /^other_answer$/, (body, n) => inHeader(body, n, /"features_per_ciphertext":12/, '"features_per_ciphertext":13')],
  ['with another id', /^other_answer$/, (body, n) => inHeader(body, n, /"id":".{8}/, '"id":"00000000')],
  [
    'with the digest of another request',
    /^other_answer$/,
    (body, n) => inHeader(body, n, /"request_digest":"sha256:.{8}/, '"request_digest":"sha256:00000000'),
  ],
  ['with the digest of other scores', /^bad_answer$/, (body, n) => inHeader(body, n, /"scores_digest":"sha256:.{8}/, '"scores_digest":"sha256:00000000')],
  ['without a digest', /^bad_answer$/, (body, n) => inHeader(body, n, /"scores_digest"/, '"scores_digezt"')],
  ['with one bit flipped', /^bad_answer$/, (body) => Buffer.from(body.with(body.length - 100, body[body.length - 100] ^ 4))],
  ['with a digest to match of a ciphertext of zero', /^bad_ciphertext$/, (body, n) => redigested(body.fill(0, body.length - 512), n)],
  ['with a digest to match of a ciphertext above n²', /^bad_ciphertext$/, (body, n) => redigested(body.fill(255, body.length - 512), n)],
  ['cut off', /^bad_answer$/, (body) => body.subarray(0, body.length - 1)],
  ['with a byte too many', /^bad_answer$/, (body) => Buffer.concat([body, Buffer.alloc(1)])],
  ['without an end', /^answer_too_large$/, (body) => Buffer.concat([body, Buffer.alloc(100_000)])],
];

for (const [name, code, change] of faults) {
  test(`an answer ${name}`, async (t) => {
    const client = await through(t, change);
    const answer = client.predict('digits', [images[0]], { key: goodKey() });
    if (name === 'unchanged') assert.equal((await answer).predictions[0].label, '7');
    else await assert.rejects(answer, (/** @type {any} */ error) => code.test(error.code) || assert.fail(error.stack));
  });
}

/** One answer less than there should be. @param {Buffer<ArrayBuffer>} body @param {number} headerLength */
function withoutLast(body, headerLength) {
  const header = body.subarray(0, headerLength).toString();
  const [, rows, columns] = /"shape":\[(\d+),(\d+)\]/.exec(header) ?? [];
  const size = 516 * (Number(rows) - 1) * Number(columns);
  const fewer = header.replace(/"shape":\[\d+/, `"shape":[${Number(rows) - 1}`).replace(/"binary_data_size":\d+/, `"binary_data_size":${size}`);
  // White space keeps the header's length.
  return Buffer.concat([Buffer.from(fewer.padEnd(headerLength)), body.subarray(headerLength, headerLength + size)]);
}

/** @type {typeof faults} */
const faultsOfMany = [
  ['unchanged', /^$/, (body) => body],
  ['about fewer records', /^other_answer$/, (body, n) => inHeader(body, n, /"records":150/, '"records":149')],
  ['about more records', /^other_answer$/, (body, n) => inHeader(body, n, /"records":150/, '"records":999')],
  ['without their number', /^bad_answer$/, (body, n) => inHeader(body, n, /"records":150/, '"recordz":150')],
  ['in another layout', /^bad_answer$/, (body, n) => inHeader(body, n, /"layout":"records"/, '"layout":"scalar" ')],
  ['with too few scores', /^bad_answer$/, withoutLast],
  ['cut off', /^bad_answer$/, (body) => body.subarray(0, body.length - 516)],
  ['with a ciphertext of zero', /^bad_answer$/, (body) => body.fill(0, body.length - 512)],
  ['with a digest to match of a ciphertext of zero', /^bad_ciphertext$/, (body, n) => redigested(body.fill(0, body.length - 512), n)],
  ['without an end', /^answer_too_large$/, (body) => Buffer.concat([body, Buffer.alloc(100_000)])],
];

for (const [name, code, change] of faultsOfMany) {
  test(`an answer to many records ${name}`, async (t) => {
    const client = await through(t, change);
    const records = (await applicants(client)).slice(0, 150);
    const answer = client.predict('customers', records, { key: goodKey(), layout: RECORDS });
    if (name === 'unchanged') assert.equal((await answer).predictions.length, 150);
    else await assert.rejects(answer, (/** @type {any} */ error) => code.test(error.code) || assert.fail(error.stack));
  });
}

/** @param {number} start */
const since = (start) => `${(performance.now() - start).toFixed(0)} ms`;

test('arrays of numbers are predicted as by the program, in one list or as their shape is', async () => {
  const stored = bytesOf('testdata/fixtures/arrays/windows.npy');
  const numbers = new Float32Array(stored.slice(-60 * 24 * 4).buffer);
  const flat = Array.from({ length: 60 }, (_, i) => numbers.subarray(i * 24, (i + 1) * 24));
  const nested = flat.map((record) => Array.from({ length: 6 }, (_, row) => [...record.subarray(row * 4, (row + 1) * 4)]));
  const wanted = expected('windows', `${arrays}windows.npy`);
  for (const records of [flat, nested]) {
    const { predictions } = await new Client(url).predict('windows', records, { key: goodKey() });
    assert.deepEqual(
      predictions.map(({ label, scores }) => ({ label, scores })),
      wanted,
    );
  }
});
