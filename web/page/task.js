/** The course of one prediction, from records to answers: its steps with times and bytes, and the actual messages. */

import { Arrangement, VeilcastError, chooseArrangement } from '../index.js';
import { layerLayouts } from '../src/layout.js';
import { elementBytes } from '../src/masked-messages.js';
import { incomplete } from '../src/outcome.js';
import { numberBytes } from '../src/round-messages.js';
import { SealedLayout } from '../src/sealed-layout.js';
import { counted } from './format.js';
import { SealedHolder } from './sealed-holder.js';

/**
 * @typedef {import('../index.js').Card} Card
 * @typedef {import('../index.js').Client} Client
 * @typedef {import('../src/client.js').Progress} Progress
 * @typedef {import('../src/outcome.js').Outcome} Outcome
 * @typedef {import('../src/outcome.js').PartialPredictions} PartialPredictions
 * @typedef {import('../src/outcome.js').Run} Run
 * @typedef {import('../src/card-types.js').Way} Way
 * @typedef {import('../src/layout.js').Layout} Layout
 * @typedef {import('../src/preprocessing.js').Cell} Cell
 * @typedef {import('./key-holder.js').KeyHolder} KeyHolder
 * @typedef {import('../index.js').WorkerKey} WorkerKey
 *
 * @typedef {'public' | 'encrypt' | 'send' | 'compute' | 'receive' | 'decrypt'} StepName
 *
 * @typedef {object} Step
 * @property {'idle' | 'running' | 'done' | 'failed'} state
 * @property {number} time in milliseconds
 * @property {number} bytes
 * @property {number} part done of the current request, from 0 to 1
 * @property {string} note
 *
 * @typedef {object} Question
 * @property {'digit' | 'row' | 'csv'} kind
 * @property {string} model
 * @property {(card: Card, signal: AbortSignal) => (readonly Cell[])[] | Promise<(readonly Cell[])[]>} records
 * @property {Way} [way] to ask: if none, or none that the model is offered in, its records are encrypted, or else masked
 * @property {Shown[]} [shown] what a person filled in
 * @property {() => Others | undefined} [others] the columns of the file that the model doesn't take, once it is read
 *
 * @typedef {Pick<import('../src/table.js').Table, 'others' | 'cellsOf'>} Others
 *
 * @typedef {{name: string, text: string}} Shown a field's label and its value with the unit
 *
 * @typedef {{bytes: Uint8Array<ArrayBuffer>, headerLength: number}} Message
 */

/** About how many ciphertexts a request of many records has: few enough to see progress. */
const CIPHERTEXTS = 128;

/** The same for ciphertexts to sealed models, each of which holds several records. */
const SEALED_CIPHERTEXTS = 8;

/** @returns {Step} */
const idle = () => ({ state: 'idle', time: 0, bytes: 0, part: 0, note: '' });

/** @returns {Record<StepName, Step>} */
const idleSteps = () => ({ public: idle(), encrypt: idle(), send: idle(), compute: idle(), receive: idle(), decrypt: idle() });

export class Task extends EventTarget {
  /** @type {'idle' | 'running' | 'done' | 'failed' | 'cancelled'} */
  phase = 'idle';
  /** @type {Question | undefined} */
  question;
  /** @type {unknown} */
  error;
  /** @type {Record<StepName, Step>} */
  steps = idleSteps();
  /** The last request. @type {Message | undefined} */
  request;
  /** The last answer; its header's length is 0 until it is known. @type {Message | undefined} */
  answer;
  /** One per record, for those that are answered; marked if the answer can't be right. @type {Outcome[]} */
  predictions = [];
  /** @type {Card | undefined} */
  card;
  /** @type {Layout | undefined} */
  layout;
  /** How the records were sent. @type {Way} */
  way = 'direct';
  /** Records asked for. */
  total = 0;
  requests = 0;
  /** Milliseconds that a record took in the last request. */
  pace = 0;
  keyBits = 0;
  #keys;
  #sealed;
  #controller = new AbortController();

  /** @param {Client} client @param {KeyHolder} keys @param {SealedHolder} [sealed] */
  constructor(client, keys, sealed = new SealedHolder()) {
    super();
    this.client = client;
    this.#keys = keys;
    this.#sealed = sealed;
  }

