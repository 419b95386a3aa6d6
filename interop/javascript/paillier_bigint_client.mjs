/**
 * A client of a Veilcast service on paillier-bigint and Node alone, without the package veilcast.
 *
 * All it knows about a model is its public card, and all it uses is the `scalar` layout over JSON: one feature per
 * ciphertext, one score per ciphertext.
 *
 * The protocol's g is n + 1, and a request doesn't say another. Keys that `generateRandomKeys(bits, true)` makes have it; those of
 * `generateRandomKeys(bits)` have a random g, and with them the library's own `encrypt` gives ciphertexts of other numbers: the
 * service can't tell, and answers with scores that are wrong. {@link plainKey} is any key as the protocol takes it.
 */

import { createHash, randomBytes } from 'node:crypto';
import { gcd, lcm, modInv, modPow, randBetween } from 'bigint-crypto-utils';
import { PrivateKey, PublicKey } from 'paillier-bigint';

const PROOF_DOMAIN = 'veilcast key proof v1';
const ROOTS = 8;

/** A connection for each call: encryption keeps Node so busy that it would miss that an idle one was closed. */
const ONCE = { connection: 'close' };

/**
 * What the client takes of a key.
 *
 * @typedef {object} Key
 * @property {bigint} n
 * @property {bigint} p
 * @property {bigint} q
 * @property {(m: bigint) => bigint} encrypt
 * @property {(c: bigint) => bigint} decrypt
 */

/** A key as the library uses it itself: right if its g is n + 1. @returns {Key} */
export function ownKey({ publicKey, privateKey }) {
  const { n, _p: p, _q: q } = privateKey;
  return { n, p, q, encrypt: (m) => publicKey.encrypt(m), decrypt: (c) => privateKey.decrypt(c) };
}

/** The key of the same primes with g = n + 1, whatever its own g is; (n + 1)^m is 1 + m·n, so it is the faster one, too. @returns {Key} */
export function plainKey({ privateKey: { n, _p: p, _q: q } }) {
  const lambda = lcm(p - 1n, q - 1n);
  // µ = L((n + 1)^λ mod n²)⁻¹ = λ⁻¹ modulo n.
  const privateKey = new PrivateKey(lambda, modInv(lambda, n), new PublicKey(n, n + 1n), p, q);
  return { n, p, q, encrypt: (m) => encryptPlain(n, m), decrypt: (c) => privateKey.decrypt(c) };
}

/** A fresh encryption for g = n + 1: (1 + m·n)·rⁿ mod n². */
export function encryptPlain(n, m) {
  let r;
  do r = randBetween(n - 1n);
  while (gcd(r, n) !== 1n);
  const square = n * n;
  return ((1n + m * n) * modPow(r, n, square)) % square;
}

const bytesOf = (number, length) => Buffer.from(number.toString(16).padStart(2 * length, '0'), 'hex');
const numberOf = (bytes) => BigInt(`0x${bytes.toString('hex')}`);
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const lengthOf = (n) => Math.ceil(n.toString(16).length / 2);

/** The proof that n has no factor in common with φ(n): n-th roots of eight numbers that SHAKE256 makes of n. */
export function keyProof({ n, p, q }) {
  const length = lengthOf(n);
  const exponent = modInv(n, lcm(p - 1n, q - 1n));
  const roots = Array.from({ length: ROOTS }, (_, i) => {
    const message = Buffer.concat([Buffer.from(PROOF_DOMAIN), bytesOf(BigInt(length), 4), bytesOf(n, length), bytesOf(BigInt(i), 8)]);
    const challenge = numberOf(createHash('shake256', { outputLength: length + 16 }).update(message).digest()) % n;
    return bytesOf(modPow(challenge, exponent, n), length);
  });
  return Buffer.concat(roots).toString('base64url');
}

/** The integers of a record of numbers: preprocessed as the card says, then rounded half up and kept in range. */
export function quantize({ input, quantization: { bits, step, zero } }, record) {
  const values = input.preprocessing.steps.reduce((cells, { op, ranges, columns }) => {
    const change = {
      clip: (value, name) => (ranges[name] ? Math.min(Math.max(value, ranges[name][0]), ranges[name][1]) : value),
      standardize: (value, name) => (columns[name] ? (value - columns[name].mean) / columns[name].std : value),
    }[op];
    if (!change) throw new Error(`the model has the step ${op}, which this client doesn't know`);
    return cells.map((value, i) => change(value, input.features[i]));
  }, record);
  const at = (numbers, i) => (Array.isArray(numbers) ? numbers[i] : numbers);
  return values.map((value, i) => Math.min(Math.max(Math.round((value - at(zero, i)) / at(step, i)), 0), 2 ** bits - 1));
}

