/**
 * A service for tests of the client alone. It has a small model, and the secret key, which no real service has: so it can
 * answer with what it likes.
 */

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { isKeyProof } from '../index.js';
import { bigintFromBytes, bytesFromBase64url, bytesFromBigint } from '../src/bigint.js';
import { listen } from './listen.js';

const SLOT_BITS = 16;
const WEIGHTS = [[1, -2, 3], [-4, 5, -6]];

/** Requests have at most two records, so that a few records take several. */
export const RECORDS_PER_REQUEST = 2;

/** No score of the model is larger. */
const LARGEST_SCORES = [60, 150];

export const CARD = Buffer.from(
  JSON.stringify({
    format: 'veilcast-card/1',
    name: 'small',
    version: '1',
    description: 'A model of three numbers.',
    input: { kind: 'table', shape: [3], features: ['a', 'b', 'c'], preprocessing: { version: 1, steps: [] } },
    quantization: { bits: 4, step: 1, zero: 0 },
    output: { labels: ['no', 'yes'], scales: [1, 1], activation: 'none' },
    bounds: { slot_bits: SLOT_BITS, certified: true, largest_scores: LARGEST_SCORES },
    layouts: { scalar: {}, records: {} },
    limits: { max_records: RECORDS_PER_REQUEST, max_ciphertexts: 100 },
  }),
);

/** The model's scores of a record. @param {readonly number[]} record */
export const scoresOf = (record) => WEIGHTS.map((row) => row.reduce((sum, w, i) => sum + w * record[i], 0));

/** @param {Uint8Array} bytes */
const digestOf = (bytes) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/**
 * What is changed of the answer to a request, the first one being 0: its plaintexts, its ciphertexts, its header, its bytes.
 *
 * @typedef {object} Change
 * @property {(plaintexts: bigint[][], request: number) => void} [plaintexts]
 * @property {(ciphertexts: Buffer[], request: number) => void} [ciphertexts] before the digest of them is made
 * @property {(header: any, request: number) => void} [header]
 * @property {(body: Buffer, headerLength: number, request: number) => Buffer} [body]
 *
 * @typedef {{status: number, code: string}} Refusal
 *
 * @typedef {object} Asked
 * @property {string} path
 * @property {string} headers those that the client chooses
 * @property {Buffer} body
 * @property {any} header of the body
 * @property {Buffer} raw what follows it
 *
 * @typedef {object} Fake
 * @property {string} url
 * @property {Asked[]} asked requests for predictions
 * @property {Change} change
 * @property {Set<string>} known keys of which no proof is needed
 * @property {((asked: Asked) => Refusal | undefined) | undefined} refuse
 */

/**
 * Starts a service that ends with the test.
 *
 * @param {import('node:test').TestContext} t
 * @param {import('../index.js').SecretKey} key
 * @param {Change} [change]
 * @returns {Promise<Fake>}
 */
export async function fakeService(t, key, change = {}) {
  /** @type {Fake} */
  const fake = { url: '', asked: [], change, known: new Set(), refuse: undefined };
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    if (request.method === 'GET') return void response.end(CARD);
    const body = Buffer.concat(parts);
    const headerLength = Number(request.headers['inference-header-content-length']);
    const asked = {
      path: request.url ?? '',
      headers: JSON.stringify([request.headers['content-type'], headerLength, body.length]),
      body,
      header: JSON.parse(body.subarray(0, headerLength).toString()),
      raw: body.subarray(headerLength),
    };
    fake.asked.push(asked);
    const refusal = fake.refuse?.(asked) ?? judge(asked, fake.known);
    if (refusal) return void response.writeHead(refusal.status).end(JSON.stringify({ error: 'not so', code: refusal.code }));
    const answer = await answerTo(asked, key, fake.change, fake.asked.length - 1);
    response.writeHead(200, { 'inference-header-content-length': String(answer.headerLength) }).end(answer.body);
  });
  fake.url = await listen(t, server);
  return fake;
}

/** Whether a key is known or proved. @param {Asked} asked @param {Set<string>} known @returns {Refusal | undefined} */
function judge({ header: { parameters } }, known) {
  const { public_key, key_proof } = parameters;
  if (known.has(public_key)) return undefined;
  if (key_proof === undefined) return { status: 428, code: 'key_proof_needed' };
  if (!isKeyProof(bigintFromBytes(bytesFromBase64url(public_key)), key_proof)) return { status: 400, code: 'invalid_key_proof' };
  known.add(public_key);
}

/** @param {Asked} asked @param {import('../index.js').SecretKey} key @param {Change} change @param {number} number */
async function answerTo({ header, raw, body: request }, key, change, number) {
  const { parameters, inputs: [{ shape: [rows, columns] }] } = header;
  const width = raw.readUInt32LE(0);
  const ciphertexts = Array.from({ length: rows * columns }, (_, i) => bigintFromBytes(raw.subarray(i * (4 + width) + 4, (i + 1) * (4 + width))));
  const inputs = await key.decryptMany(ciphertexts);
  const sums = Array.from({ length: rows }, (_, r) => WEIGHTS.map((row) => row.reduce((sum, w, i) => sum + BigInt(w) * inputs[r * columns + i], 0n)));
  const isRecords = parameters.layout === 'records';
  const slot = (/** @type {number} */ i) => 1n << BigInt(SLOT_BITS * i);
  const offset = (/** @type {number} */ slots) => Array.from({ length: slots }, (_, i) => slot(i) << BigInt(SLOT_BITS - 1)).reduce((a, b) => a + b, 0n);
  const m = parameters.scores_per_answer ?? 1;
  const plaintexts = sums.map((row, r) => {
    if (isRecords) return row.map((sum) => sum + offset(Math.min(parameters.records - r * RECORDS_PER_REQUEST, RECORDS_PER_REQUEST)));
    return Array.from({ length: Math.ceil(row.length / m) }, (_, a) => row.slice(a * m, (a + 1) * m).reduce((sum, score, i) => sum + score * slot(i), offset(m)));
  });
  change.plaintexts?.(plaintexts, number);
  const scores = (await key.encryptMany(plaintexts.flat())).map((c) => Buffer.from(bytesFromBigint(c, width)));
  change.ciphertexts?.(scores, number);
  const elements = scores.flatMap((score) => [lengthOf(score), score]);
  const answer = {
    model_name: 'small',
    model_version: '1',
    id: header.id,
    parameters: {
      key_fingerprint: await key.fingerprint(),
      layout: parameters.layout,
      scores_per_answer: parameters.scores_per_answer,
      records: parameters.records,
      card_digest: digestOf(CARD),
      request_digest: digestOf(request),
      scores_digest: digestOf(Buffer.concat(scores)),
    },
    outputs: [{ name: 'scores', shape: [rows, plaintexts[0].length], datatype: 'BYTES', parameters: { binary_data_size: Buffer.concat(elements).length } }],
  };
  change.header?.(answer, number);
  const head = Buffer.from(JSON.stringify(answer));
  const body = Buffer.concat([head, ...elements]);
  return { headerLength: head.length, body: change.body?.(body, head.length, number) ?? body };
}

/** @param {Buffer} element */
function lengthOf({ length }) {
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32LE(length);
  return prefix;
}
