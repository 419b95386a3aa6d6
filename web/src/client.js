/**
 * A service at a URL, from records to predictions.
 */

import { Card, MAX_CARD_BYTES } from './card.js';
import { Meter } from './conversation.js';
import { encodeRecords } from './encode-records.js';
import { Encoder } from './encoder.js';
import { VeilcastError } from './error.js';
import { KeyedRuns } from './keyed-runs.js';
import { incomplete } from './outcome.js';
import { SealedModels } from './sealed-models.js';
import { listOf, object, text } from './shape.js';
import { Transport } from './transport.js';

/** Largest list of models accepted, in bytes. */
const MAX_LIST_BYTES = 1 << 20;

/**
 * @typedef {import('./record-numbers.js').RawRecord} RawRecord
 * @typedef {import('./outcome.js').Outcome} Outcome
 * @typedef {import('./outcome.js').Predictions} Predictions
 * @typedef {import('./outcome.js').RecordPrediction} RecordPrediction
 * @typedef {PredictOptions & {key: OwnerKey}} Keyed
 *
 * @typedef {import('./transport.js').TransportOptions & import('./paillier.js').KeyPolicy} ClientOptions
 *
 * @typedef {object} OwnerKey a `SecretKey` or a `WorkerKey`
 * @property {bigint} n
 * @property {number} bits
 * @property {Uint8Array} modulus
 * @property {() => Promise<string>} fingerprint
 * @property {() => string | Promise<string>} keyProof
 * @property {import('./paillier.js').SecretKey['prepare']} prepare
 * @property {import('./paillier.js').SecretKey['encryptMany']} encryptMany
 * @property {import('./paillier.js').SecretKey['decryptEach']} decryptEach
 *
 * @typedef {{step: 'card', card: Card}
 *   | {step: 'public', done: number, total: number, time: number}
 *   | {step: 'encode' | 'encrypt' | 'decrypt', done: number, total: number}
 *   | {step: 'send', headerLength: number, request: Uint8Array}
 *   | {step: 'retry', pause: number}
 *   | {step: 'receive', answer: Uint8Array}} Progress what is happening: the card; records that went through a hybrid model's public part, here, and
 *   milliseconds that this took, with preprocessing and rounding; records turned into integers; ciphertexts encrypted or decrypted;
 *   the actual request; milliseconds until another try; the actual answer
 *
 * @typedef {object} PredictOptions
 * @property {OwnerKey} [key] needed by all ways but `sealed`
 * @property {(progress: Progress) => void} [onProgress]
 * @property {AbortSignal} [signal] ends it, which then throws the signal's reason
 * @property {import('./layout.js').Layout} [layout] instead of the one that `chooseArrangement` finds; no vouchers are used then
 * @property {import('./card-types.js').Way} [way] the only one to be used; else `sealed` if there is no key, or nothing else is
 *   offered; vouchers if there are enough for all records; and `direct` otherwise
 */

/** A Veilcast service. */
export class Client {
  #transport;
  /** @type {Map<string, Card>} */
  #cards = new Map();
  /** @type {Map<string, Encoder>} */
  #encoders = new Map();
  /** Models whose public part was not the one that their card names. @type {Set<string>} */
  #doubted = new Set();
  #keyed;
  #sealed;

  /**
   * @param {string} url of the service; on a page also a path on its own origin
   * @param {ClientOptions} [options]
   * @throws {VeilcastError} `bad_url`, `bad_token`, `bad_header`, `token_in_clear`
   */
  constructor(url, options = {}) {
    this.#transport = new Transport(url, options);
    this.#keyed = new KeyedRuns(this.#transport);
    this.#sealed = new SealedModels(this.#transport, options);
  }

  /**
   * The names of the models that the service has.
   *
   * @param {Pick<PredictOptions, 'signal' | 'onProgress'>} [options]
   * @returns {Promise<string[]>}
   */
  async models({ signal, onProgress } = {}) {
    const { body } = await this.#transport.call('v2/models', { signal, onRetry: tellingOf(onProgress), limit: MAX_LIST_BYTES });
    try {
      const { models } = object(JSON.parse(new TextDecoder().decode(body)), 'answer');
      listOf(text)(models, 'models');
      return /** @type {string[]} */ (models);
    } catch {
      throw new VeilcastError('not_veilcast', `${this.#transport.url.href} does not list its models like a Veilcast service`);
    }
  }

  /**
   * A model's public card, which is fetched once.
   *
   * @param {string} model
   * @param {Pick<PredictOptions, 'signal' | 'onProgress'>} [options]
   * @returns {Promise<Card>}
   */
  async card(model, { signal, onProgress } = {}) {
    const known = this.#cards.get(model);
    if (known) return known;
    const { body } = await this.#transport.call(`${path(model)}/card`, { signal, onRetry: tellingOf(onProgress), limit: MAX_CARD_BYTES });
    const card = await Card.parse(body);
    this.#cards.set(model, card);
    return card;
  }

