/**
 * Predictions with a key of the client's own: of encrypted records, and of records that vouchers mask.
 */

import { Meter } from './conversation.js';
import { VeilcastError } from './error.js';
import { Exchange } from './exchange.js';
import { LayerExchange } from './layer-exchange.js';
import { Arrangement, VOUCHERS, chooseArrangement, offerOf, voucherLayouts } from './layout.js';
import { MaskedExchange } from './masked-exchange.js';
import { add } from './outcome.js';
import { shapesOf } from './part-geometry.js';
import { RoundExchange } from './round-exchange.js';
import { isTooLarge } from './transport.js';
import { makeVouchers } from './voucher-making.js';
import { VoucherStore } from './voucher-store.js';

/** About how many ciphertexts a request has, whatever the card allows: memory and the time of a call are bounded. */
const REQUEST_CIPHERTEXTS = 1 << 12;

/** About how many masked features a request has. */
const REQUEST_FEATURES = 1 << 20;

/** The service no longer has the secret that vouchers were derived from. */
const VOUCHER_OUTDATED = 'voucher_outdated';

/** It has answered a round of a voucher before, such as when its answer was lost on the way. */
const VOUCHER_SPENT = 'voucher_spent';

/** How many vouchers a record may take on that account. */
const SPENT_TRIES = 4;

/**
 * @typedef {import('./card.js').Card} Card
 * @typedef {import('./client.js').PredictOptions} PredictOptions
 * @typedef {import('./client.js').Keyed} Keyed
 * @typedef {import('./encode-records.js').Quantized} Quantized
 * @typedef {import('./outcome.js').Outcome} Outcome
 * @typedef {import('./outcome.js').Predict} Predict
 *
 * @typedef {object} Masked predicts records that vouchers of its card mask
 * @property {(records: readonly (readonly number[])[], taken: any) => ReturnType<MaskedExchange['predict']>} predict
 */

export class KeyedRuns {
  #transport;
  /** Keys, by n, that the service has accepted: it needs no proof of them. @type {Set<bigint>} */
  #accepted = new Set();
  /** The most ciphertexts that a request may have, since some were refused as too large. */
  #mostCiphertexts = REQUEST_CIPHERTEXTS;
  /** The same of masked features. */
  #mostFeatures = REQUEST_FEATURES;
  #vouchers = new VoucherStore();

  /** @param {import('./transport.js').Transport} transport */
  constructor(transport) {
    this.#transport = transport;
  }

  /**
   * Does ahead of time the work of encrypting a number of records.
   *
   * @param {Card} card
   * @param {number} records
   * @param {Pick<PredictOptions, 'key' | 'signal'>} options
   */
  async prepare(card, records, options) {
    const key = keyOf(options);
    if (!card.ways.includes('direct')) return;
    const arrangement = chooseArrangement(card, key.bits, records);
    await key.prepare(arrangement.rows(records) * arrangement.ciphertexts, { signal: options.signal });
  }

