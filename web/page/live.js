/**
 * Answers while a person draws: stroke by stroke, each with a voucher that was made ahead of time, or with a sealed model's
 * randomiser.
 *
 * One question is on its way at a time, and the last drawing is always answered. What goes wrong is not told, since nobody has
 * asked: the answer is taken away. Only an answer that can't be right is reported.
 */

import { VeilcastError } from '../index.js';
import { keyBitsOf } from './task.js';

/**
 * @typedef {import('./key-holder.js').KeyHolder} KeyHolder
 * @typedef {import('./sealed-holder.js').SealedHolder} SealedHolder
 * @typedef {import('./task.js').Message} Message
 * @typedef {import('./task.js').Question} Question
 * @typedef {import('./task.js').Task} Task
 */

/** Milliseconds between two questions while the pen is down. */
const INTERVAL = 150;

/** Vouchers or randomisers that are kept for when the pen is up. */
const RESERVE = 4;

export class Live {
  #task;
  #keys;
  #sealed;
  /** What is to be answered next. @type {{model: string, isSealed: boolean, question: () => Question | undefined, isOver: boolean} | undefined} */
  #wanted;
  #isRunning = false;
  #controller = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** When the last question was asked. */
  #last = -INTERVAL;

  /** @param {Task} task that shows the answers @param {KeyHolder} keys @param {SealedHolder} [sealed] */
  constructor(task, keys, sealed) {
    this.#task = task;
    this.#keys = keys;
    this.#sealed = sealed;
    sealed?.addEventListener('change', () => void this.#proceed());
    keys.addEventListener('vouchers', () => void this.#proceed());
  }

  /** Vouchers for a model, or randomisers if it is asked sealed. @param {string} model @param {boolean} [isSealed] */
  left(model, isSealed = false) {
    if (isSealed) return this.#task.client.randomizers(model);
    const { key } = this.#keys;
    return key ? this.#task.client.vouchers(model, { key }) : 0;
  }

  /**
   * Answers a drawing as soon as there is a voucher or a randomiser for it, unless another one takes its place.
   *
   * @param {string} model
   * @param {() => Question | undefined} question as the drawing is when it is its turn
   * @param {boolean} isOver whether the pen is up
   * @param {boolean} [isSealed] whether the sealed model is asked
   */
  want(model, question, isOver, isSealed = false) {
    this.#wanted = { model, isSealed, question, isOver };
    void this.#proceed();
  }

  /** Answers nothing that was wanted before. */
  stop() {
    this.#wanted = undefined;
    clearTimeout(this.#timer);
    this.#controller.abort();
  }

  async #proceed() {
    clearTimeout(this.#timer);
    if (this.#isRunning || !this.#wanted || this.#task.isRunning) return;
    const { model, isSealed, question: questionOf, isOver } = this.#wanted;
    if (this.left(model, isSealed) <= (isOver ? 0 : RESERVE)) return this.#fill(model, isSealed);
    const pause = this.#last + INTERVAL - performance.now();
    if (!isOver && pause > 0) {
      this.#timer = setTimeout(() => void this.#proceed(), pause);
      return;
    }
    this.#wanted = undefined;
    const question = questionOf();
    if (!question) return;
    this.#last = performance.now();
    this.#isRunning = true;
    await this.#answer(question);
    this.#isRunning = false;
    this.#fill(model, isSealed);
    void this.#proceed();
  }

  /** @param {string} model @param {boolean} isSealed */
  #fill(model, isSealed) {
    if (!this.#task.isRunning) void (isSealed && this.#sealed ? this.#sealed : this.#keys).prepare(this.#task.client, model, { isLive: true });
  }

  /** @param {Question} question */
  async #answer(question) {
    const { signal } = (this.#controller = new AbortController());
    const task = this.#task;
    try {
      const { model, way } = question;
      const key = way === 'sealed' ? undefined : await this.#keys.ready(signal);
      const card = await task.client.card(model, { signal });
      const records = await question.records(card, signal);
      /** @type {{request?: Message, answer?: Message, public?: number}} */
      const seen = {};
      const run = await task.client.predict(model, records, {
        key,
        signal,
        way: way === 'sealed' ? 'sealed' : 'vouchers',
        onProgress: (progress) => {
          if (progress.step === 'send')
            seen.request = { bytes: /** @type {Uint8Array<ArrayBuffer>} */ (progress.request), headerLength: progress.headerLength };
          if (progress.step === 'receive') seen.answer = { bytes: /** @type {Uint8Array<ArrayBuffer>} */ (progress.answer), headerLength: 0 };
          if (progress.step === 'public') seen.public = progress.time;
        },
      });
      if (!signal.aborted) task.show(question, run, keyBitsOf(run.card, key), seen);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof VeilcastError && error.predictions) task.fail(question, error);
      else task.clear();
      // With new vouchers it may be answered yet.
      if (error instanceof VeilcastError && ['no_vouchers', 'voucher_outdated'].includes(error.code)) {
        this.#wanted ??= { model: question.model, isSealed: false, question: () => question, isOver: true };
      }
    }
  }
}