  #reset() {
    this.steps = idleSteps();
    this.predictions = [];
    this.request = this.answer = this.card = this.layout = undefined;
    this.way = 'direct';
    this.total = this.requests = this.pace = this.keyBits = 0;
  }

  get isRunning() {
    return this.phase === 'running';
  }

  /** Asks, from the start. @param {Question} question */
  ask(question) {
    this.#reset();
    this.question = question;
    return this.#run(question);
  }

  /**
   * Asks once more for what is missing of the last question's answer.
   *
   * If there are marked records, everything is asked again: the service must not learn which of them could not be
   * decrypted.
   */
  async retry() {
    if (!this.question) return;
    if (this.predictions.length === this.total) this.#reset();
    await this.#run(this.question);
  }

  /**
   * Shows a question with its answer, which has followed the pen.
   *
   * @param {Question} question
   * @param {Run & {predictions: Outcome[]}} run
   * @param {number} keyBits
   * @param {{request?: Message, answer?: Message, public?: number}} seen the messages, and the milliseconds of a public part
   */
  show(question, run, keyBits, { request, answer, public: publicTime }) {
    this.#take(question);
    const { card, predictions, way, layout, requests, bytesUp, bytesDown, times } = run;
    Object.assign(this, { card, predictions, way, layout, requests, keyBits, request, total: predictions.length });
    if (answer) this.answer = { ...answer, headerLength: headerLengthOf(answer.bytes, predictions.length, run, keyBits) };
    const { public: publicPart, encrypt, send, compute, receive, decrypt } = this.steps;
    if (publicTime !== undefined) end(publicPart, publicTime);
    end(encrypt, times.encrypt);
    // How the time between the two splits isn't known.
    end(compute, times.exchange);
    for (const [step, bytes] of /** @type {const} */ ([
      [send, bytesUp],
      [receive, bytesDown],
    ])) {
      end(step, 0);
      step.bytes = bytes;
    }
    end(decrypt, times.decrypt);
    this.#enter('done');
  }

  /** Shows a question with what went wrong. @param {Question} question @param {unknown} error */
  fail(question, error) {
    this.#take(question);
    this.error = error;
    this.#enter('failed');
  }

  /** @param {Question} question */
  #take(question) {
    this.cancel();
    this.#reset();
    this.question = question;
    this.error = undefined;
  }

  cancel() {
    this.#controller.abort();
  }

  /** Forgets the question and its answer. */
  clear() {
    this.cancel();
    this.#reset();
    this.question = undefined;
    this.#enter('idle');
  }

  /** @param {Question} question */
  async #run(question) {
    this.#controller.abort();
    const { signal } = (this.#controller = new AbortController());
    this.error = undefined;
    this.#enter('running');
    const maker = question.way === 'sealed' ? this.#sealed : this.#keys;
    maker.pause();
    try {
      await this.#predict(question, signal);
      this.#enter('done');
    } catch (error) {
      // Another question has taken this one's place, or none.
      if (this.#controller.signal !== signal || !this.question) return;
      for (const step of Object.values(this.steps)) if (step.state === 'running') step.state = 'failed';
      this.error = error;
      this.#enter(signal.aborted ? 'cancelled' : 'failed');
    }
    void maker.prepare(this.client, question.model, { isLive: isLive(question) });
  }

  /** @param {Question} question @param {AbortSignal} signal */
  async #predict({ model, records: recordsOf, way: asked, kind }, signal) {
    const key = asked === 'sealed' ? undefined : await this.#keys.ready(signal);
    const card = await this.client.card(model, { signal });
    // Predictions of two models would not make one table.
    if (this.card && this.card.digest !== card.digest) this.#reset();
    this.card = card;
    this.keyBits = keyBitsOf(card, key);
    const records = await recordsOf(card, signal);
    signal.throwIfAborted();
    this.total = records.length;
    if (records.length === 0) throw new VeilcastError('no_records', 'there is no record below the header of the table');
    // Vouchers for many records take as many ciphertexts as the records do.
    const isDirect = card.ways.includes('direct') && (asked !== 'vouchers' || kind === 'csv' || !card.ways.includes('vouchers'));
    const way = !key ? 'sealed' : isDirect ? 'direct' : 'vouchers';
    this.way = way;
    if (key && way === 'vouchers') await this.#fill(model, records.length - this.predictions.length, key, signal);
    while (this.predictions.length < records.length) {
      const start = this.predictions.length;
      const [watch, began] = [new Stopwatch(), performance.now()];
      const onProgress = (/** @type {Progress} */ progress) => {
        if (this.#controller.signal === signal) this.#follow(progress, watch);
      };
      const group = records.slice(start, start + mostOf(way, card, this.keyBits, records.length - start));
      // The next group is sent whatever this one's answer holds, as within a run.
      const answer = await outcomesOf(this.client.predict(model, group, { key, signal, onProgress, way }));
      this.#follow({ step: 'end' }, watch);
      if (start > 0 && answer.card.digest !== this.card.digest) {
        throw new VeilcastError('model_changed', 'the model was replaced during the request');
      }
      this.card = answer.card;
      if (this.answer?.headerLength === 0) this.answer.headerLength = headerLengthOf(this.answer.bytes, group.length, answer, this.keyBits);
      this.way = answer.way;
      this.layout = answer.layout;
      this.requests += answer.requests;
      this.pace = (performance.now() - began) / group.length;
      this.predictions.push(...answer.predictions);
      this.#changed();
    }
    const error = incomplete(this.predictions);
    if (!error) return;
    this.steps.decrypt.state = 'failed';
    throw error;
  }

  /** Makes the vouchers that records take. @param {string} model @param {number} records @param {WorkerKey} key @param {AbortSignal} signal */
  async #fill(model, records, key, signal) {
    const missing = records - this.client.vouchers(model, { key });
    if (missing <= 0) return;
    begin(this.steps.encrypt);
    this.steps.encrypt.note = `Making ${counted(missing, 'voucher')} first, each for one record…`;
    this.#changed();
    await this.client.fillVouchers(model, { key, signal, count: missing });
  }

  /** @param {Progress | {step: 'end'}} progress @param {Stopwatch} watch */
  #follow(progress, watch) {
    const { public: publicPart, encrypt, send, compute, receive, decrypt } = this.steps;
    switch (progress.step) {
      case 'card':
        watch.lap();
        begin(progress.card.fields.public_part ? publicPart : encrypt);
        break;
      case 'public':
        publicPart.part = progress.done / progress.total;
        if (progress.done < progress.total) break;
        watch.lap();
        end(publicPart, progress.time);
        begin(encrypt);
        break;
      case 'encrypt':
        encrypt.part = progress.done / progress.total;
        break;
      case 'send':
        this.request = { bytes: /** @type {Uint8Array<ArrayBuffer>} */ (progress.request), headerLength: progress.headerLength };
        // It is sent once more if the service has to see the key's proof.
        if (send.state !== 'running') {
          end(encrypt, watch.lap());
          // In a network's next round, nothing is unmasked yet.
          if (decrypt.state === 'running') decrypt.state = 'idle';
          begin(send);
          begin(compute);
        }
        send.bytes += progress.request.length;
        break;
      case 'retry':
        (send.state === 'running' ? send : encrypt).note =
          `No answer yet: the service is busy or unavailable. Trying again in ${Math.ceil(progress.pause / 1000)} s.`;
        break;
      case 'receive':
        watch.received();
        this.answer = { bytes: /** @type {Uint8Array<ArrayBuffer>} */ (progress.answer), headerLength: 0 };
        receive.bytes += progress.answer.length;
        for (const step of [send, compute, receive]) end(step, 0);
        begin(decrypt);
        break;
      case 'decrypt':
        decrypt.part = progress.done / progress.total;
        break;
      case 'end': {
        // An answer that was not fully read has not gone through all of them.
        for (const step of [send, compute, receive]) if (step.state === 'running') end(step, 0);
        end(decrypt, watch.lap());
        const parts = watch.partsOfExchange();
        send.time += parts.send;
        compute.time += parts.compute;
        receive.time += parts.receive;
      }
    }
    this.#changed();
  }

  /** @param {Task['phase']} phase */
  #enter(phase) {
    this.phase = phase;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

