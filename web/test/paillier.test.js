import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { inspect } from 'node:util';
import * as peer from 'paillier-bigint';
import { generateKey, keyFromFile, keyToFile } from '../index.js';
import { inverse, modPow } from '../src/bigint.js';
import { failure, goodKey, keyFile, textOf } from './support.js';

const TESTS_ONLY = { allowInsecure1024: true };

test('ciphertexts of python-paillier decrypt', () => {
  const { keys } = JSON.parse(textOf('crates/paillier/tests/fixtures/phe.json'));
  assert.equal(keys.length, 2);
  for (const { key: file, cases } of keys) {
    const key = keyFromFile(JSON.stringify(file), TESTS_ONLY);
    for (const { m, c } of cases) assert.equal(key.decrypt(BigInt(`0x${c}`)), BigInt(`0x${m}`));
  }
});

test('numbers come back, and sums of ciphertexts are sums', async () => {
  const key = goodKey();
  const numbers = [0n, 1n, key.n - 1n, key.n / 2n];
  const ciphertexts = await key.encryptMany(numbers);
  assert.deepEqual(await key.decryptMany(ciphertexts), numbers);
  const product = (ciphertexts[2] * ciphertexts[3]) % (key.n * key.n);
  assert.equal(key.decrypt(product), (numbers[2] + numbers[3]) % key.n);
  assert.throws(() => key.encrypt(key.n), RangeError);
  assert.throws(() => key.encrypt(-1n), RangeError);
});

test('ciphertexts are fresh n-th powers, made ahead or not', async () => {
  const key = goodKey();
  const [p, q] = key.primes();
  await key.prepare(3);
  const zeros = await key.encryptMany(Array(6).fill(0n));
  assert.equal(new Set(zeros).size, 6);
  // n-th powers are what Carmichael's exponent of n takes to 1.
  for (const c of zeros) assert.equal(modPow(c, (p - 1n) * (q - 1n), key.n * key.n), 1n);
});

test('what paillier-bigint encrypts decrypts here, and the other way round', () => {
  const key = goodKey();
  const [p, q] = key.primes();
  const publicKey = new peer.PublicKey(key.n, key.n + 1n);
  const lambda = (p - 1n) * (q - 1n);
  const privateKey = new peer.PrivateKey(lambda, inverse(lambda, key.n), publicKey, p, q);
  for (const m of [0n, 1n, 123456789n, key.n - 1n]) {
    assert.equal(key.decrypt(publicKey.encrypt(m)), m);
    assert.equal(privateKey.decrypt(key.encrypt(m)), m);
  }
  assert.equal(key.decrypt(publicKey.addition(key.encrypt(20n), publicKey.encrypt(22n))), 42n);
});

test('damaged ciphertexts are refused', () => {
  const key = goodKey();
  const [p, q] = key.primes();
  for (const c of [0n, -1n, key.n * key.n, key.n * key.n + 1n, p, q * 5n, key.n]) {
    assert.throws(() => key.decrypt(c), failure('bad_ciphertext'));
  }
});

test('key files travel both ways', () => {
  const key = goodKey();
  const text = keyToFile(key, 'mine');
  assert.equal(keyFromFile(text).n, key.n);
  const { p, q, pub } = JSON.parse(keyFile('good-2048'));
  const written = JSON.parse(text);
  assert.deepEqual([written.p, written.q, written.pub.n, written.kid], [p, q, pub.n, 'mine']);
});

test('key files with a fault are refused, and their secrets not told', () => {
  const folder = new URL('../../crates/paillier/tests/fixtures/keys/', import.meta.url);
  const names = readdirSync(folder).map((name) => name.replace('.json', ''));
  const faulty = names.filter((name) => name !== 'good-2048');
  assert.ok(faulty.length > 20);
  for (const name of faulty) {
    const text = keyFile(name);
    assert.throws(
      () => keyFromFile(text),
      (/** @type {any} */ error) => {
        assert.equal(error.name, 'VeilcastError', `${name}: ${error.stack}`);
        assert.match(error.code, /^(bad_key|bad_key_file|key_size)$/);
        const secret = /"p": *"([^"]{20})/.exec(text)?.[1];
        assert.ok(!secret || !error.message.includes(secret), name);
        return true;
      },
      name,
    );
  }
  assert.throws(() => keyFromFile('x'.repeat(70_000)), failure('bad_key_file', /70000/));
});

test('a key shows no primes', () => {
  const key = goodKey();
  const [p] = key.primes();
  const shown = inspect(key, { depth: 10, showHidden: true }) + JSON.stringify(Object.keys(key));
  assert.ok(!shown.includes(String(p)));
});

test('keys have one of three sizes', async () => {
  for (const bits of [0, 1024, 2047, 8192, NaN]) await assert.rejects(generateKey(bits), failure('key_size'));
  assert.throws(() => keyFromFile(keyFile('insecure-1024')), failure('key_size'));
  assert.equal(keyFromFile(keyFile('insecure-1024'), TESTS_ONLY).bits, 1024);
});

test('work is told of, and ends when it is cancelled', async () => {
  const key = goodKey();
  const controller = new AbortController();
  /** @type {number[]} */
  const told = [];
  const work = key.encryptMany(Array(10_000).fill(1n), {
    signal: controller.signal,
    onProgress: (done, total) => {
      assert.equal(total, 10_000);
      told.push(done);
      if (told.length === 3) controller.abort(new Error('enough'));
    },
  });
  await assert.rejects(work, /enough/);
  assert.deepEqual(
    told,
    told.toSorted((a, b) => a - b),
  );
  assert.equal(told.length, 3);
});
