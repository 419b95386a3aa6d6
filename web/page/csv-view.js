/** The predictions of a whole table: the first ones shown, all of them to save. */

import { textOfPredictions } from './answer-text.js';
import { csvOf } from './csv-out.js';
import { byId, element, save } from './dom.js';
import { about, count, percent, short } from './format.js';

/**
 * @typedef {import('../index.js').Card} Card
 * @typedef {import('../src/outcome.js').Outcome} Outcome
 * @typedef {import('./task.js').Task} Task
 */

const MOST_ROWS = 100;
/** More classes than this don't get a column each. */
const MOST_CLASSES = 6;

export class CsvView {
  #section = byId('csv-output', HTMLElement);
  #table = byId('csv-results', HTMLTableElement);
  #progress = byId('csv-progress', HTMLProgressElement);
  #save = byId('save-csv', HTMLButtonElement);
  /** @type {Task | undefined} */
  #task;
  /** @type {readonly Outcome[] | undefined} whose rows are shown */
  #predictions;
  #keep = byId('csv-keep', HTMLSelectElement);
  /** What the columns to keep are of. @type {import('./task.js').Others | undefined} */
  #others;
  /** The column that is shown. @type {import('./csv-out.js').Kept | undefined} */
  #shown;

  constructor() {
    this.#keep.addEventListener('change', () => {
      this.#predictions = undefined;
      if (this.#task) this.render(this.#task);
    });
    this.#save.addEventListener('click', () => {
      const { card, predictions, question } = this.#task ?? {};
      if (card && predictions) save(`${question?.model}-predictions.csv`, csvOf(card, predictions, this.#kept), 'text/csv');
    });
  }

  /** The column that is kept beside the predictions, if one is chosen. @returns {import('./csv-out.js').Kept | undefined} */
  get #kept() {
    const name = this.#keep.value;
    return name !== '' && this.#others ? { name, cells: this.#others.cellsOf(name) } : undefined;
  }

  /** Offers the columns of a file that can be kept. @param {import('./task.js').Others | undefined} others */
  #offer(others) {
    if (others === this.#others) return;
    this.#others = others;
    const names = others?.others ?? [];
    this.#keep.replaceChildren(element('option', { value: '' }, 'nothing'), ...names.map((name) => element('option', { value: name }, name)));
    byId('csv-keep-choice', HTMLElement).hidden = names.length === 0;
  }

  /** @param {Task} task */
  render(task) {
    const { card, predictions, question, total, phase } = task;
    this.#task = task;
    const isShown = question?.kind === 'csv' && card !== undefined && total > 0;
    this.#section.hidden = !isShown;
    if (!isShown) return;
    this.#offer(question.others?.());
    byId('csv-summary', HTMLElement).textContent = textOfPredictions(card, predictions, total).text + remainderOf(task);
    this.#progress.hidden = phase !== 'running';
    this.#progress.max = total;
    this.#progress.value = predictions.length;
    this.#save.disabled = predictions.length === 0;
    this.#renderRows(card, predictions);
    const more = predictions.length - MOST_ROWS;
    byId('csv-more', HTMLElement).textContent = more > 0 ? `The first ${MOST_ROWS} of ${count(predictions.length)}; the file has all of them.` : '';
  }

  /** @param {Card} card @param {readonly Outcome[]} predictions */
  #renderRows(card, predictions) {
    const [head, body] = [this.#table.tHead, this.#table.tBodies[0]];
    if (this.#predictions !== predictions) {
      this.#shown = this.#kept;
      head?.replaceChildren(rowOf('th', beside(titlesOf(card), this.#shown?.name)));
      body.replaceChildren();
      this.#predictions = predictions;
    }
    for (let i = body.rows.length; i < Math.min(predictions.length, MOST_ROWS); i++) {
      const row = rowOf('td', beside(cellsOf(card, predictions[i], i), this.#shown?.cells[i]));
      row.classList.toggle('marked', predictions[i].failed !== undefined);
      body.append(row);
    }
  }
}

/** A row with a cell more, after the record's number, if there is one. @param {readonly string[]} row @param {string | undefined} cell */
const beside = ([first, ...rest], cell) => (cell === undefined ? [first, ...rest] : [first, cell, ...rest]);

/** How long the rest will take, at the pace so far. @param {Task} task */
function remainderOf({ phase, predictions, total, pace }) {
  if (phase !== 'running' || pace === 0) return '';
  return ` About ${about((total - predictions.length) * pace)} left.`;
}

/** @param {Card} card */
function titlesOf(card) {
  const { labels, activation, units } = card.fields.output;
  if (card.task === 'quantities') return ['Record', ...labels.map((label, i) => (units?.[i] ? `${label} (${units[i]})` : label))];
  if (labels.length > MOST_CLASSES) return ['Record', 'Prediction', activation === 'none' ? 'Score' : 'Probability'];
  return ['Record', 'Prediction', ...labels];
}

/** @param {Card} card @param {Outcome} outcome @param {number} record */
function cellsOf(card, outcome, record) {
  if (outcome.failed) return titlesOf(card).map((_, i) => (i === 0 ? count(record) : i === 1 ? 'no prediction' : ''));
  if (outcome.values) return [count(record), ...outcome.values.map(short)];
  const { label, index, scores, probabilities } = outcome;
  const { labels } = card.fields.output;
  const figures = probabilities ? probabilities.map(percent) : scores.map(short);
  return [count(record), label, ...(labels.length > MOST_CLASSES ? [figures[index]] : figures)];
}

/** @param {'th' | 'td'} tag @param {readonly string[]} texts */
function rowOf(tag, texts) {
  return element('tr', {}, ...texts.map((text) => element(tag, tag === 'th' ? { scope: 'col' } : {}, text)));
}
