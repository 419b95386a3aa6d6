/**
 * Requests to a model, one after the other: what those of all kinds have in common.
 *
 * Nothing that is sent depends on what was decrypted: what can't be right is marked, and the next request is sent all
 * the same.
 */

import { hexFromBytes } from './bigint.js';
import { VeilcastError } from './error.js';
import { HEADER_LENGTH, MEDIA_BINARY } from './framing.js';
import { marked } from './outcome.js';
import { sha256 } from './webcrypto.js';

/**
 * @typedef {import('./card.js').Card} Card
 * @typedef {import('./card.js').Prediction} Prediction
 * @typedef {import('./framing.js').About} About
 * @typedef {import('./outcome.js').Mark} Mark
 * @typedef {import('./transport.js').Transport} Transport
 *
 * @typedef {Pick<import('./client.js').PredictOptions, 'onProgress' | 'signal'>} Watched
 * @typedef {Watched & {key: import('./client.js').OwnerKey}} Keyed
 *
 * @typedef {object} Exchanged a request, and its answer as it came
 * @property {string} id
 * @property {Uint8Array<ArrayBuffer>} request
 * @property {Uint8Array<ArrayBuffer>} answer
 * @property {number} headerLength of the answer, as the service says: anything
 */

const ID_BYTES = 16;

/** What a run took. */
export class Meter {
  requests = 0;
  bytesUp = 0;
  bytesDown = 0;
  times = { encrypt: 0, exchange: 0, decrypt: 0 };

  /**
   * @template T
   * @param {keyof Meter['times']} what
   * @param {() => T | Promise<T>} work
   */
  async timed(what, work) {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.times[what] += performance.now() - start;
    }
  }
}

export class Conversation {
  /**
   * @param {Transport} transport
   * @param {string} path of the model
   * @param {Card} card
   * @param {Watched} options
   * @param {Meter} meter
   */
  constructor(transport, path, card, { onProgress, signal }, meter) {
    this.transport = transport;
    this.path = path;
    this.card = card;
    this.onProgress = onProgress;
    this.signal = signal;
    this.meter = meter;
  }

  /**
   * Sends a request with a fresh id.
   *
   * @param {(id: string) => {headerLength: number, body: Uint8Array<ArrayBuffer>}} encode
   * @param {number} limit the bytes that the answer may have
   * @returns {Promise<Exchanged>}
   */
  async send(encode, limit) {
    const id = hexFromBytes(crypto.getRandomValues(new Uint8Array(ID_BYTES)));
    const { body, headerLength } = encode(id);
    this.onProgress?.({ step: 'send', headerLength, request: body });
    this.meter.requests += 1;
    this.meter.bytesUp += body.length;
    const { headers, body: answer } = await this.transport.call(`${this.path}/infer`, {
      method: 'POST',
      headers: { 'content-type': MEDIA_BINARY, [HEADER_LENGTH]: String(headerLength) },
      body,
      signal: this.signal,
      onRetry: (pause) => this.onProgress?.({ step: 'retry', pause }),
      limit,
    });
    return { id, request: body, answer, headerLength: Number(headers.get(HEADER_LENGTH) ?? NaN) };
  }

  /**
   * The predictions in an answer, or marks where it can't be right.
   *
   * @param {number} records
   * @param {() => Promise<Exchanged>} ask
   * @param {(exchanged: Exchanged) => Promise<(Prediction | {failed: Mark})[]>} read
   * @throws {VeilcastError} if the service returns no answer
   */
  outcomes(records, ask, read) {
    return this.marking(records, async () => {
      const exchanged = await this.exchanged(ask);
      return this.meter.timed('decrypt', () => read(exchanged));
    });
  }

  /**
   * The predictions of records, or marks if the work ends with an answer that can't be right.
   *
   * @param {number} records
   * @param {() => Promise<(Prediction | {failed: Mark})[]>} work
   * @throws {VeilcastError} if the service returns no answer
   */
  async marking(records, work) {
    try {
      return await work();
    } catch (error) {
      return Array(records).fill(marked(error));
    }
  }

  /** An answer as it came. @param {() => Promise<Exchanged>} ask */
  async exchanged(ask) {
    const exchanged = await this.meter.timed('exchange', ask);
    this.#received(exchanged);
    return exchanged;
  }

  /** How work for a request reports, and ends. @param {'encrypt' | 'decrypt'} step */
  work(step) {
    const onProgress = (/** @type {number} */ done, /** @type {number} */ total) => this.onProgress?.({ step, done, total });
    return { onProgress, signal: this.signal };
  }

  /** @param {Exchanged} exchanged */
  #received({ answer }) {
    this.onProgress?.({ step: 'receive', answer });
    this.meter.bytesDown += answer.length;
  }

  /**
   * Whether an answer belongs to a request, and is as it was sent.
   *
   * @param {About} about what the answer says of itself
   * @param {Exchanged} exchanged
   * @param {Uint8Array<ArrayBuffer>} scores all of them as bytes
   * @param {{isOtherKey?: boolean, isOther?: boolean}} [found] what else it says that the request doesn't
   */
  async check(about, { id, request }, scores, { isOtherKey = false, isOther = false } = {}) {
    const other =
      (about.cardDigest !== this.card.digest && 'another card') ||
      (isOtherKey && 'another key') ||
      ((isOther || about.id !== id || about.requestDigest !== (await digestOf(request))) && 'another request');
    if (other) throw new VeilcastError('other_answer', `the answer was made for ${other}`);
    if (about.scoresDigest !== (await digestOf(scores))) {
      throw new VeilcastError('bad_answer', 'the answer was damaged in transit: its scores do not have the digest that it states');
    }
  }

  /** @param {readonly bigint[]} scores */
  prediction(scores) {
    try {
      return this.card.predict(scores);
    } catch (error) {
      return marked(error);
    }
  }
}

/** A digest as messages name it. @param {Uint8Array<ArrayBuffer>} bytes */
const digestOf = async (bytes) => `sha256:${await sha256(bytes)}`;