  /**
   * Makes vouchers.
   *
   * @param {string} path of the model
   * @param {Card} card
   * @param {number} count at least
   * @param {boolean} isExact whether rows are not filled up
   * @param {Pick<Keyed, 'key' | 'signal' | 'onProgress'>} options
   * @returns {Promise<number>} how many there are now
   */
  async fill(path, card, count, isExact, options) {
    const { key, onProgress, signal } = options;
    onProgress?.({ step: 'card', card });
    if (!card.ways.includes('vouchers')) throw noOffer();
    const arrangements = voucherLayouts(card).map((layout) => new Arrangement(card, layout, key.bits));
    const exchanges = arrangements.map((arrangement) => new Exchange(this.#transport, path, card, arrangement, options, new Meter(), this.#accepted));
    let missing = isExact ? count : arrangements[0].rows(count) * arrangements[0].recordsPerRow;
    while (missing > 0) {
      const most = arrangements.map((arrangement) => arrangement.recordsPerRequest(this.#mostCiphertexts));
      const made = Math.min(missing, ...most);
      const taken = arrangements.map((arrangement) => arrangement.rows(made) * arrangement.ciphertexts);
      // What is made here is not lost if the rest is cancelled.
      await key.prepare(
        taken.reduce((a, b) => a + b),
        { signal },
      );
      try {
        this.#vouchers.add(await makeVouchers(exchanges, made));
        missing -= made;
      } catch (error) {
        const widest = arrangements[taken.indexOf(Math.max(...taken))];
        this.#halve(error, widest.rows(made), widest.ciphertexts);
      }
    }
    return this.#vouchers.count(card.digest, key.n);
  }

  /** How many vouchers there are for a card and a key. @param {Card | undefined} card @param {Pick<Keyed, 'key'>} options */
  vouchers(card, { key }) {
    return card ? this.#vouchers.count(card.digest, key.n) : 0;
  }

  /** Forgets all vouchers, or those of a card. @param {string} [digest] */
  drop(digest) {
    this.#vouchers.drop(({ card }) => digest === undefined || card === digest);
  }

  /**
   * How to predict records with a key.
   *
   * @param {string} path of the model
   * @param {Card} card
   * @param {number} records
   * @param {PredictOptions} options
   * @returns {Predict}
   */
  run(path, card, records, options) {
    const keyed = { ...options, key: keyOf(options) };
    const isMasked = this.#hasVouchers(card, records, keyed);
    return async (quantized, meter, predictions) => {
      const masked = isMasked ? await this.#predictMasked(path, card, quantized, keyed, meter, predictions) : 0;
      if (masked === quantized.length) return { way: 'vouchers', layout: VOUCHERS };
      return { way: 'direct', layout: await this.#predictDirectly(path, card, quantized, keyed, meter, predictions) };
    };
  }

  /**
   * Whether vouchers are to mask this many records.
   *
   * @param {Card} card
   * @param {number} records
   * @param {Keyed} options
   * @throws {VeilcastError} `layout_not_allowed` or `no_vouchers`
   */
  #hasVouchers(card, records, { key, layout, way }) {
    if (layout?.name === VOUCHERS.name)
      throw new VeilcastError('layout_not_allowed', 'records are not encrypted in the layout vouchers, which is for vouchers alone');
    if (way === 'direct' || (layout && way !== 'vouchers')) return false;
    if (way === 'vouchers' && !card.ways.includes('vouchers')) throw noOffer();
    const left = this.#vouchers.count(card.digest, key.n);
    if (left < records && isOnlyByVouchers(card, { way })) throw noVouchers(card, left, records);
    return left >= records;
  }

  /**
   * Predicts records as long as there are vouchers.
   *
   * @param {string} path of the model
   * @param {Card} card
   * @param {readonly Quantized[]} quantized
   * @param {Keyed} options
   * @param {Meter} meter
   * @param {Outcome[]} predictions gets those that are made
   */
  async #predictMasked(path, card, quantized, options, meter, predictions) {
    /** @type {Masked} */
    const exchange = new (card.hidden ? RoundExchange : MaskedExchange)(this.#transport, path, card, options, meter);
    const width = maskedNumbers(card);
    /** Why vouchers were refused. @type {unknown} */
    let refused;
    let spent = 0;
    while (predictions.length < quantized.length) {
      const most = Math.min(card.fields.limits.max_records, Math.max(1, Math.floor(this.#mostFeatures / width)));
      const taken = this.#vouchers.take(card.digest, options.key.n, Math.min(most, quantized.length - predictions.length));
      if (!taken) {
        if (isOnlyByVouchers(card, options)) throw refused ?? noVouchers(card, 0, quantized.length - predictions.length);
        break;
      }
      const group = quantized.slice(predictions.length, predictions.length + taken.vouchers.length);
      try {
        const outcomes = await exchange.predict(
          group.map(({ values }) => values),
          taken,
        );
        add(predictions, group, outcomes);
        spent = 0;
      } catch (error) {
        const code = error instanceof VeilcastError ? error.code : undefined;
        if (code === VOUCHER_OUTDATED) {
          this.#vouchers.drop(({ secret }) => secret === taken.secret);
          refused = error;
        } else if (code === VOUCHER_SPENT && ++spent < SPENT_TRIES) {
          refused = error;
        } else if (isTooLarge(error) && group.length > 1) {
          this.#mostFeatures = Math.ceil(group.length / 2) * width;
        } else throw error;
      }
    }
    return predictions.length;
  }

  /**
   * Encrypts records, and predicts those that have no prediction yet.
   *
   * @param {string} path of the model
   * @param {Card} card
   * @param {readonly Quantized[]} quantized
   * @param {Keyed} options
   * @param {Meter} meter
   * @param {Outcome[]} predictions gets those that are made
   */
  async #predictDirectly(path, card, quantized, options, meter, predictions) {
    const { key, layout } = options;
    const records = quantized.length - predictions.length;
    const arrangement = layout && !card.hidden ? new Arrangement(card, layout, key.bits) : chooseArrangement(card, key.bits, records);
    const exchange = card.hidden
      ? new LayerExchange(this.#transport, path, card, options, meter, this.#accepted)
      : new Exchange(this.#transport, path, card, arrangement, options, meter, this.#accepted);
    let spent = 0;
    while (predictions.length < quantized.length) {
      const most = exchange.recordsPerRequest(this.#mostCiphertexts);
      const group = quantized.slice(predictions.length, predictions.length + most);
      try {
        const outcomes = await exchange.predict(group.map(({ values }) => values));
        add(predictions, group, outcomes);
        spent = 0;
      } catch (error) {
        const code = error instanceof VeilcastError ? error.code : '';
        // The answer to a later layer was lost, or the service's secret was replaced meanwhile: the records begin anew.
        if ([VOUCHER_SPENT, VOUCHER_OUTDATED].includes(code) && ++spent < SPENT_TRIES) continue;
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
}

/** Whether records may not be encrypted. @param {Card} card @param {Pick<PredictOptions, 'way'>} options */
const isOnlyByVouchers = ({ ways }, { way }) => way === 'vouchers' || !ways.includes('direct');

/** Masked numbers that a record takes in a request, at most: after a first part those of the answer before go with it. @param {Card} card */
const maskedNumbers = (card) => Math.max(...shapesOf(card).map(([inputs], part) => (part === 0 ? inputs : 2 * inputs)));

const noOffer = () => new VeilcastError('layout_not_allowed', "the model's owner offers no vouchers");

/** @param {Card} card @param {number} left @param {number} records */
function noVouchers(card, left, records) {
  const why = card.ways.includes('direct') ? '' : `${offerOf(card)}; `;
  const have = left === 0 ? 'there are none' : `there are only ${left}`;
  return new VeilcastError('no_vouchers', `${why}${records} records take as many vouchers, and ${have} for this model and this key: fill some first`);
}

/** @param {Pick<PredictOptions, 'key'>} options */
function keyOf({ key }) {
  if (!key) throw new VeilcastError('no_key', 'a key of your own is needed, since the model is not asked sealed: make one first');
  return key;
}
