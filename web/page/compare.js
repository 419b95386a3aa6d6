/** A record's answer that is kept, to be compared with that of another record. */

import { textOfPrediction } from './answer-text.js';
import { announce, byId, element } from './dom.js';

/**
 * @typedef {import('../index.js').Card} Card
 * @typedef {import('../src/outcome.js').RecordPrediction} RecordPrediction
 * @typedef {import('./answer-text.js').AnswerText} AnswerText
 * @typedef {import('./task.js').Shown} Shown
 * @typedef {import('./task.js').Task} Task
 * @typedef {{name: string, before: string, now: string}} Difference
 */

/**
 * The fields in which two records differ.
 *
 * @param {readonly Shown[]} before
 * @param {readonly Shown[]} now of the same fields
 * @returns {Difference[]}
 */
export function differencesOf(before, now) {
  return before.flatMap(({ name, text }, i) => (now[i] && now[i].text !== text ? [{ name, before: text, now: now[i].text }] : []));
}

/** More differences than this aren't listed. */
const MOST_LISTED = 6;

export class Compare {
  /** @type {{card: string, prediction: RecordPrediction, text: AnswerText, shown: Shown[]} | undefined} */
  #kept;
  #keep = byId('keep', HTMLButtonElement);
  #place = byId('kept', HTMLElement);
  #list = byId('differences', HTMLElement);
  /** @type {Task | undefined} */
  #task;

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.#keep.addEventListener('click', () => {
      if (this.#kept) this.#kept = undefined;
      else this.#take();
      announce(this.#kept ? 'Kept. Change a value, and both answers are shown.' : 'No longer compared');
      onChange();
    });
  }

  #take() {
    const { card, predictions, question } = this.#task ?? {};
    const [first] = predictions ?? [];
    if (!card || !first || first.failed || !question?.shown) return;
    this.#kept = { card: card.digest, prediction: first, text: textOfPrediction(card, first), shown: question.shown };
  }

  /**
   * What was kept, if the answer shown is to be compared with it.
   *
   * @param {Task} task
   * @param {Card | undefined} card of the model that is asked, or would be
   * @returns {AnswerText | undefined}
   */
  of(task, card) {
    this.#task = task;
    const isRow = task.question?.kind !== 'csv' && task.question?.kind !== 'digit';
    return isRow && card !== undefined && this.#kept?.card === card.digest ? this.#kept.text : undefined;
  }

  /** @param {Task} task @param {Card | undefined} card @param {boolean} isTable whether the tab for tables is open */
  render(task, card, isTable) {
    const kept = isTable ? this.of(task, card) : undefined;
    const canKeep = isTable && task.phase === 'done' && task.question?.kind === 'row' && task.predictions.some(({ failed }) => !failed);
    this.#keep.hidden = !kept && !canKeep;
    this.#keep.textContent = kept ? 'Stop comparing' : 'Keep it, to compare';
    this.#place.hidden = !kept;
    if (!kept || !this.#kept) return;
    const now = task.question?.shown;
    this.#list.replaceChildren(...(now ? itemsOf(differencesOf(this.#kept.shown, now)) : [element('li', {}, 'Change a value to see both answers.')]));
  }
}

/** @param {readonly Difference[]} differences */
function itemsOf(differences) {
  if (differences.length === 0) return [element('li', {}, 'The two records are alike so far: change a value.')];
  const items = differences.slice(0, MOST_LISTED).map(({ name, before, now }) => element('li', {}, `${name}: ${before} → ${now}`));
  const more = differences.length - MOST_LISTED;
  return more > 0 ? [...items, element('li', {}, `and ${more} more`)] : items;
}