/** A Veilcast service at a URL. */
export class Service {
  /** Keys, by n, that it has accepted: they need no proof. */
  #accepted = new Set();

  constructor(url) {
    this.url = url;
  }

  /** A model's card, and the digest of its exact bytes. */
  async card(model) {
    const bytes = Buffer.from(await (await fetch(`${this.url}/v2/models/${model}/card`, { headers: ONCE })).arrayBuffer());
    return { card: JSON.parse(bytes.toString()), digest: `sha256:${sha256(bytes)}` };
  }

  /**
   * The answer to a request, with the request's exact bytes. It carries the key's proof until the service has accepted the key,
   * and once more if the service asks for it.
   */
  async infer(model, key, message) {
    const send = async (proof) => {
      const body = JSON.stringify({ ...message, parameters: { ...message.parameters, key_proof: proof } });
      const headers = { ...ONCE, 'content-type': 'application/json' };
      const response = await fetch(`${this.url}/v2/models/${model}/infer`, { method: 'POST', headers, body });
      return { body, status: response.status, answer: await response.json() };
    };
    let got = await send(this.#accepted.has(key.n) ? undefined : keyProof(key));
    if (got.status === 428 && this.#accepted.has(key.n)) got = await send(keyProof(key));
    if (got.status !== 200) throw Object.assign(new Error(got.answer.error), { code: got.answer.code });
    this.#accepted.add(key.n);
    return got;
  }
}

/** A request about quantised records; all numbers in JSON. */
export function request(key, digest, records) {
  const length = lengthOf(key.n);
  const data = records.flat().map((value) => bytesOf(key.encrypt(BigInt(value)), 2 * length).toString('base64'));
  return {
    id: randomBytes(16).toString('hex'),
    parameters: { public_key: bytesOf(key.n, length).toString('base64url'), layout: 'scalar', card_digest: digest },
    inputs: [{ name: 'ciphertexts', shape: [records.length, records[0].length], datatype: 'BYTES', data }],
  };
}

/** The scores' bytes in an answer, after all checks that it is the answer to a request. */
export function checked(answer, { id, body, key, digest, records, outputs }) {
  const [{ shape, data }] = answer.outputs;
  const scores = data.map((text) => Buffer.from(text, 'base64'));
  const { parameters } = answer;
  const expected = {
    id: [answer.id, id],
    key: [parameters.key_fingerprint, sha256(bytesOf(key.n, lengthOf(key.n)))],
    card: [parameters.card_digest, digest],
    layout: [parameters.layout, 'scalar'],
    request: [parameters.request_digest, `sha256:${sha256(body)}`],
    scores: [parameters.scores_digest, `sha256:${sha256(Buffer.concat(scores))}`],
    shape: [String([...shape, scores.length]), String([records, outputs, records * outputs])],
  };
  for (const [what, [got, wanted]] of Object.entries(expected)) {
    if (got !== wanted) throw new Error(`the answer is not the one to the request: another ${what}`);
  }
  return scores;
}

/** The integer scores of records of numbers, a list a record. */
export async function predict(service, model, key, records) {
  const { card, digest } = await service.card(model);
  const { slot_bits, largest_scores } = card.bounds;
  const outputs = card.output.scales.length;
  const message = request(key, digest, records.map((record) => quantize(card, record)));
  const { body, answer } = await service.infer(model, key, message);
  const scores = checked(answer, { id: message.id, body, key, digest, records: records.length, outputs });
  // What is above bit S is a mask.
  const values = scores.map((score) => Number(BigInt.asUintN(slot_bits, key.decrypt(numberOf(score)))) - 2 ** (slot_bits - 1));
  const isOut = values.some((value, i) => Math.abs(value) > (largest_scores?.[i % outputs] ?? 2 ** (slot_bits - 1) - 1));
  return { isOut, scores: records.map((_, r) => values.slice(r * outputs, (r + 1) * outputs)) };
}
