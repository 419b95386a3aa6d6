/** The middle of the picture: the server's sums on locked numbers, the locked answer, and what another key makes of it. */

import { announce, byId } from './dom.js';
import { count, counted, duration, size } from './format.js';
import { openedWrongly } from './other-key.js';

/**
 * @typedef {import('../index.js').Card} Card
 * @typedef {import('../src/card-types.js').Way} Way
 * @typedef {import('./task.js').Task} Task
 * @typedef {import('./task.js').Message} Message
 */

/** Cells that are drawn of the sums, at most. */
const MOST_CELLS = 10;

/** Numbers that are shown of what another key opens. */
const MOST_SHOWN = 10;

const WORDS = {
  direct: { numbers: 'locked numbers', still: 'still locked', other: 'Try another key', opened: 'Another key opens it to' },
  vouchers: { numbers: 'masked numbers', still: 'still masked', other: 'Try other random numbers', opened: 'Other random numbers turn it into' },
  sealed: { numbers: 'masked numbers', still: 'still masked', other: 'Try other random numbers', opened: 'Other random numbers turn it into' },
};

export class SumsView {
  #place = byId('sums', HTMLElement);
  #cells = byId('sums-cells', HTMLElement);
  #text = byId('sums-text', HTMLElement);
  #locked = byId('locked-answer', HTMLElement);
  #other = byId('other-key', HTMLButtonElement);
  #opened = byId('opened-wrongly', HTMLElement);
  #cell = byId('locked-cell', HTMLTemplateElement);
  /** @type {Task | undefined} */
  #task;
  /** The answer that was opened wrongly. @type {Message | undefined} */
  #about;

  constructor() {
    this.#other.addEventListener('click', () => void this.#open());
  }

  /** @param {Task} task @param {Card | undefined} card of the model that is asked, or would be @param {Way} way */
  render(task, card, way) {
    this.#task = task;
    const { state, time } = task.steps.compute;
    this.#place.dataset.state = state;
    const cells = Math.min(card?.features ?? 0, MOST_CELLS);
    if (this.#cells.childElementCount !== cells) this.#cells.replaceChildren(...Array.from({ length: cells }, () => this.#cell.content.cloneNode(true)));
    this.#text.textContent = card ? sumsOf(card, way, state, time) : '';
    const { answer, question } = task;
    this.#locked.hidden = !answer || answer.headerLength === 0;
    if (answer !== this.#about) this.#opened.textContent = '';
    if (!answer || answer.headerLength === 0) return;
    const words = WORDS[task.way];
    byId('locked-text', HTMLElement).textContent =
      `The answer, ${words.still}: ${size(answer.bytes.length - answer.headerLength)}. This is all that the server knows of it.`;
    this.#other.textContent = words.other;
    this.#other.hidden = task.phase !== 'done' || question?.kind === 'csv';
  }

  async #open() {
    const task = this.#task;
    const answer = task?.answer;
    if (!task || !answer || this.#other.getAttribute('aria-disabled') === 'true') return;
    const { opened } = WORDS[task.way];
    this.#about = answer;
    this.#other.setAttribute('aria-disabled', 'true');
    this.#opened.textContent = task.way === 'direct' ? 'Making another key…' : '';
    try {
      const { scores, impossible } = await openedWrongly(task);
      if (task.answer !== answer) return;
      const shown = scores
        .slice(0, MOST_SHOWN)
        .map((score) => count(Number(score)))
        .join(' · ');
      const beyond =
        impossible > 0 ? ` ${impossible} of ${counted(scores.length, 'number')} ${impossible === 1 ? 'is' : 'are'} beyond what this model can answer.` : '';
      this.#opened.textContent = `${opened} ${shown}${scores.length > MOST_SHOWN ? ' …' : ''}: nonsense, and other nonsense each time.${beyond}`;
    } catch {
      if (task.answer === answer) this.#opened.textContent = 'Another key could not be made.';
    } finally {
      this.#other.removeAttribute('aria-disabled');
    }
    announce(this.#opened.textContent ?? '');
  }
}

/** What the server computes. @param {Card} card @param {Way} way @param {string} state @param {number} time */
function sumsOf(card, way, state, time) {
  const { numbers } = WORDS[way];
  const took = state === 'done' && time > 0 ? `, ${duration(time)}` : '';
  if (way === 'sealed') return state === 'running' ? 'Opening its lock…' : `It opens its own lock, and finds ${counted(card.outputs, 'masked number')}${took}.`;
  const sums = `${counted(card.outputs, 'sum')} of ${count(card.features)} ${numbers}`;
  if (card.hidden) return state === 'running' ? 'Its layers are being computed…' : `It computes layer by layer, on ${numbers}${took}.`;
  return state === 'running' ? `Computing ${sums}…` : `It computes ${sums}${took}.`;
}
