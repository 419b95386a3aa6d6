/**
 * Sealed models of tests, and what their owner computes with the key: by formulas of its own, on a published key of 1024 bits
 * that is unfit for any use.
 */

import { createHash, randomBytes, randomInt } from 'node:crypto';
import { createServer } from 'node:http';
import { keyFromFile } from '../index.js';
import { digestOf, elementsOf, framed } from './framed.js';
import { listen } from './listen.js';
import { keyFile } from './support.js';

export const TESTS_ONLY = { allowInsecure1024: true };

const key = keyFromFile(keyFile('insecure-1024'), TESTS_ONLY);
export const [p, q] = key.primes();
export const n = p * q;
const nSquared = n * n;
export const KEY_BITS = 1024;
const WIDTH = (2 * KEY_BITS) / 8;

/** @param {bigint} base @param {bigint} exponent @param {bigint} modulus */
export function power(base, exponent, modulus) {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === '1') result = (result * base) % modulus;
  }
  return result;
}

/** @param {Uint8Array} bytes */
const numberOf = (bytes) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

/** @param {bigint} number @param {number} length in bytes */
export const bytesOf = (number, length = WIDTH) => Buffer.from(number.toString(16).padStart(2 * length, '0'), 'hex');

const random = () => numberOf(randomBytes(KEY_BITS / 8)) % n;

/** @param {bigint} m may be negative */
const encrypted = (m) => ((1n + (((m % n) + n) % n) * n) * power(random(), n, nSquared)) % nSquared;

const lambda = (p - 1n) * (q - 1n);
/** The inverse of λ modulo n, by Euler. */
const mu = power(lambda % n, (p - 1n) * (q - 1n) - 1n, n);

/** @param {bigint} c */
export const decrypted = (c) => (((power(c, lambda, nSquared) - 1n) / n) * mu) % n;

/** @param {Uint8Array} bytes */
export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/**
 * @typedef {object} Small
 * @property {any} fields of the card
 * @property {Buffer} file
 * @property {bigint[][]} weights
 * @property {bigint[]} biases
 */

/**
 * A random model that is sealed.
 *
 * @param {{features: number, outputs: number, bits: number, slotBits: number, ways?: string[], limits?: object}} shape
 * @returns {Small}
 */
export function sealedModel({
  features,
  outputs,
  bits,
  slotBits,
  ways = ['direct', 'vouchers', 'sealed'],
  limits = { max_records: 1000, max_ciphertexts: 1000 },
}) {
  // All scores are below 2^(S−1) in magnitude.
  const most = ((1n << BigInt(slotBits - 1)) - 1n) / (BigInt(features + 1) * ((1n << BigInt(bits)) - 1n));
  const weight = () => (numberOf(randomBytes(16)) % (2n * most + 1n)) - most;
  const weights = Array.from({ length: outputs }, () => Array.from({ length: features }, weight));
  const biases = Array.from({ length: outputs }, weight);
  const packed = (/** @type {(output: number) => bigint} */ of) =>
    Array.from({ length: outputs }, (_, o) => of(o) << BigInt(slotBits * o)).reduce((a, b) => a + b, 0n);
  const plaintexts = [...Array.from({ length: features }, (_, i) => packed((o) => weights[o][i])), packed((o) => biases[o] + (1n << BigInt(slotBits - 1)))];
  const file = Buffer.concat(plaintexts.map((m) => bytesOf(encrypted(m))));
  const fields = {
    format: 'veilcast-card/1',
    name: 'small',
    version: '1',
    description: 'A small model.',
    input: { kind: 'table', shape: [features], features: Array.from({ length: features }, (_, i) => `c${i}`), preprocessing: { version: 1, steps: [] } },
    quantization: { bits, step: 1, zero: 0 },
    output: { labels: Array.from({ length: outputs }, (_, o) => `o${o}`), scales: Array(outputs).fill(1), activation: 'none' },
    bounds: { slot_bits: slotBits, certified: true },
    layouts: { scalar: {}, records: {} },
    limits,
    ways,
    sealed: { modulus: n.toString(16), proof: Buffer.from(key.keyProof(), 'base64url').toString('hex'), sha256: sha256(file) },
  };
  return { fields, file, weights, biases };
}

