/** The predictions of a whole table: shown page by page, and all of them to save. */

import { textOfPredictions } from './answer-text.js';
import { csvOf } from './csv-out.js';
import { byId, element, save } from './dom.js';
import { about, count, percent, short } from './format.js';

/**
 * @typedef {import('../index.js').Card} Card
 * @typedef {import('../src/outcome.js').Outcome} Outcome
 * @typedef {import('./task.js').Task} Task
 */

/** Rows of a page. */
const PAGE_ROWS = 100;
/** More classes than this don't get a column each. */
const MOST_CLASSES = 6;

export class CsvView {
  #section = byId('csv-output', HTMLElement);
  #table = byId('csv-results', HTMLTableElement);
  #progress = byId('csv-progress', HTMLProgressElement);
  #save = byId('save-csv', HTMLButtonElement);
  /** @type {Task | undefined} */
  #task;
  #before = byId('csv-before', HTMLButtonElement);
  #after = byId('csv-after', HTMLButtonElement);
  /** @type {readonly Outcome[] | undefined} whose rows are shown */
  #predictions;
  /** The page that is shown, from 0. */
  #page = 0;
  #keep = byId('csv-keep', HTMLSelectElement);
  /** What the columns to keep are of. @type {import('./task.js').Others | undefined} */
  #others;
  /** The column that is shown. @type {import('./csv-out.js').Kept | undefined} */
  #shown;

  constructor() {
    this.#keep.addEventListener('change', () => this.#turnTo(this.#page));
    this.#before.addEventListener('click', () => this.#turnTo(this.#page - 1));
    this.#after.addEventListener('click', () => this.#turnTo(this.#page + 1));
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
    if (this.#predictions !== predictions) this.#begin(card, predictions, 0);
    this.#renderRows(card, predictions);
    this.#renderPages(predictions.length, total);
  }

  /** Shows another page of the same predictions. @param {number} page */
  #turnTo(page) {
    const { card, predictions, total } = this.#task ?? {};
    if (!card || !predictions || total === undefined || page < 0 || page * PAGE_ROWS >= predictions.length) return;
    this.#begin(card, predictions, page);
    this.#renderRows(card, predictions);
    this.#renderPages(predictions.length, total);
    this.#table.parentElement?.scrollTo({ top: 0 });
  }

  /** @param {Card} card @param {readonly Outcome[]} predictions @param {number} page */
  #begin(card, predictions, page) {
    this.#predictions = predictions;
    this.#page = page;
    this.#shown = this.#kept;
    const titles = rowOf('th', beside(titlesOf(card), this.#shown?.name));
    titles.setAttribute('aria-rowindex', '1');
    this.#table.tHead?.replaceChildren(titles);
    this.#table.tBodies[0].replaceChildren();
  }

  /** What page of how many. @param {number} predicted @param {number} total */
  #renderPages(predicted, total) {
    // Of the whole table, with its header, however much of it is shown.
    this.#table.setAttribute('aria-rowcount', String(total + 1));
    const [first, end] = [this.#page * PAGE_ROWS, (this.#page + 1) * PAGE_ROWS];
    byId('csv-pages', HTMLElement).hidden = total <= PAGE_ROWS;
    byId('csv-range', HTMLElement).textContent = `Rows ${count(first + 1)} to ${count(Math.min(end, total))} of ${count(total)}`;
    // A disabled button would lose the focus.
    this.#before.setAttribute('aria-disabled', String(first === 0));
    this.#after.setAttribute('aria-disabled', String(end >= predicted));
  }

  /** Adds the rows of the page that have come. @param {Card} card @param {readonly Outcome[]} predictions */
  #renderRows(card, predictions) {
    const body = this.#table.tBodies[0];
    const first = this.#page * PAGE_ROWS;
    for (let i = first + body.rows.length; i < Math.min(predictions.length, first + PAGE_ROWS); i++) {
      const row = rowOf('td', beside(cellsOf(card, predictions[i], i), this.#shown?.cells[i]));
      row.setAttribute('aria-rowindex', String(i + 2));
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
