/**
 * Veilcast and paillier-bigint together: a client of the real service on either kind of its keys.
 *
 * The environment variable VEILCAST holds the path of the program `veilcast`.
 */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { generateRandomKeys } from 'paillier-bigint';
import { Service, encryptPlain, keyProof, ownKey, plainKey, predict } from './paillier_bigint_client.mjs';

const program = process.env.VEILCAST ?? '';
assert.ok(program, 'set the environment variable VEILCAST to the path of the program; `cargo xtask interop` does it');

const root = fileURLToPath(new URL('../../', import.meta.url));
const BITS = 2048;
const RECORDS = 4;
const COLUMNS = ['duration_in_month', 'credit_amount', 'age_in_years', 'number_of_existing_credits_at_this_bank'];
const TARGET = 'creditability';

const folder = mkdtempSync(join(tmpdir(), 'veilcast-interop-'));
after(() => rmSync(folder, { recursive: true }));
const table = join(root, 'data/german-credit/german-credit.csv');
const [model, rows, clear] = ['credit', 'rows.csv', 'clear.csv'].map((name) => join(folder, name));
const run = (...args) => execFileSync(program, args, { stdio: 'ignore' });
run('train', '--table', table, '--target', TARGET, '--columns', COLUMNS.join(','), '--name', 'credit', '--out', model);

// No cell of the first lines but the one that is not taken has a comma.
const [header, ...lines] = readFileSync(table, 'utf8').split(/\r?\n/).map((line) => line.split(/,(?! )/));
const cells = lines.slice(0, RECORDS).map((line) => [...COLUMNS, TARGET].map((column) => line[header.indexOf(column)]));
const records = cells.map((row) => row.slice(0, -1).map(Number));
writeFileSync(rows, [[...COLUMNS, TARGET], ...cells].map((row) => `${row.join(',')}\n`).join(''));
run('evaluate', '--model', model, '--table', rows, '--target', TARGET, '--out', clear);

const { scales } = JSON.parse(readFileSync(join(model, 'card.json'), 'utf8')).output;

/** The scores that the model computes in the clear: after the record and its label, before the probabilities. */
const predicted = readFileSync(clear, 'utf8').trim().split('\n').slice(1);
const expected = predicted.map((line) => line.split(',').slice(2, 2 + scales.length).map(Number));

/** Starts a service, which ends with the tests, and gives its URL. */
async function serve() {
  const service = spawn(program, ['serve', '--json', '--model', model, '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'ignore'] });
  after(() => service.kill());
  const [line] = await once(createInterface(service.stdout), 'line');
  return JSON.parse(line).listening;
}
const url = await serve();

// Of each kind one: g is n + 1, and g is random.
const [simple, random] = await Promise.all([generateRandomKeys(BITS, true), generateRandomKeys(BITS)]);
const scaled = ({ scores }) => scores.map((row) => row.map((score, i) => score * scales[i]));
const ask = (key, asked = new Service(url)) => predict(asked, 'credit', key, records);

/** A service that keeps what is sent to it. */
class Watched extends Service {
  /** Whether each request carried a proof, and what came of it. */
  seen = [];

  async infer(...args) {
    const { fetch } = globalThis;
    globalThis.fetch = async (to, options) => {
      const response = await fetch(to, options);
      this.seen.push([options.body.includes('"key_proof"'), response.status]);
      return response;
    };
    try {
      return await super.infer(...args);
    } finally {
      globalThis.fetch = fetch;
    }
  }
}

test('the records are not all alike', () => {
  assert.equal(expected.length, RECORDS);
  assert.ok(new Set(expected.map(String)).size > 1);
});

test('a key of the simple variant, whose g is n + 1, gives the right scores with the library alone', async () => {
  assert.equal(simple.publicKey.g, simple.publicKey.n + 1n);
  const { isOut, ...answer } = await ask(ownKey(simple));
  assert.deepEqual([scaled(answer), isOut], [expected, false]);
});

test('a key with a random g does, too, with n + 1 in its place for encryption and decryption', async () => {
  assert.notEqual(random.publicKey.g, random.publicKey.n + 1n);
  const { isOut, ...answer } = await ask(plainKey(random));
  assert.deepEqual([scaled(answer), isOut], [expected, false]);
});

test('the same key gives wrong scores with the library alone, and no error of the service', async () => {
  const { scores } = await ask(ownKey(random));
  assert.deepEqual(scores.map((row) => row.length), expected.map((row) => row.length));
  assert.notDeepEqual(scaled({ scores }), expected);
});

test('nor is it enough to encrypt with n + 1: the library decrypts by its own g', async () => {
  const key = { ...ownKey(random), encrypt: plainKey(random).encrypt };
  const factor = key.decrypt(encryptPlain(key.n, 1n));
  assert.notEqual(factor, 1n);
  assert.equal(key.decrypt(encryptPlain(key.n, 7n)), (7n * factor) % key.n);
  assert.notDeepEqual(scaled(await ask(key)), expected);
});

test('a key is proved to a service once, and again to one that does not know it', async () => {
  const known = plainKey(await generateRandomKeys(BITS, true));
  const watched = new Watched(url);
  await ask(known, watched);
  await ask(known, watched);
  assert.deepEqual(watched.seen.splice(0), [[true, 200], [false, 200]]);
  watched.url = await serve();
  assert.deepEqual(scaled(await ask(known, watched)), expected);
  assert.deepEqual(watched.seen, [[false, 428], [true, 200]]);
});

test('a proof is that of other programs', () => {
  const fixtures = join(root, 'crates/paillier/tests/fixtures');
  const { cases } = JSON.parse(readFileSync(join(fixtures, 'key-proof.json'), 'utf8'));
  assert.ok(cases.length > 1);
  for (const { key, proof } of cases) {
    const { p, q, pub } = JSON.parse(readFileSync(join(fixtures, 'keys', key), 'utf8'));
    const [n, ...primes] = [pub.n, p, q].map((text) => BigInt(`0x${Buffer.from(text, 'base64url').toString('hex')}`));
    assert.equal(keyProof({ n, p: primes[0], q: primes[1] }), proof);
  }
});

test('a wrong proof is refused', async () => {
  const [known, other] = [simple, random].map(plainKey);
  const proof = Buffer.from(keyProof(other), 'base64url');
  assert.equal(proof.length, 8 * (BITS / 8));
  const mixed = { ...other, p: known.p, q: known.q };
  await assert.rejects(ask(mixed, new Service(await serve())), { code: 'invalid_key_proof' });
});
