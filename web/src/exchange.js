/**
 * Requests to a model under a key, one after the other, and the results of their answers.
 *
 * Nothing that is sent depends on what was decrypted: what can't be right is marked, and the next request is sent all
 * the same.
 */

import { bigintFromBytes, bytesFromBigint, hexFromBytes } from './bigint.js';
import { VeilcastError } from './error.js';
import { HEADER_LENGTH, MAX_HEADER_BYTES, MEDIA_BINARY } from './framing.js';
import { decodeAnswer, encodeRequest } from './messages.js';
import { marked } from './outcome.js';
import { sha256 } from './webcrypto.js';

/**
 * @typedef {import('./card.js').Card} Card
 * @typedef {import('./card.js').Prediction} Prediction
 * @typedef {import('./layout.js').Arrangement} Arrangement
 * @typedef {import('./messages.js').Request} Request
 * @typedef {import('./outcome.js').Mark} Mark
 * @typedef {import('./transport.js').Transport} Transport
 * @typedef {{headerLength: number, body: Uint8Array<ArrayBuffer>}} Message
 */

const ID_BYTES = 16;

export class Exchange {
  requests = 0;
  bytesUp = 0;
  bytesDown = 0;
  times = { encrypt: 0, exchange: 0, decrypt: 0 };

  /**
   * @param {Transport} transport
   * @param {string} path of the model
   * @param {Card} card
   * @param {Arrangement} arrangement
   * @param {Pick<import('./client.js').PredictOptions, 'key' | 'onProgress' | 'signal'>} options
   * @param {Set<bigint>} accepted the keys, by n, that the service accepted: requests under them need no proof
   */
  constructor(transport, path, card, arrangement, { key, onProgress, signal }, accepted) {
    this.transport = transport;
    this.path = path;
    this.card = card;
    this.arrangement = arrangement;
    this.key = key;
    this.modulus = key.modulus;
    /** Bytes of a ciphertext. */
    this.width = 2 * this.modulus.length;
    this.onProgress = onProgress;
    this.signal = signal;
    this.accepted = accepted;
  }

  /**
   * The predictions of quantised records, or marks where the answer can't be right.
   *
   * @param {readonly (readonly number[])[]} records
   * @returns {Promise<(Prediction | {failed: Mark})[]>}
   * @throws {VeilcastError} if the service returns no answer
   */
  async predict(records) {
    const request = await this.#timed('encrypt', () => this.#encrypt(records));
    try {
      const { id, body, headers, answer } = await this.#timed('exchange', () => this.#ask(request));
      this.onProgress?.({ step: 'receive', answer });
      this.bytesDown += answer.length;
      const sent = { id, digest: await digestOf(body), records: records.length };
      return await this.#timed('decrypt', () => this.#decrypt(answer, Number(headers.get(HEADER_LENGTH) ?? NaN), sent));
    } catch (error) {
      return Array(records.length).fill(marked(error));
    }
  }

  /** @param {readonly (readonly number[])[]} records @returns {Promise<Request>} */
  async #encrypt(records) {
    const plaintexts = this.arrangement.plaintexts(records);
    const ciphertexts = await this.key.encryptMany(plaintexts.flat(), this.#work('encrypt'));
    return {
      publicKey: this.modulus,
      layout: this.arrangement.layout,
      records: records.length,
      cardDigest: this.card.digest,
      ciphertexts: rows(ciphertexts.map((c) => bytesFromBigint(c, this.width)), plaintexts.length),
    };
  }