/** The model's scores of a record. @param {Small} model @param {readonly number[]} record */
export const scoresOf = ({ weights, biases }, record) => weights.map((row, o) => row.reduce((sum, w, i) => sum + w * BigInt(record[i]), biases[o]));

/** @param {Small} model @param {number} count */
export function randomRecords({ fields: { quantization, input } }, count) {
  const top = 2 ** quantization.bits;
  return Array.from({ length: count }, () => Array.from({ length: input.shape[0] }, () => [0, top - 1, randomInt(top)][randomInt(3)]));
}

/** The rows of an answer: big-endian bits of each record. @param {readonly bigint[]} ciphertexts @param {number} records @param {any} fields */
export function rowsOf(ciphertexts, records, { bounds, output }) {
  const width = bounds.slot_bits * output.scales.length;
  const perCiphertext = Math.floor((KEY_BITS - 128) / width);
  const plaintexts = ciphertexts.map(decrypted);
  return Array.from({ length: records }, (_, i) => {
    const place = BigInt(width * (i % perCiphertext));
    return bytesOf(BigInt.asUintN(width, plaintexts[Math.floor(i / perCiphertext)] >> place), Math.ceil(width / 8));
  });
}

/**
 * What is changed of the answer to a request, the first one being 0.
 *
 * @typedef {object} Change
 * @property {(rows: Buffer[], request: number) => void} [rows] before the digest of them is made
 * @property {(header: any, request: number) => void} [header]
 * @property {(body: Buffer, request: number) => Buffer} [body]
 *
 * @typedef {object} Fake
 * @property {string} url
 * @property {string[]} fetched paths
 * @property {{header: any, raw: Buffer}[]} asked
 * @property {Small} model
 * @property {Buffer} file
 * @property {((header: any) => {status: number, code: string} | undefined) | undefined} refuse
 */

/**
 * A service with a sealed model and its key, which ends with the test.
 *
 * @param {import('node:test').TestContext} t
 * @param {Small} model
 * @param {Change} [change]
 * @returns {Promise<Fake>}
 */
export async function fakeSealed(t, model, change = {}) {
  /** @type {Fake} */
  const fake = { url: '', fetched: [], asked: [], model, file: model.file, refuse: undefined };
  const server = createServer(async (request, response) => {
    const card = Buffer.from(JSON.stringify(fake.model.fields));
    if (request.method === 'GET') {
      fake.fetched.push(request.url ?? '');
      return void response.end(request.url?.endsWith('/sealed.bin') ? fake.file : card);
    }
    const { body, header, raw } = await framed(request);
    fake.asked.push({ header, raw });
    const isOther = header.parameters.card_digest !== digestOf(card);
    const refusal = fake.refuse?.(header) ?? (isOther ? { status: 409, code: 'wrong_card_digest' } : undefined);
    if (refusal) return void response.writeHead(refusal.status).end(JSON.stringify({ error: 'not so', code: refusal.code }));
    const answer = answerTo(fake, body, card, change);
    response.writeHead(200, { 'inference-header-content-length': String(answer.headerLength) }).end(answer.body);
  });
  fake.url = await listen(t, server);
  return fake;
}

/** The ciphertexts that follow a header. @param {Buffer} raw */
export const ciphertextsIn = (raw) => elementsOf(raw).map(numberOf);

/** @param {Fake} fake @param {Buffer} request @param {Buffer} card @param {Change} change */
function answerTo({ asked, model }, request, card, change) {
  const number = asked.length - 1;
  const { header, raw } = asked[number];
  const rows = rowsOf(ciphertextsIn(raw), header.parameters.records, model.fields);
  change.rows?.(rows, number);
  const scores = Buffer.concat(rows);
  const answer = {
    model_name: 'small',
    model_version: '1',
    id: header.id,
    parameters: { card_digest: digestOf(card), request_digest: digestOf(request), scores_digest: digestOf(scores) },
    outputs: [{ name: 'masked_scores', shape: [rows.length, rows[0].length], datatype: 'UINT8', parameters: { binary_data_size: scores.length } }],
  };
  change.header?.(answer, number);
  const head = Buffer.from(JSON.stringify(answer));
  const body = Buffer.concat([head, scores]);
  return { headerLength: head.length, body: change.body?.(body, number) ?? body };
}