  /**
   * The encoder that turns records into a model's integers, for a hybrid model with its public part, which is
   * fetched once.
   *
   * @param {string} model
   * @param {Pick<PredictOptions, 'signal' | 'onProgress'>} [options]
   * @returns {Promise<Encoder>}
   * @throws {VeilcastError} also as {@link Encoder.of}
   */
  async encoder(model, { signal, onProgress } = {}) {
    const card = await this.card(model, { signal, onProgress });
    const known = this.#encoders.get(model);
    if (known?.card === card) return known;
    const part = card.fields.public_part;
    try {
      const encoder = await Encoder.of(card, part && (await this.#publicPart(model, part.bytes, { signal, onProgress })));
      this.#encoders.set(model, encoder);
      return encoder;
    } catch (error) {
      if (error instanceof VeilcastError && error.code === 'other_public_part') {
        // Perhaps the model was replaced after its card was fetched: the next call gets the new one.
        this.#cards.delete(model);
        this.#doubted.add(model);
      }
      throw error;
    }
  }

  /** @param {string} model @param {number} bytes that the card promises @param {Pick<PredictOptions, 'signal' | 'onProgress'>} options */
  async #publicPart(model, bytes, { signal, onProgress }) {
    const onRetry = tellingOf(onProgress);
    // A browser may have cached the wrong file.
    const cache = this.#doubted.delete(model) ? 'reload' : 'default';
    try {
      return (await this.#transport.call(`${path(model)}/public.onnx`, { signal, onRetry, cache, limit: bytes })).body;
    } catch (error) {
      if (!(error instanceof VeilcastError && error.code === 'answer_too_large')) throw error;
      throw new VeilcastError('other_public_part', `the model's public part is not the one that its card names: it has more than ${bytes} bytes`);
    }
  }

  /**
   * Fetches the encrypted weights of a model that is offered sealed, and checks them, in a thread of its own: done once, and by a
   * prediction that finds it undone.
   *
   * @param {string} model
   * @param {Pick<PredictOptions, 'signal' | 'onProgress'>} [options]
   * @throws {VeilcastError} `layout_not_allowed` if the model isn't offered sealed or its key has no room; `other_sealed_model` if the
   *   file is not the one that the card names; `bad_sealed_model` if its key or its weights could betray records
   */
  async openSealed(model, options = {}) {
    const card = await this.card(model, options);
    await this.#withSealed(model, () => this.#sealed.open(path(model), card, options));
  }

  /**
   * Does something with a sealed model, which it may open.
   *
   * @template T
   * @param {string} model
   * @param {() => Promise<T>} work
   */
  async #withSealed(model, work) {
    try {
      return await work();
    } catch (error) {
      // Perhaps the model was replaced after its card was fetched: the next call gets the new one.
      if (error instanceof VeilcastError && error.code === 'other_sealed_model') this.#cards.delete(model);
      throw error;
    }
  }

  /**
   * Makes randomisers ahead of time for a model that is offered sealed: each ciphertext takes one, and with it costs a fraction
   * of the time.
   *
   * @param {string} model
   * @param {Pick<PredictOptions, 'signal' | 'onProgress'> & {count?: number}} [options] how many there are to be, at least
   * @returns {Promise<number>} how many there are now
   * @throws {VeilcastError} as {@link Client.openSealed}
   */
  async fillRandomizers(model, options = {}) {
    const { count = 1 } = options;
    if (!Number.isInteger(count) || count < 1) throw new RangeError('the number of randomisers is a whole one from 1');
    const card = await this.card(model, options);
    return this.#withSealed(model, () => this.#sealed.fill(path(model), card, count, options));
  }

  /** Randomisers that are ready for a model that is offered sealed: each ciphertext takes one. @param {string} model */
  randomizers(model) {
    return this.#sealed.randomizers(path(model), this.#cards.get(model));
  }

  /** Ends the threads of sealed models, which are opened again when they are needed. */
  close() {
    this.#sealed.close();
  }

  /**
   * Does ahead of time the work of encrypting a number of records, for instance while a person draws one; for a sealed model it
   * makes randomisers.
   *
   * @param {string} model
   * @param {Pick<PredictOptions, 'key' | 'signal' | 'way'> & {records?: number}} options
   */
  async prepare(model, options) {
    const { signal, records = 1 } = options;
    const { card } = await this.encoder(model, { signal });
    if (isSealed(card, options)) await this.#withSealed(model, () => this.#sealed.prepare(path(model), card, records, { signal }));
    else await this.#keyed.prepare(card, records, options);
  }

  /**
   * Makes vouchers ahead of time: each lets one prediction do without ciphertexts, so that it takes a round trip and hardly more.
   *
   * They are kept in memory until a prediction uses them, each once. A row of them takes the same ciphertexts however many of
   * it are wanted, so full rows are made. Those of a network with hidden layers also take some each, so that a few are there
   * sooner: with `isExact` no more are made than `count`.
   *
   * @param {string} model
   * @param {Pick<Keyed, 'key' | 'signal' | 'onProgress'> & {count?: number, isExact?: boolean}} options how many, at least
   * @returns {Promise<number>} how many there are now
   * @throws {VeilcastError} `layout_not_allowed` if the model's owner offers none, or the key has no room for them; `voucher_outdated`
   *   if the service changed its secret while those of a network were made
   */
  async fillVouchers(model, options) {
    const { count = 1, isExact = false } = options;
    if (!Number.isInteger(count) || count < 1) throw new RangeError('the number of vouchers is a whole one from 1');
    try {
      return await this.#keyed.fill(path(model), await this.card(model, options), count, isExact, options);
    } catch (error) {
      if (!(error instanceof VeilcastError && error.code === 'wrong_card_digest')) throw error;
      this.#forget(model);
      return this.#keyed.fill(path(model), await this.card(model, options), count, isExact, options);
    }
  }

  /**
   * How many vouchers there are for a model and a key.
   *
   * @param {string} model
   * @param {Pick<Keyed, 'key'>} options
   */
  vouchers(model, options) {
    return this.#keyed.vouchers(this.#cards.get(model), options);
  }

  /** Forgets all vouchers. */
  dropVouchers() {
    this.#keyed.drop();
  }

  /**
   * The predictions of records, which leave this machine only in encrypted form, or masked.
   *
   * Any number of records is accepted, and sent in requests of bounded size. If the model was replaced in
   * the meantime, its new card is used and everything is done again, once, unless it takes other cells.
   *
   * All requests are sent, whatever the answers hold. If there are records whose answer can't be right, one error
   * says so at the end, with all predictions: in its `predictions` those records are marked.
   *
   * @param {string} model
   * @param {readonly RawRecord[]} records each the pixels, numbers or cells of one, in the card's order
   * @param {PredictOptions} options
   * @returns {Promise<Predictions>}
   * @throws {VeilcastError} its code says whose fault it is
   */
  async predict(model, records, options) {
    const known = this.#cards.get(model);
    try {
      return await this.#predict(model, records, options);
    } catch (error) {
      const isReplaced = error instanceof VeilcastError && ['wrong_card_digest', 'other_public_part', 'other_sealed_model'].includes(error.code);
      if (!isReplaced) throw error;
      this.#forget(model);
      // Cells in another order would mean something else.
      if (!known || cellsOf(known) !== cellsOf(await this.card(model, options))) throw error;
      return this.#predict(model, records, options);
    }
  }

  /** @param {string} model @param {readonly RawRecord[]} records @param {PredictOptions} options @returns {Promise<Predictions>} */
  async #predict(model, records, options) {
    if (records.length === 0) throw new VeilcastError('no_records', 'there are no records to predict');
    const encoder = await this.encoder(model, options);
    const { card } = encoder;
    options.onProgress?.({ step: 'card', card });
    const predict = isSealed(card, options)
      ? await this.#withSealed(model, () => this.#sealed.run(path(model), card, options))
      : this.#keyed.run(path(model), card, records.length, options);
    const start = performance.now();
    const quantized = await encodeRecords(encoder, records, options);
    const encode = performance.now() - start;
    const meter = new Meter();
    /** @type {Outcome[]} */
    const predictions = [];
    const { way, layout } = await predict(quantized, meter, predictions);
    const { requests, bytesUp, bytesDown, times } = meter;
    /** @type {import('./outcome.js').PartialPredictions} */
    const run = { predictions, card, way, layout, requests, bytesUp, bytesDown, times: { encode, ...times } };
    const error = incomplete(predictions, run);
    if (error) throw error;
    return /** @type {Predictions} */ (run);
  }

  /** Forgets a model's card, which may have been replaced, the vouchers for it, and its sealed weights. @param {string} model */
  #forget(model) {
    const digest = this.#cards.get(model)?.digest;
    this.#cards.delete(model);
    if (digest) this.#keyed.drop(digest);
    this.#sealed.forget(path(model));
  }
}

/** Whether a sealed model is to be used. @param {Card} card @param {Pick<PredictOptions, 'key' | 'way'>} options */
function isSealed({ ways }, { key, way }) {
  return way === 'sealed' || (way === undefined && ways.includes('sealed') && (!key || ways.length === 1));
}

/** What tells of another try. @param {PredictOptions['onProgress']} onProgress @returns {(pause: number) => void} */
const tellingOf = (onProgress) => (pause) => onProgress?.({ step: 'retry', pause });

/** What the cells of a record are. @param {Card} card */
const cellsOf = ({ fields: { input } }) => JSON.stringify([input.kind, input.shape, input.features]);

/** @param {string} model */
const path = (model) => `v2/models/${encodeURIComponent(model)}`;
