/**
 * A service at a URL, from records to predictions.
 */

import { Card, MAX_CARD_BYTES } from './card.js';
import { Meter } from './conversation.js';
import { Encoder } from './encoder.js';
import { VeilcastError } from './error.js';
import { Exchange } from './exchange.js';
import { Arrangement, VOUCHERS, chooseArrangement } from './layout.js';
import { MaskedExchange } from './masked-exchange.js';
import { incomplete } from './outcome.js';
import { listOf, object, text } from './shape.js';
import { REQUEST_TOO_LARGE, Transport } from './transport.js';
import { VoucherStore } from './voucher-store.js';

/** Largest list of models accepted, in bytes. */
const MAX_LIST_BYTES = 1 << 20;

/** About how many ciphertexts a request has, whatever the card allows: memory and the time of a call are bounded. */
const REQUEST_CIPHERTEXTS = 1 << 12;

/** About how many masked features a request has. */
const REQUEST_FEATURES = 1 << 20;

/** The service no longer has the secret that vouchers were derived from. */
const VOUCHER_OUTDATED = 'voucher_outdated';

/**
 * @typedef {import('./preprocessing.js').Cell} Cell
 * @typedef {import('./outcome.js').Outcome} Outcome
 * @typedef {import('./outcome.js').Predictions} Predictions
 * @typedef {import('./outcome.js').RecordPrediction} RecordPrediction
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
 * @property {OwnerKey} key
 * @property {(progress: Progress) => void} [onProgress]
 * @property {AbortSignal} [signal] ends it, which then throws the signal's reason
 * @property {import('./layout.js').Layout} [layout] instead of the one that `chooseArrangement` finds; no vouchers are used then
 * @property {import('./card-types.js').Way} [way] the only one to be used; else vouchers if there are enough for all records,
 *   and `direct` otherwise
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
  /** Keys, by n, that the service has accepted: it needs no proof of them. @type {Set<bigint>} */
  #accepted = new Set();
  /** The most ciphertexts that a request may have, since some were refused as too large. */
  #mostCiphertexts = REQUEST_CIPHERTEXTS;
  /** The same of masked features. */
  #mostFeatures = REQUEST_FEATURES;
  #vouchers = new VoucherStore();

  /**
   * @param {string} url of the service; on a page also a path on its own origin
   * @param {import('./transport.js').TransportOptions} [options]
   * @throws {VeilcastError} `bad_url`, `bad_token`, `bad_header`, `token_in_clear`
   */
  constructor(url, options = {}) {
    this.#transport = new Transport(url, options);
  }

  /**
   * The names of the models that the service has.
   *
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<string[]>}
   */
  async models({ signal } = {}) {
    const { body } = await this.#transport.call('v2/models', { signal, limit: MAX_LIST_BYTES });
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
   * @param {{signal?: AbortSignal, onProgress?: PredictOptions['onProgress']}} [options]
   * @returns {Promise<Card>}
   */
  async card(model, { signal, onProgress } = {}) {
    const known = this.#cards.get(model);
    if (known) return known;
    const onRetry = (/** @type {number} */ pause) => onProgress?.({ step: 'retry', pause });
    const { body } = await this.#transport.call(`${path(model)}/card`, { signal, onRetry, limit: MAX_CARD_BYTES });
    const card = await Card.parse(body);
    this.#cards.set(model, card);
    return card;
  }

  /**
   * The encoder that turns records into a model's integers, for a hybrid model with its public part, which is
   * fetched once.
   *
   * @param {string} model
   * @param {{signal?: AbortSignal, onProgress?: PredictOptions['onProgress']}} [options]
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
    const onRetry = (/** @type {number} */ pause) => onProgress?.({ step: 'retry', pause });
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
   * Does ahead of time the work of encrypting a number of records, for instance while a person draws one.
   *
   * @param {string} model
   * @param {Pick<PredictOptions, 'key' | 'signal'> & {records?: number}} options
   */
  async prepare(model, { key, signal, records = 1 }) {
    const { card } = await this.encoder(model, { signal });
    if (!card.ways.includes('direct')) return;
    const arrangement = chooseArrangement(card, key.bits, records);
    await key.prepare(arrangement.rows(records) * arrangement.ciphertexts, { signal });
  }

  /**
   * Makes vouchers ahead of time: each lets one prediction do without ciphertexts, so that it takes a round trip and hardly more.
   *
   * They are kept in memory until a prediction uses them, each once. A row of them takes the same ciphertexts however many of
   * it are wanted, so full rows are made.
   *
   * @param {string} model
   * @param {Pick<PredictOptions, 'key' | 'signal' | 'onProgress'> & {count?: number}} options how many, at least
   * @returns {Promise<number>} how many there are now
   * @throws {VeilcastError} `layout_not_allowed` if the model's owner offers none, or the key has no room for them
   */
  async fillVouchers(model, options) {
    const { count = 1 } = options;
    if (!Number.isInteger(count) || count < 1) throw new RangeError('the number of vouchers is a whole one from 1');
    try {
      return await this.#fill(model, count, options);
    } catch (error) {
      if (!(error instanceof VeilcastError && error.code === 'wrong_card_digest')) throw error;
      this.#forget(model);
      return this.#fill(model, count, options);
    }
  }

  /** @param {string} model @param {number} count @param {Pick<PredictOptions, 'key' | 'signal' | 'onProgress'>} options */
  async #fill(model, count, options) {
    const { key, onProgress, signal } = options;
    const card = await this.card(model, options);
    onProgress?.({ step: 'card', card });
    const arrangement = new Arrangement(card, VOUCHERS, key.bits);
    const exchange = new Exchange(this.#transport, path(model), card, arrangement, options, new Meter(), this.#accepted);
    let missing = arrangement.rows(count) * arrangement.recordsPerRow;
    while (missing > 0) {
      const made = Math.min(missing, arrangement.recordsPerRequest(this.#mostCiphertexts));
      // What is made here is not lost if the rest is cancelled.
      await key.prepare(arrangement.rows(made) * arrangement.ciphertexts, { signal });
      try {
        this.#vouchers.add(await exchange.vouchers(made));
        missing -= made;
      } catch (error) {
        this.#halve(error, arrangement.rows(made), arrangement.ciphertexts);
      }
    }
    return this.#vouchers.count(card.digest, key.n);
  }

  /**
   * How many vouchers there are for a model and a key.
   *
   * @param {string} model
   * @param {Pick<PredictOptions, 'key'>} options
   */
  vouchers(model, { key }) {
    const card = this.#cards.get(model);
    return card ? this.#vouchers.count(card.digest, key.n) : 0;
  }

  /** Forgets all vouchers. */
  dropVouchers() {
    this.#vouchers.drop(() => true);
  }

  /**
   * The predictions of records, which leave this machine only in encrypted form, or masked by vouchers.
   *
   * Any number of records is accepted, and sent in requests of bounded size. If the model was replaced in
   * the meantime, its new card is used and everything is done again, once, unless it takes other cells.
   *
   * All requests are sent, whatever the answers hold. If there are records whose answer can't be right, one error
   * says so at the end, with all predictions: in its `predictions` those records are marked.
   *
   * @param {string} model
   * @param {readonly (readonly Cell[])[]} records each the pixels or cells of one, in the card's order
   * @param {PredictOptions} options
   * @returns {Promise<Predictions>}
   * @throws {VeilcastError} its code says whose fault it is
   */
  async predict(model, records, options) {
    const known = this.#cards.get(model);
    try {
      return await this.#predict(model, records, options);
    } catch (error) {
      const isReplaced = error instanceof VeilcastError && ['wrong_card_digest', 'other_public_part'].includes(error.code);
      if (!isReplaced) throw error;
      this.#forget(model);
      // Cells in another order would mean something else.
      if (!known || cellsOf(known) !== cellsOf(await this.card(model, options))) throw error;
      return this.#predict(model, records, options);
    }
  }

  /** @param {string} model @param {readonly (readonly Cell[])[]} records @param {PredictOptions} options @returns {Promise<Predictions>} */
  async #predict(model, records, options) {
    if (records.length === 0) throw new VeilcastError('no_records', 'there are no records to predict');
    const encoder = await this.encoder(model, options);
    const { card } = encoder;
    options.onProgress?.({ step: 'card', card });
    const isMasked = this.#hasVouchers(card, records.length, options);
    const start = performance.now();
    const quantized = await encoded(encoder, records, options);
    const encode = performance.now() - start;
    const meter = new Meter();
    /** @type {Outcome[]} */
    const predictions = [];
    const masked = isMasked ? await this.#predictMasked(model, card, quantized, options, meter, predictions) : 0;
    const isAll = masked === quantized.length;
    const layout = isAll ? VOUCHERS : await this.#predictDirectly(model, card, quantized, options, meter, predictions);
    const { requests, bytesUp, bytesDown, times } = meter;
    /** @type {import('./outcome.js').PartialPredictions} */
    const run = { predictions, card, way: isAll ? 'vouchers' : 'direct', layout, requests, bytesUp, bytesDown, times: { encode, ...times } };
    const error = incomplete(predictions, run);
    if (error) throw error;
    return /** @type {Predictions} */ (run);
  }

  /**
   * Whether vouchers are to mask this many records.
   *
   * @param {Card} card
   * @param {number} records
   * @param {PredictOptions} options
   * @throws {VeilcastError} `layout_not_allowed` or `no_vouchers`
   */
  #hasVouchers(card, records, { key, layout, way }) {
    if (layout?.name === VOUCHERS.name) throw new VeilcastError('layout_not_allowed', 'records are not encrypted in the layout vouchers, which is for vouchers alone');
    if (way === 'direct' || (layout && way !== 'vouchers')) return false;
    if (way === 'vouchers' && !card.ways.includes('vouchers')) throw new VeilcastError('layout_not_allowed', "the model's owner offers no vouchers");
    const left = this.#vouchers.count(card.digest, key.n);
    if (left < records && isOnlyByVouchers(card, { way })) throw noVouchers(card, left, records);
    return left >= records;
  }

  /**
   * Predicts records as long as there are vouchers.
   *
   * @param {string} model
   * @param {Card} card
   * @param {readonly Quantized[]} quantized
   * @param {PredictOptions} options
   * @param {Meter} meter
   * @param {Outcome[]} predictions gets those that are made
   */
  async #predictMasked(model, card, quantized, options, meter, predictions) {
    const exchange = new MaskedExchange(this.#transport, path(model), card, options, meter);
    /** @type {unknown} */
    let outdated;
    while (predictions.length < quantized.length) {
      const most = Math.min(card.fields.limits.max_records, Math.max(1, Math.floor(this.#mostFeatures / card.features)));
      const taken = this.#vouchers.take(card.digest, options.key.n, Math.min(most, quantized.length - predictions.length));
      if (!taken) {
        if (isOnlyByVouchers(card, options)) throw outdated ?? noVouchers(card, 0, quantized.length - predictions.length);
        break;
      }
      const group = quantized.slice(predictions.length, predictions.length + taken.vouchers.length);
      try {
        const outcomes = await exchange.predict(group.map(({ values }) => values), taken);
        group.forEach(({ values: _, ...counts }, i) => predictions.push({ ...outcomes[i], ...counts }));
      } catch (error) {
        if (error instanceof VeilcastError && error.code === VOUCHER_OUTDATED) {
          this.#vouchers.drop(({ secret }) => secret === taken.secret);
          outdated = error;
        } else if (isTooLarge(error) && group.length > 1) {
          this.#mostFeatures = Math.ceil(group.length / 2) * card.features;
        } else throw error;
      }
    }
    return predictions.length;
  }

  /**
   * Encrypts records, and predicts those that have no prediction yet.
   *
   * @param {string} model
   * @param {Card} card
   * @param {readonly Quantized[]} quantized
   * @param {PredictOptions} options
   * @param {Meter} meter
   * @param {Outcome[]} predictions gets those that are made
   */
  async #predictDirectly(model, card, quantized, options, meter, predictions) {
    const { key, layout } = options;
    const records = quantized.length - predictions.length;
    const arrangement = layout ? new Arrangement(card, layout, key.bits) : chooseArrangement(card, key.bits, records);
    const exchange = new Exchange(this.#transport, path(model), card, arrangement, options, meter, this.#accepted);
    while (predictions.length < quantized.length) {
      const most = arrangement.recordsPerRequest(this.#mostCiphertexts);
      const group = quantized.slice(predictions.length, predictions.length + most);
      try {
        const outcomes = await exchange.predict(group.map(({ values }) => values));
        group.forEach(({ values: _, ...counts }, i) => predictions.push({ ...outcomes[i], ...counts }));
      } catch (error) {
        this.#halve(error, arrangement.rows(group.length), arrangement.ciphertexts);
      }
    }
    return arrangement.layout;
  }

  /**
   * Makes the next requests half as large as one that was too large. It was before any of it was answered, so what was decrypted
   * plays no part in it.
   *
   * @param {unknown} error
   * @param {number} rows of the request
   * @param {number} ciphertexts of a row
   * @throws {unknown} the error, if this doesn't help
   */
  #halve(error, rows, ciphertexts) {
    if (!isTooLarge(error) || rows === 1) throw error;
    this.#mostCiphertexts = Math.ceil(rows / 2) * ciphertexts;
  }

  /** Forgets a model's card, which may have been replaced, and the vouchers for it. @param {string} model */
  #forget(model) {
    const digest = this.#cards.get(model)?.digest;
    this.#cards.delete(model);
    this.#vouchers.drop(({ card }) => card === digest);
  }
}

/** @param {unknown} error */
const isTooLarge = (error) => error instanceof VeilcastError && error.code === REQUEST_TOO_LARGE;

/** Whether records may not be encrypted. @param {Card} card @param {Pick<PredictOptions, 'way'>} options */
const isOnlyByVouchers = ({ ways }, { way }) => way === 'vouchers' || !ways.includes('direct');

/** @param {Card} card @param {number} left @param {number} records */
function noVouchers({ ways }, left, records) {
  const why = ways.includes('direct') ? '' : "the model's owner offers predictions by vouchers only; ";
  const have = left === 0 ? 'there are none' : `there are only ${left}`;
  return new VeilcastError('no_vouchers', `${why}${records} records take as many vouchers, and ${have} for this model and this key: fill some first`);
}

/** @typedef {ReturnType<Encoder['quantize']>} Quantized */

/** Longest time without a pause, in milliseconds, so that a page stays responsive. */
const MAX_BUSY = 30;

/**
 * The integers of records. A hybrid model's public part takes some time for that, so it pauses.
 *
 * @param {Encoder} encoder
 * @param {readonly (readonly Cell[])[]} records
 * @param {Pick<PredictOptions, 'signal' | 'onProgress'>} options
 */
async function encoded(encoder, records, { signal, onProgress }) {
  const total = records.length;
  const integers = [];
  let time = 0;
  const report = (/** @type {number} */ done) => {
    if (encoder.publicPart) onProgress?.({ step: 'public', done, total, time });
    onProgress?.({ step: 'encode', done, total });
  };
  let busySince = performance.now();
  for (const record of records) {
    integers.push(encoder.quantize(record));
    const busy = performance.now() - busySince;
    if (busy < MAX_BUSY && integers.length < total) continue;
    time += busy;
    report(integers.length);
    if (integers.length === total) break;
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
    busySince = performance.now();
  }
  return integers;
}

/** What the cells of a record are. @param {Card} card */
const cellsOf = ({ fields: { input } }) => JSON.stringify([input.kind, input.shape, input.features]);

/** @param {string} model */
const path = (model) => `v2/models/${encodeURIComponent(model)}`;
