/** The steps of a prediction as a list: what happens where, how long it took, how many bytes it moved. */

import { Arrangement } from '../index.js';
import { flowOf, textOfPublicPart } from './card-text.js';
import { element } from './dom.js';
import { count, counted, duration, size } from './format.js';
import { HIDDEN_WORDS, LAYER_WORDS } from './hidden-words.js';
import { SEALED_WORDS } from './sealed-words.js';
import { VOUCHER_WORDS } from './voucher-words.js';

/**
 * @typedef {import('../index.js').Card} Card
 * @typedef {import('./task.js').Task} Task
 * @typedef {import('./task.js').Step} Step
 * @typedef {import('./key-holder.js').KeyHolder} KeyHolder
 * @typedef {import('./sealed-holder.js').SealedState} SealedState
 *
 * @typedef {object} Words
 * @property {string} title
 * @property {string} says for everybody
 * @property {(task: Task, keys: KeyHolder, card: Card | undefined) => string} engineers
 *
 * @typedef {Words & {id: string, where: 'browser' | 'wire' | 'server'}} Text
 */

/** The step that only hybrid models have. */
const PUBLIC = 'public';

/** @type {readonly Text[]} */
const TEXTS = [
  {
    id: 'key',
    where: 'browser',
    title: 'Key made',
    says: 'Your browser made you a key. It stays in this tab, and is gone when you close it.',
    engineers: (_, keys) =>
      `A Paillier key with n of ${keys.bits} bits. Its two primes come from WebCrypto's RSA key generation and live in a separate Web Worker; ` +
      'no message from this page to anywhere holds them.',
  },
  {
    id: PUBLIC,
    where: 'browser',
    title: 'Public part run',
    says:
      'The model has two parts. The first one is public, so your browser runs it, on your own machine: nobody else sees what ' +
      'goes in or comes out. Only what comes out is encrypted and sent. The last part, the head, is private and stays on the server.',
    engineers: (_, __, card) => textOfPublicPart(card),
  },
  {
    id: 'encrypt',
    where: 'browser',
    title: 'Encrypted',
    says: 'Your data became numbers that only your key opens. Encrypted twice, the same data looks different.',
    engineers: ({ card, layout, total, request, keyBits }) => {
      if (!card || !layout || !request) return 'Each number is multiplied by a fresh random n-th power modulo n².';
      const { bits } = card.fields.quantization;
      const arrangement = new Arrangement(card, layout, keyBits);
      return (
        `${counted(total, 'record')} of ${count(card.features)} features, each rounded to ${bits} bits, ` +
        `${counted(layout.featuresPerCiphertext, 'feature')} of ${rowOf(arrangement)} in a ciphertext (layout "${layout.name}"): ` +
        `${counted(arrangement.ciphertexts, 'ciphertext')} of ${count(keyBits / 4)} bytes for ${rowOf(arrangement)}. Each is (1 + m·n)·rⁿ mod n² with a fresh uniform rⁿ, ` +
        'computed modulo p² and q² through tables of fixed bases; some are made ahead of time while the page is idle.'
      );
    },
  },
  {
    id: 'send',
    where: 'wire',
    title: 'Sent',
    says: 'Only the encrypted numbers leave your computer, along with the public key, which can lock but not open.',
    engineers: ({ request }) =>
      'POST …/infer, the Open Inference Protocol with its binary tensor extension: a JSON header' +
      `${request ? ` of ${counted(request.headerLength, 'byte')}` : ''}, then the ciphertexts. The header has a random ` +
      "id, n, the layout and the card's digest; and, until the service knows the key, the proof that n is sound.",
  },
  {
    id: 'compute',
    where: 'server',
    title: 'Computed',
    says: 'The server applies its model to the locked numbers. It can open neither them nor the result.',
    engineers: ({ card }, _, shown) =>
      `${shown?.fields.public_part ? "The model's private part" : 'The model'} is an affine map of integers, W·x + b. Ciphertexts are raised to the weights and multiplied, which adds up their ` +
      `plaintexts${card ? `; every score fits ${card.slotBits} bits, as the card certifies` : ''}. Fresh randomness and masks hide all but the scores.`,
  },
  {
    id: 'receive',
    where: 'wire',
    title: 'Received',
    says: 'The answer comes back, still locked.',
    engineers: ({ layout, card, keyBits }) => {
      const checks = 'Its id and digests show that it is the answer to exactly this request, as sent, and for this card, this key and this layout.';
      if (!layout || !card) return checks;
      const arrangement = new Arrangement(card, layout, keyBits);
      return `${counted(card.outputs, 'score')} per record, ${counted(arrangement.answers, 'ciphertext')} for ${rowOf(arrangement)}. ${checks}`;
    },
  },
  {
    id: 'decrypt',
    where: 'browser',
    title: 'Decrypted',
    says: 'Your key opens the answer, here in your browser. Nobody else has read it.',
    engineers: ({ card }) =>
      'Modulo p and q and by the Chinese remainder theorem, blinded and checked; then the scores are scaled' +
      `${card ? FINAL[card.fields.output.activation] : ''}.`,
  },
];