/** @param {Step} step */
function begin(step) {
  Object.assign(step, { state: 'running', part: 0, note: '' });
}

/** @param {Step} step @param {number} time */
function end(step, time) {
  Object.assign(step, { state: 'done', part: 1, note: '', time: step.time + time });
}

/** Whether answers are to follow what a person does. @param {Question} question */
const isLive = ({ kind, way }) => kind !== 'csv' && way !== 'direct';

/** What a run returns, with marks where it has no predictions. @param {Promise<PartialPredictions>} run */
async function outcomesOf(run) {
  try {
    return await run;
  } catch (error) {
    if (error instanceof VeilcastError && error.partial) return error.partial;
    throw error;
  }
}

/** The times of one request, or of a network's rounds. */
class Stopwatch {
  #last = performance.now();
  /** Milliseconds between the requests' first bytes and the answers' last, as this page sees it. */
  exchange = 0;
  /** Answers that came: one, or those of a network's rounds. */
  #answers = 0;

  /** Notes that an answer came. */
  received() {
    this.exchange += this.lap();
    this.#answers += 1;
  }

  /** Milliseconds since the last time. */
  lap() {
    const before = this.#last;
    this.#last = performance.now();
    return this.#last - before;
  }

  /** How the exchange splits into sending, computing and receiving, as the browser and the service noted it. */
  partsOfExchange() {
    const noted = performance
      .getEntriesByType('resource')
      .flatMap((entry) => (entry instanceof PerformanceResourceTiming && entry.name.endsWith('/infer') ? [entry] : []))
      .slice(-this.#answers);
    performance.clearResourceTimings();
    if (this.#answers === 0 || noted.length < this.#answers || noted.some(({ responseStart }) => responseStart === 0)) {
      return { send: 0, compute: this.exchange, receive: 0 };
    }
    const receive = noted.reduce((sum, { responseEnd, responseStart }) => sum + responseEnd - responseStart, 0);
    const rest = Math.max(0, this.exchange - receive);
    // Not every browser shows what the service says about its own time.
    const said = noted.map(({ serverTiming }) => serverTiming?.find(({ name }) => name === 'compute')?.duration ?? rest);
    const compute = Math.min(
      rest,
      said.reduce((a, b) => a + b),
    );
    return { send: rest - compute, compute, receive };
  }
}

/** The bits of the key that ciphertexts are under: the service's, if there is none here. @param {Card} card @param {{bits: number}} [key] */
export const keyBitsOf = (card, key) => key?.bits ?? 4 * (card.fields.sealed?.modulus.length ?? 0);

/** About how many records a request has. @param {Way} way @param {Card} card @param {number} keyBits @param {number} records that are left */
function mostOf(way, card, keyBits, records) {
  if (way === 'sealed') return new SealedLayout(card).recordsPerRequest(SEALED_CIPHERTEXTS);
  return way === 'direct' ? chooseArrangement(card, keyBits, records).recordsPerRequest(CIPHERTEXTS) : records;
}

/**
 * How long an answer's header is: all but the ciphertexts, each after its length, or the masked scores.
 *
 * @param {Uint8Array} bytes
 * @param {number} records
 * @param {{card: Card, layout: Layout | undefined, way: Way}} answer
 * @param {number} keyBits
 */
function headerLengthOf(bytes, records, { card, layout, way }, keyBits) {
  return Math.max(0, bytes.length - sizeOf(records, card, way, layout, keyBits));
}

/** The layout of a record's last answer: in a network, that of its last part. @param {Card} card @param {Layout} layout */
export const lastLayoutOf = (card, layout) => (card.hidden ? (layerLayouts(card).at(-1) ?? layout) : layout);

/** The bytes after that header. @param {number} records @param {Card} card @param {Way} way @param {Layout | undefined} layout @param {number} keyBits */
function sizeOf(records, card, way, layout, keyBits) {
  if (way === 'sealed') return records * new SealedLayout(card).rowBytes;
  if (way === 'vouchers' && card.hidden) return records * card.outputs * numberBytes(card.hidden.ring_bits);
  if (way === 'vouchers' || !layout) return records * card.outputs * elementBytes(card.slotBits);
  const arrangement = new Arrangement(card, lastLayoutOf(card, layout), keyBits);
  return arrangement.rows(records) * arrangement.answers * (4 + keyBits / 4);
}
