/** The tab for tables: one record by a form, or many from a CSV file. */

import { VeilcastError, readTable } from '../index.js';
import { byId } from './dom.js';
import { counted, size } from './format.js';
import { TableForm } from './table-form.js';

/**
 * @typedef {import('../index.js').Card} Card
 * @typedef {import('./task.js').Question} Question
 */

const MAX_FILE_BYTES = 256 << 20;

export class TableTab extends EventTarget {
  #form = new TableForm();
  #model = '';
  /** @type {Card['fields']['input'] | undefined} */
  #input;

  constructor() {
    super();
    const form = byId('table-form', HTMLFormElement);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const record = this.#form.record();
      const { features } = this.#input ?? {};
      if (!record || !features) return;
      const records = (/** @type {Card} */ card) => {
        if (String(card.fields.input.features) !== String(features)) throw new VeilcastError('model_changed', 'the model takes other columns now');
        return [record];
      };
      this.#ask({ kind: 'row', model: this.#model, records });
    });
    form.addEventListener('reset', () => this.#form.forgive());
    byId('example', HTMLButtonElement).addEventListener('click', () => this.#form.fillIn());
    const file = byId('csv-file', HTMLInputElement);
    file.addEventListener('change', () => {
      const chosen = file.files?.[0];
      file.value = '';
      this.offer(chosen);
    });
  }

  /** Makes the form of a model. @param {Card} card */
  choose(card) {
    this.#model = card.fields.name;
    this.#input = card.fields.input;
    byId('table-about', HTMLElement).textContent = card.fields.description;
    byId('csv-note', HTMLElement).textContent =
      `A header with the names of the ${counted(card.fields.input.features?.length ?? 0, 'column')}, then a row a record; ` +
      'other columns are left out. The file stays here: only encrypted numbers are sent.';
    this.#form.build(card);
  }

  /** Takes a file that was chosen or dropped. @param {File | undefined} file */
  offer(file) {
    if (file) void this.#take(file);
  }

  /** @param {File} file */
  async #take(file) {
    try {
      if (file.size > MAX_FILE_BYTES) {
        throw new VeilcastError('not_a_table', `the file has ${size(file.size)}; use the program veilcast for tables of this size`);
      }
      const csv = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
      this.#ask({ kind: 'csv', model: this.#model, records: (card) => readTable(card.fields.input, csv) });
    } catch (cause) {
      const error = cause instanceof VeilcastError ? cause : new VeilcastError('not_a_table', 'the file is not text in UTF-8', { cause });
      this.dispatchEvent(new CustomEvent('trouble', { detail: error }));
    }
  }

  /** @param {Question} question */
  #ask(question) {
    this.dispatchEvent(new CustomEvent('ask', { detail: question }));
  }
}