/** What becomes of scores. */
const FINAL = {
  softmax: ', and softmax turns them into probabilities',
  sigmoid: ', and sigmoid turns them into probabilities',
  normalized_sigmoid: ', and sigmoid, divided by the sum, turns them into probabilities',
  exp: ', and the exponential function turns them into quantities',
  none: '',
};

/** The records that share ciphertexts. @param {Arrangement} arrangement */
const rowOf = ({ recordsPerRow }) => (recordsPerRow === 1 ? 'one record' : `up to ${counted(recordsPerRow, 'record')}`);

const PLACES = { browser: 'In your browser', wire: 'In transit', server: 'On the server' };

/** The list, and what goes into it. */
export class StepsView {
  /** @type {Map<string, {item: HTMLElement, title: HTMLElement, says: HTMLElement, figures: HTMLElement, note: HTMLElement, bar: HTMLProgressElement, engineers: HTMLElement}>} */
  #rows = new Map();
  #total;

  /** @param {HTMLElement} list @param {HTMLElement} total */
  constructor(list, total) {
    this.#total = total;
    for (const { id, where, ...words } of TEXTS) {
      const title = element('h3', {}, words.title);
      const says = element('p', {}, words.says);
      const figures = element('p', { class: 'figures' });
      const note = element('p', { class: 'note' });
      const bar = element('progress', { max: '1', value: '0', 'aria-label': `${words.title}: progress` });
      const engineers = element('p');
      const item = element(
        'li',
        { id: `step-${id}`, 'data-state': 'idle', 'data-where': where },
        element('div', { class: 'step-head' }, title, element('p', { class: 'where' }, PLACES[where]), figures),
        says,
        bar,
        note,
        element('details', {}, element('summary', {}, 'For engineers'), engineers),
      );
      list.append(item);
      this.#rows.set(id, { item, title, says, figures, note, bar, engineers });
    }
  }

  /**
   * @param {Task} task
   * @param {KeyHolder} keys
   * @param {Card | undefined} card of the model that is asked, or would be
   * @param {SealedState | undefined} sealed the state of the sealed model that is asked, or would be
   * @param {import('../src/card-types.js').Way} way in which it is, or would be
   */
  render(task, keys, card, sealed, way) {
    const others = sealed ? SEALED_WORDS : card?.hidden ? (way === 'direct' ? LAYER_WORDS : HIDDEN_WORDS) : task.way === 'vouchers' ? VOUCHER_WORDS : {};
    for (const text of TEXTS) {
      const row = this.#rows.get(text.id);
      if (!row) continue;
      const words = others[text.id] ?? text;
      row.title.textContent = words.title;
      row.says.textContent = words.says;
      const step = text.id === 'key' ? (sealed ? stepOfSealed(sealed) : stepOfKey(keys)) : task.steps[/** @type {keyof Task['steps']} */ (text.id)];
      row.item.dataset.state = step.state;
      row.figures.textContent = figuresOf(step, text.id === PUBLIC && card ? flowOf(card) : '');
      if (text.id === PUBLIC) row.item.hidden = card?.fields.public_part === undefined;
      row.note.textContent = step.note;
      row.bar.hidden = step.state !== 'running';
      if (step.part > 0) row.bar.value = step.part;
      else row.bar.removeAttribute('value');
      row.engineers.textContent = words.engineers(task, keys, card);
    }
    this.#total.textContent = task.phase === 'done' ? totalOf(task) : '';
  }
}

/** @param {KeyHolder} keys @returns {Step} */
function stepOfKey({ state, time }) {
  const states = /** @type {const} */ ({ none: 'idle', making: 'running', ready: 'done', failed: 'failed' });
  return { state: states[state], time: state === 'ready' ? time : 0, bytes: 0, part: 0, note: '' };
}

/** @param {SealedState} sealed @returns {Step} */
function stepOfSealed({ state, time }) {
  const states = /** @type {const} */ ({ idle: 'idle', opening: 'running', ready: 'done', failed: 'failed' });
  return { state: states[state], time, bytes: 0, part: 0, note: '' };
}

/** @param {Step} step @param {string} flow what goes in and comes out */
function figuresOf({ state, time, bytes }, flow) {
  const figures = flow ? [flow] : [];
  if (bytes > 0) figures.push(size(bytes));
  if (time > 0) figures.push(duration(time));
  if (state === 'failed') figures.push('stopped');
  return figures.join(' · ');
}

/** @param {Task} task */
function totalOf({ steps, requests }) {
  const times = Object.values(steps).reduce((sum, { time }) => sum + time, 0);
  const requested = requests > 1 ? `, in ${counted(requests, 'request')}` : '';
  return `From the question to the answer: ${duration(times)}; ${size(steps.send.bytes)} up, ${size(steps.receive.bytes)} down${requested}.`;
}
