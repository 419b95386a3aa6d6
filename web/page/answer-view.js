/** The answer, large, with one bar per class. */

import { predictedOf, textOfPrediction, textOfPredictions } from './answer-text.js';
import { announce, byId, element } from './dom.js';
import { count } from './format.js';
import { textOfSealed } from './sealed-words.js';
import { textOfVoucher } from './voucher-words.js';

/**
 * @typedef {import('./task.js').Task} Task
 * @typedef {import('./answer-text.js').Bar} Bar
 */

/** More bars than this don't help. */
const MOST_BARS = 20;

const WAITING = 'Only you can read it';

export class AnswerView {
  #prediction = byId('prediction', HTMLElement);
  #bars = byId('bars', HTMLElement);
  #note = byId('answer-note', HTMLElement);
  #way = byId('answer-way', HTMLElement);
  #cancel = byId('cancel', HTMLButtonElement);
  #resume = byId('resume', HTMLButtonElement);
  /** @type {unknown} what was announced last */
  #told;

  /** @param {Task} task */
  render(task) {
    const { phase, card, predictions, question, total } = task;
    this.#cancel.hidden = phase !== 'running';
    this.#resume.hidden = phase !== 'cancelled';
    const isMany = question?.kind === 'csv';
    const [first] = predictedOf(predictions);
    const isThere = card !== undefined && (isMany ? predictions.length > 0 : phase === 'done' && first !== undefined);
    this.#prediction.dataset.state = isThere ? 'there' : phase;
    if (!card || !isThere) {
      const text = { running: 'Asking…', cancelled: 'Cancelled', failed: 'No answer', done: 'No records', idle: WAITING }[phase];
      this.#show(element('span', { class: 'hint' }, text), [], '');
    } else if (isMany) {
      const { text, bars } = textOfPredictions(card, predictions, total);
      const predicted = predictedOf(predictions).length;
      this.#show(headline(count(predicted), predicted === 1 ? 'record predicted' : 'records predicted', 'large'), bars, '');
      if (phase === 'done' || phase === 'failed') this.#tell(predictions, text);
    } else {
      const { headline: label, unit, spoken, note, bars } = textOfPrediction(card, first);
      this.#show(headline(label, unit), bars, note);
      // An answer that follows the pen is told of when it is another one.
      this.#tell(task.way === 'direct' ? predictions : label, spoken);
    }
    this.#way.textContent = isThere ? textOfWay(task) : '';
    if (isThere && !isMany && first.label !== undefined) this.#prediction.dataset.label = first.label;
    else delete this.#prediction.dataset.label;
  }

  /** @param {Node} headline @param {readonly Bar[]} bars @param {string} note */
  #show(headline, bars, note) {
    this.#prediction.replaceChildren(headline);
    this.#bars.replaceChildren(...chosen(bars).map(barOf));
    this.#note.textContent = note;
  }

  /** Announces an answer once. @param {unknown} answer @param {string} text */
  #tell(answer, text) {
    if (this.#told !== answer) announce(text);
    this.#told = answer;
  }
}

/** How the answer came, if not by data that is encrypted with the user's key. @param {Task} task */
function textOfWay(task) {
  if (task.way === 'sealed') return textOfSealed(task);
  return task.way === 'vouchers' ? textOfVoucher(task) : '';
}

/** All bars in their order, or the greatest of too many. @param {readonly Bar[]} bars */
const chosen = (bars) => (bars.length <= MOST_BARS ? bars : [...bars].sort((a, b) => b.share - a.share).slice(0, MOST_BARS));

/** @param {string} text @param {string} unit @param {string} [size] */
function headline(text, unit, size = text.length <= 2 ? 'huge' : text.length <= 8 ? 'large' : text.length <= 24 ? 'medium' : 'long') {
  const fragment = document.createDocumentFragment();
  fragment.append(element('strong', { class: size }, text), element('span', { class: 'unit' }, unit));
  return fragment;
}

/** @param {Bar} bar */
function barOf({ label, share, text, isTop }) {
  const fill = element('span', { class: 'fill', 'aria-hidden': 'true' });
  fill.style.transform = `scaleX(${share})`;
  const item = element(
    'li',
    { class: isTop ? 'top-bar' : '' },
    element('span', { class: 'bar-label' }, label),
    element('span', { class: 'track', 'aria-hidden': 'true' }, fill),
    element('span', { class: 'bar-text' }, text),
  );
  return item;
}
