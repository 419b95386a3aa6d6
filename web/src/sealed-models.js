/**
 * The sealed models that a client has opened, each in a thread of its own, and the predictions of records with them.
 */

import { VeilcastError } from './error.js';
import { add } from './outcome.js';
import { SealedExchange } from './sealed-exchange.js';
import { SealedLayout } from './sealed-layout.js';
import { otherSealedModel, sealedBytes } from './sealed-model.js';
import { isTooLarge } from './transport.js';
import { WorkerSealedModel } from './worker-sealed-model.js';

/** About how many ciphertexts a request has, whatever the card allows: each may hold several records. */
const REQUEST_CIPHERTEXTS = 1 << 8;

/**
 * @typedef {import('./card.js').Card} Card
 * @typedef {import('./conversation.js').Watched} Watched
 */

export class SealedModels {
  #transport;
  #policy;
  /** By their paths, with the digests of their cards. @type {Map<string, {digest: string, model: WorkerSealedModel}>} */
  #opened = new Map();
  /** Those whose file was not the one that their card names. @type {Set<string>} */
  #doubted = new Set();
  /** The most ciphertexts that a request may have, since some were refused as too large. */
  #mostCiphertexts = REQUEST_CIPHERTEXTS;

  /** @param {import('./transport.js').Transport} transport @param {import('./paillier.js').KeyPolicy} policy */
  constructor(transport, policy) {
    this.#transport = transport;
    this.#policy = policy;
  }

  /** Randomisers that are ready for a model. @param {string} path @param {Card | undefined} card */
  randomizers(path, card) {
    return this.#known(path, card)?.randomizers ?? 0;
  }

  /** @param {string} path @param {Card | undefined} card */
  #known(path, card) {
    const known = this.#opened.get(path);
    return known?.digest === card?.digest ? known?.model : undefined;
  }

  /**
   * A model, which is fetched and checked once.
   *
   * @param {string} path
   * @param {Card} card
   * @param {Watched} options
   * @returns {Promise<WorkerSealedModel>}
   * @throws {VeilcastError} as `SealedModel.open`
   */
  async open(path, card, options) {
    const known = this.#known(path, card);
    if (known) return known;
    const model = await this.#open(path, card, options);
    const other = this.#known(path, card);
    if (other) {
      model.close();
      return other;
    }
    this.forget(path);
    this.#opened.set(path, { digest: card.digest, model });
    return model;
  }

  /** @param {string} path @param {Card} card @param {Watched} options */
  async #open(path, card, { signal, onProgress }) {
    // Before anything is fetched.
    new SealedLayout(card);
    const limit = sealedBytes(card);
    const onRetry = (/** @type {number} */ pause) => onProgress?.({ step: 'retry', pause });
    // A browser may have cached the wrong file.
    const cache = this.#doubted.delete(path) ? 'reload' : 'default';
    try {
      const { body } = await this.#transport.call(`${path}/sealed.bin`, { signal, onRetry, cache, limit });
      return await WorkerSealedModel.open(card, body, this.#policy, { signal });
    } catch (error) {
      const known = error instanceof VeilcastError && error.code === 'answer_too_large' ? otherSealedModel(`has more than ${limit} bytes`) : error;
      if (known instanceof VeilcastError && known.code === 'other_sealed_model') this.#doubted.add(path);
      throw known;
    }
  }

  /**
   * Makes ahead of time the randomisers that a number of records take.
   *
   * @param {string} path
   * @param {Card} card
   * @param {number} records
   * @param {Watched} options
   */
  async prepare(path, card, records, options) {
    await this.fill(path, card, new SealedLayout(card).ciphertexts(records), options);
  }

  /**
   * Makes randomisers ahead of time, so that there are `count`.
   *
   * @param {string} path
   * @param {Card} card
   * @param {number} count
   * @param {Watched} options
   * @returns {Promise<number>} how many there are
   */
  async fill(path, card, count, options) {
    const model = await this.open(path, card, options);
    return this.#with(path, model, () => model.prepare(count, { signal: options.signal }));
  }

  /**
   * Does something with a model that is open.
   *
   * @template T
   * @param {string} path
   * @param {WorkerSealedModel} model
   * @param {() => Promise<T>} work
   */
  async #with(path, model, work) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof VeilcastError && error.code === 'worker_ended')) throw error;
      if (this.#opened.get(path)?.model === model) this.forget(path);
      throw new VeilcastError('sealed_ended', "the sealed model's thread has ended: ask again, and it is opened again", { cause: error });
    }
  }

  /**
   * How to predict records with a model, which is opened.
   *
   * @param {string} path
   * @param {Card} card
   * @param {Watched} options
   * @returns {Promise<import('./outcome.js').Predict>}
   */
  async run(path, card, options) {
    const model = await this.open(path, card, options);
    const layout = new SealedLayout(card);
    return async (quantized, meter, predictions) => {
      const exchange = new SealedExchange(this.#transport, path, card, model, options, meter);
      while (predictions.length < quantized.length) {
        const most = layout.recordsPerRequest(this.#mostCiphertexts);
        const group = quantized.slice(predictions.length, predictions.length + most);
        try {
          add(predictions, group, await this.#with(path, model, () => exchange.predict(group.map(({ values }) => values))));
        } catch (error) {
          const ciphertexts = layout.ciphertexts(group.length);
          if (!isTooLarge(error) || ciphertexts === 1) throw error;
          this.#mostCiphertexts = Math.ceil(ciphertexts / 2);
        }
      }
      return { way: 'sealed', layout: undefined };
    };
  }

  /** Closes a model. @param {string} path */
  forget(path) {
    this.#opened.get(path)?.model.close();
    this.#opened.delete(path);
  }

  /** Closes all models. */
  close() {
    for (const path of [...this.#opened.keys()]) this.forget(path);
  }
}
