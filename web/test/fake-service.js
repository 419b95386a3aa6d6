/**
 * A service for tests of the client alone. It has a small model, and the secret key, which no real service has: so it can
 * answer with what it likes.
 */

import { createServer } from 'node:http';
import { isKeyProof } from '../index.js';
import { bigintFromBytes, bytesFromBase64url, bytesFromBigint } from '../src/bigint.js';
import { maskedScores, voucherAnswers } from './fake-vouchers.js';
import { digestOf, framed, opened, withLengths } from './framed.js';
import { listen } from './listen.js';
import { SLOT_BITS, WEIGHTS } from './small-model.js';

/** Requests have at most two records, so that a few records take several. */
export const RECORDS_PER_REQUEST = 2;

/** No score of the model is larger. */
const LARGEST_SCORES = [60, 150];

/** The model's card, with other fields. @param {object} [fields] */
export const cardWith = (fields = {}) =>
  Buffer.from(
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
      ...fields,
    }),
  );

export const CARD = cardWith();

/** The model's scores of a record. @param {readonly number[]} record */
export const scoresOf = (record) => WEIGHTS.map((row) => row.reduce((sum, w, i) => sum + w * record[i], 0));

/**
 * What is changed of the answer to a request, the first one being 0: its plaintexts, its ciphertexts, its header, its bytes.
 *
 * @typedef {object} Change
 * @property {(plaintexts: bigint[][], request: number) => void} [plaintexts]
 * @property {(ciphertexts: Buffer[], request: number) => void} [ciphertexts] before the digest of them is made
 * @property {(header: any, request: number) => void} [header]
 * @property {(body: Buffer, headerLength: number, request: number) => Buffer} [body]
 * @property {(scores: number[][], request: number) => void} [masked] of an answer to masked records
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
 * @property {Buffer} card
 * @property {string} secret of vouchers, by its id
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
  const fake = { url: '', asked: [], change, card: CARD, secret: '0123456789abcdef', known: new Set(), refuse: undefined };
  const server = createServer(async (request, response) => {
    if (request.method === 'GET') return void response.end(fake.card);
    const { body, headerLength, header, raw } = await framed(request);
    const headers = JSON.stringify([request.headers['content-type'], headerLength, body.length]);
    const asked = { path: request.url ?? '', headers, body, header, raw };
    fake.asked.push(asked);
    const refusal = fake.refuse?.(asked) ?? judge(asked, fake);
    if (refusal) return void response.writeHead(refusal.status).end(JSON.stringify({ error: 'not so', code: refusal.code }));
    const answer = await (isMasked(asked) ? maskedAnswerTo(asked, fake) : answerTo(asked, key, fake));
    response.writeHead(200, { 'inference-header-content-length': String(answer.headerLength) }).end(answer.body);
  });
  fake.url = await listen(t, server);
  return fake;
}

/** Whether records are masked by vouchers. @param {Asked} asked */
export const isMasked = ({ header }) => header.inputs[0].name === 'masked_records';

/** Whether vouchers are asked for. @param {Asked} asked */
export const isFill = ({ header }) => header.parameters.layout === 'vouchers';

/** Whether a key is known or proved, and vouchers are good. @param {Asked} asked @param {Fake} fake @returns {Refusal | undefined} */
function judge(asked, { known, secret, card }) {
  const { card_digest, voucher_secret, public_key, key_proof } = asked.header.parameters;
  if (card_digest !== digestOf(card)) return { status: 409, code: 'wrong_card_digest' };
  if (isMasked(asked)) return voucher_secret === secret ? undefined : { status: 409, code: 'voucher_outdated' };
  if (known.has(public_key)) return undefined;
  if (key_proof === undefined) return { status: 428, code: 'key_proof_needed' };
  if (!isKeyProof(bigintFromBytes(bytesFromBase64url(public_key)), key_proof)) return { status: 400, code: 'invalid_key_proof' };
  known.add(public_key);
}

/** @param {Asked} asked @param {import('../index.js').SecretKey} key @param {Fake} fake */
async function answerTo({ header, raw, body: request }, key, { change, card, secret, asked }) {
  const number = asked.length - 1;
  const { parameters } = header;
  const { rows, columns, width, plaintexts: inputs } = await opened({ header, raw }, key);
  const sums = Array.from({ length: rows }, (_, r) => WEIGHTS.map((row) => row.reduce((sum, w, i) => sum + BigInt(w) * inputs[r * columns + i], 0n)));
  const vouchers = parameters.layout === 'vouchers' ? voucherAnswers(sums, parameters.records, secret) : undefined;
  const isRecords = parameters.layout === 'records';
  const slot = (/** @type {number} */ i) => 1n << BigInt(SLOT_BITS * i);
  const offset = (/** @type {number} */ slots) => Array.from({ length: slots }, (_, i) => slot(i) << BigInt(SLOT_BITS - 1)).reduce((a, b) => a + b, 0n);
  const m = parameters.scores_per_answer ?? 1;
  const plaintexts =
    vouchers?.plaintexts ??
    sums.map((row, r) => {
      if (isRecords) return row.map((sum) => sum + offset(Math.min(parameters.records - r * RECORDS_PER_REQUEST, RECORDS_PER_REQUEST)));
      return Array.from({ length: Math.ceil(row.length / m) }, (_, a) =>
        row.slice(a * m, (a + 1) * m).reduce((sum, score, i) => sum + score * slot(i), offset(m)),
      );
    });
  change.plaintexts?.(plaintexts, number);
  const scores = (await key.encryptMany(plaintexts.flat())).map((c) => Buffer.from(bytesFromBigint(c, width)));
  change.ciphertexts?.(scores, number);
  const elements = withLengths(scores);
  const answer = {
    model_name: 'small',
    model_version: '1',
    id: header.id,
    parameters: {
      key_fingerprint: await key.fingerprint(),
      layout: parameters.layout,
      scores_per_answer: parameters.scores_per_answer,
      records: parameters.records,
      voucher_batch: vouchers?.batch,
      voucher_secret: vouchers && secret,
      card_digest: digestOf(card),
      request_digest: digestOf(request),
      scores_digest: digestOf(Buffer.concat(scores)),
    },
    outputs: [{ name: 'scores', shape: [rows, plaintexts[0].length], datatype: 'BYTES', parameters: { binary_data_size: elements.length } }],
  };
  return changed(answer, elements, change, number);
}

/** @param {Asked} asked @param {Fake} fake */
function maskedAnswerTo({ header, raw, body: request }, { change, card, asked }) {
  const masked = maskedScores(header, raw);
  change.masked?.(masked, asked.length - 1);
  const scores = Buffer.from(Uint16Array.from(masked.flat()).buffer);
  const answer = {
    model_name: 'small',
    model_version: '1',
    id: header.id,
    parameters: { card_digest: digestOf(card), request_digest: digestOf(request), scores_digest: digestOf(scores) },
    outputs: [{ name: 'masked_scores', shape: [masked.length, WEIGHTS.length], datatype: 'UINT16', parameters: { binary_data_size: scores.length } }],
  };
  return changed(answer, scores, change, asked.length - 1);
}

/** An answer, changed. @param {object} header @param {Buffer} data @param {Change} change @param {number} number */
function changed(header, data, change, number) {
  change.header?.(header, number);
  const head = Buffer.from(JSON.stringify(header));
  const body = Buffer.concat([head, data]);
  return { headerLength: head.length, body: change.body?.(body, head.length, number) ?? body };
}