  /**
   * The answer to a request, which carries the key's proof if the service doesn't know the key: as far as this client knows,
   * and then, once, as the service says itself.
   *
   * @param {Request} request
   */
  async #ask(request) {
    const { n } = this.key;
    const isKnown = this.accepted.has(n);
    let answer;
    try {
      answer = await this.#send(request, !isKnown);
    } catch (error) {
      if (!isKnown || !(error instanceof VeilcastError) || error.code !== 'key_proof_needed') throw error;
      this.accepted.delete(n);
      answer = await this.#send(request, true);
    }
    this.accepted.add(n);
    return answer;
  }

  /** @param {Request} request @param {boolean} isProved whether it carries the key's proof */
  async #send(request, isProved) {
    const id = hexFromBytes(crypto.getRandomValues(new Uint8Array(ID_BYTES)));
    const keyProof = isProved ? await this.key.keyProof() : undefined;
    const { body, headerLength } = encodeRequest({ ...request, id, keyProof });
    this.onProgress?.({ step: 'send', headerLength, request: body });
    this.requests += 1;
    this.bytesUp += body.length;
    const { headers, body: answer } = await this.transport.call(`${this.path}/infer`, {
      method: 'POST',
      headers: { 'content-type': MEDIA_BINARY, [HEADER_LENGTH]: String(headerLength) },
      body,
      signal: this.signal,
      onRetry: (pause) => this.onProgress?.({ step: 'retry', pause }),
      limit: MAX_HEADER_BYTES + request.ciphertexts.length * this.arrangement.answers * (4 + this.width),
    });
    return { id, body, headers, answer };
  }

  /** @param {Uint8Array} body @param {number} headerLength @param {{id: string, digest: string, records: number}} sent */
  async #decrypt(body, headerLength, sent) {
    const expected = { rows: this.arrangement.rows(sent.records), columns: this.arrangement.answers, width: this.width };
    const answer = decodeAnswer(body, headerLength, expected);
    await this.#check(answer, sent);
    const plaintexts = await this.key.decryptEach(answer.scores.flat().map(bigintFromBytes), this.#work('decrypt'));
    return rows(plaintexts, expected.rows).flatMap((row, i) => this.#predictions(row, this.arrangement.recordsIn(i, sent.records)));
  }

  /** The predictions of a row's records. @param {readonly (bigint | undefined)[]} row @param {number} records */
  #predictions(row, records) {
    try {
      const plaintexts = row.map((plaintext) => {
        if (plaintext !== undefined) return plaintext;
        throw new VeilcastError('bad_ciphertext', 'a ciphertext of the answer could not be decrypted: it is damaged, or not made for this key');
      });
      return this.arrangement.scores([plaintexts], records).map((scores) => this.#prediction(scores));
    } catch (error) {
      return Array(records).fill(marked(error));
    }
  }

  /** @param {readonly bigint[]} scores */
  #prediction(scores) {
    try {
      return this.card.predict(scores);
    } catch (error) {
      return marked(error);
    }
  }

  /** Whether an answer belongs to a request, and is as it was sent. @param {import('./messages.js').Answer} answer @param {{id: string, digest: string, records: number}} sent */
  async #check({ layout, ...answer }, { id, digest, records }) {
    const { name, featuresPerCiphertext, scoresPerAnswer } = this.arrangement.layout;
    const other =
      (answer.cardDigest !== this.card.digest && 'another card') ||
      (answer.keyFingerprint !== (await this.key.fingerprint()) && 'another key') ||
      ((answer.id !== id ||
        answer.requestDigest !== digest ||
        answer.records !== records ||
        layout.name !== name ||
        layout.featuresPerCiphertext !== featuresPerCiphertext ||
        layout.scoresPerAnswer !== scoresPerAnswer) &&
        'another request');
    if (other) throw new VeilcastError('other_answer', `the answer was made for ${other}`);
    if (answer.scoresDigest !== (await digestOf(joined(answer.scores.flat())))) {
      throw new VeilcastError('bad_answer', 'the answer was damaged in transit: its scores do not have the digest that it states');
    }
  }

  /** @param {'encrypt' | 'decrypt'} step */
  #work(step) {
    const onProgress = (/** @type {number} */ done, /** @type {number} */ total) => this.onProgress?.({ step, done, total });
    return { onProgress, signal: this.signal };
  }

  /**
   * @template T
   * @param {keyof Exchange['times']} what
   * @param {() => Promise<T>} work
   */
  async #timed(what, work) {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.times[what] += performance.now() - start;
    }
  }
}

/** A digest as messages name it. @param {Uint8Array<ArrayBuffer>} bytes */
const digestOf = async (bytes) => `sha256:${await sha256(bytes)}`;

/** @param {readonly Uint8Array[]} parts */
function joined(parts) {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * A list in this many rows.
 *
 * @template T
 * @param {readonly T[]} list
 * @param {number} count
 */
const rows = (list, count) =>
  Array.from({ length: count }, (_, i) => list.slice((i * list.length) / count, ((i + 1) * list.length) / count));
