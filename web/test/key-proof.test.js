import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkerKey, generateKey, keyFromFile, keyToFile } from '../index.js';
import { base64urlFromBytes, bigintFromBytes, bytesFromBase64url } from '../src/bigint.js';
import { challenges, isKeyProof, proofText } from '../src/key-proof.js';
import { failure, goodKey, keyFile, textOf } from './support.js';

const TESTS_ONLY = { allowInsecure1024: true };
const { cases } = JSON.parse(textOf('crates/paillier/tests/fixtures/key-proof.json'));

assert.ok(cases.length >= 2);

/** @param {{key: string}} vector */
const keyOf = ({ key }) => keyFromFile(keyFile(key.replace('.json', '')), TESTS_ONLY);

for (const vector of cases) {
  test(`the proof of ${vector.key} is that of other programs`, () => {
    const key = keyOf(vector);
    assert.equal(challenges(key.n).at(-1), BigInt(`0x${vector.challenge}`));
    assert.equal(key.keyProof(), vector.proof);
    assert.ok(isKeyProof(key.n, vector.proof));
  });
}

test('a fresh key has a proof', async () => {
  const key = await generateKey(2048);
  assert.ok(isKeyProof(key.n, key.keyProof()));
  assert.equal(key.keyProof(), key.keyProof());
});

test('other texts are no proofs', () => {
  const [small, large] = cases;
  const { n } = keyOf(small);
  const proof = bytesFromBase64url(small.proof);
  const roots = Array.from({ length: 8 }, (_, i) => proof.slice(128 * i, 128 * (i + 1)));
  const changed = (/** @type {number} */ at) => base64urlFromBytes(proof.with(at, proof[at] ^ 1));
  const nothing = base64urlFromBytes(new Uint8Array(proof.length));
  for (const text of [
    '',
    large.proof,
    `${small.proof}A`,
    small.proof.slice(0, -1),
    `${small.proof}==`,
    `${small.proof.slice(0, -1)}!`,
    nothing,
    changed(127),
    changed(proof.length - 1),
  ]) {
    assert.ok(!isKeyProof(n, text), text.slice(0, 20));
  }
  const numbers = roots.map((root) => bigintFromBytes(root));
  assert.equal(proofText(n, numbers), small.proof);
  assert.ok(!isKeyProof(n, proofText(n, [...numbers.slice(1), numbers[0]])));
  // A root that is right but for its spelling.
  const place = numbers.findIndex((root) => root + n < 1n << 1024n);
  assert.ok(place >= 0);
  assert.ok(!isKeyProof(n, proofText(n, numbers.with(place, numbers[place] + n))));
  assert.ok(!isKeyProof(keyOf(large).n, small.proof));
});

test('key files hold the proof, and another one is refused', () => {
  const [, { proof }] = cases;
  const file = JSON.parse(keyToFile(goodKey(), 'mine'));
  assert.equal(file.pub.proof, proof);
  assert.equal(keyFromFile(JSON.stringify(file)).keyProof(), proof);
  const end = proof.at(-2) === 'A' ? 'B' : 'A';
  for (const other of ['', null, 7, `${proof.slice(0, -2)}${end}${proof.at(-1)}`, `${proof}=`]) {
    file.pub.proof = other;
    assert.throws(() => keyFromFile(JSON.stringify(file)), failure('bad_key_file', /its proof/), String(other));
  }
});

test('a key in a thread of its own gives its proof', async () => {
  const key = await WorkerKey.fromFile(keyFile('good-2048'));
  assert.equal(await key.keyProof(), cases[1].proof);
  assert.equal(JSON.parse(await key.toFile()).pub.proof, cases[1].proof);
  key.close();
});

test('ciphertexts are decrypted one by one: a bad one spoils no other', async () => {
  const key = goodKey();
  const [c] = await key.encryptMany([5n]);
  const given = [c, 0n, key.n, key.n * key.n, c];
  const expected = [5n, undefined, undefined, undefined, 5n];
  assert.deepEqual(await key.decryptEach(given), expected);
  const inThread = await WorkerKey.fromFile(keyFile('good-2048'));
  assert.deepEqual(await inThread.decryptEach(given), expected);
  inThread.close();
});
