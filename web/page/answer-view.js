/** The answer, large, with one bar per class, beside one that was kept. */

import { predictedOf, textOfPrediction, textOfPredictions } from './answer-text.js';
import { announce, byId, element } from './dom.js';
import { count } from './format.js';
import { textOfSealed } from './sealed-words.js';
import { textOfVoucher } from './voucher-words.js';

/**
 * @typedef {import('./task.js').Task} Task
 * @typedef {import('./answer-text.js').AnswerText} AnswerText
 * @typedef {import('./answer-text.js').Bar} Bar
 */

/** More bars than this don't help. */
const MOST_BARS = 20;

const WAITING = 'Only you can read it';

/** @type {Pick<AnswerText, 'bars' | 'note' | 'tone' | 'why'>} */
const NOTHING = { bars: [], note: '', tone: '', why: '' };

export class AnswerView {
  #prediction = byId('prediction', HTMLElement);
  #keptPrediction = byId('kept-prediction', HTMLElement);
  #bars = byId('bars', HTMLElement);
  #note = byId('answer-note', HTMLElement);
  #doubt = byId('doubt', HTMLElement);
  #way = byId('answer-way', HTMLElement);
  #cancel = byId('cancel', HTMLButtonElement);
  #resume = byId('resume', HTMLButtonElement);
  /** @type {unknown} what was announced last */
  #told;

  /**
   * @param {Task} task
   * @param {AnswerText | undefined} kept to be compared with
   * @param {string} odd what the browser itself found odd about the record; nothing if nothing is
   */
  render(task, kept, odd) {
    const { phase, card, predictions, question, total } = task;
    this.#cancel.hidden = phase !== 'running';
    this.#resume.hidden = phase !== 'cancelled';
    const isMany = question?.kind === 'csv';
    const [first] = predictedOf(predictions);
    const isThere = card !== undefined && (isMany ? predictions.length > 0 : phase === 'done' && first !== undefined);
    this.#prediction.dataset.state = isThere ? 'there' : phase;
    this.#keptPrediction.hidden = kept === undefined;
    if (kept) this.#keptPrediction.replaceChildren(element('span', { class: 'unit' }, 'Kept'), headline(kept.headline, kept.unit, pairedSize(kept.headline)));
    this.#keptPrediction.dataset.tone = kept?.tone ?? '';
    if (!card || !isThere) {
      const text = { running: 'Asking…', cancelled: 'Cancelled', failed: 'No answer', done: 'No records', idle: WAITING }[phase];
      this.#show(
        element('span', { class: 'hint' }, text),
        { ...NOTHING, bars: (kept?.bars ?? []).map((bar) => ({ ...bar, share: 0, text: '', isTop: false })) },
        kept,
      );
    } else if (isMany) {
      const { text, bars } = textOfPredictions(card, predictions, total);
      const predicted = predictedOf(predictions).length;
      this.#show(headline(count(predicted), predicted === 1 ? 'record predicted' : 'records predicted', 'large'), { ...NOTHING, bars }, undefined);
      if (phase === 'done' || phase === 'failed') this.#tell(predictions, text);
    } else {
      const said = withOddity(textOfPrediction(card, first), odd);
      const shown = kept
        ? [element('span', { class: 'unit' }, 'Now'), headline(said.headline, said.unit, pairedSize(said.headline))]
        : [headline(said.headline, said.unit)];
      this.#show(shown, said, kept);
      // An answer that follows what a person does is told of when it is another one.
      this.#tell(task.way === 'direct' ? predictions : first.label, said.spoken);
    }
    this.#way.textContent = isThere ? textOfWay(task) : '';
    if (isThere && !isMany && first.label !== undefined) this.#prediction.dataset.label = first.label;
    else delete this.#prediction.dataset.label;
  }

  /** @param {Node | Node[]} headline @param {Pick<AnswerText, 'bars' | 'note' | 'tone' | 'why'>} said @param {AnswerText | undefined} kept */
  #show(headline, { bars, note, tone, why }, kept) {
    this.#prediction.replaceChildren(...[headline].flat());
    this.#prediction.dataset.tone = tone;
    this.#bars.replaceChildren(
      ...chosen(bars).map((bar) =>
        barOf(
          bar,
          kept?.bars.find(({ label }) => label === bar.label),
        ),
      ),
    );
    this.#note.textContent = note;
    this.#doubt.hidden = why === '';
    byId('doubt-why', HTMLElement).textContent = why;
  }

  /** Announces an answer once. @param {unknown} answer @param {string} text */
  #tell(answer, text) {
    if (this.#told !== answer) announce(text);
    this.#told = answer;
  }
}

/** An answer to a record that the browser itself finds odd is in doubt, whatever the model says. @param {AnswerText} said @param {string} odd @returns {AnswerText} */
function withOddity(said, odd) {
  if (!odd) return said;
  if (said.tone === 'doubt') return { ...said, why: `${odd} ${said.why}` };
  return { ...said, tone: 'doubt', headline: `${said.headline}?`, why: odd, spoken: `${said.spoken}. In doubt: ${odd}` };
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

/** Of one of two answers side by side. @param {string} text */
const pairedSize = (text) => (text.length <= 9 ? 'paired' : 'long');

/** @param {Bar} bar @param {Bar | undefined} kept */
function barOf({ label, share, text, isTop, tone }, kept) {
  const tracks = element('span', { class: 'tracks', 'aria-hidden': 'true' }, ...(kept ? [trackOf(kept.share, 'kept-fill')] : []), trackOf(share, 'fill'));
  const texts = element(
    'span',
    { class: 'bar-texts' },
    ...(kept ? [element('span', { class: 'kept-text' }, kept.text, element('span', { class: 'visually-hidden' }, ' kept, now '))] : []),
    element('span', { class: 'bar-text' }, text),
  );
  return element('li', { class: isTop ? 'top-bar' : '', 'data-tone': tone }, element('span', { class: 'bar-label' }, label), tracks, texts);
}

/** @param {number} share @param {string} kind */
function trackOf(share, kind) {
  const fill = element('span', { class: kind });
  fill.style.transform = `scaleX(${share})`;
  return element('span', { class: 'track' }, fill);
}
