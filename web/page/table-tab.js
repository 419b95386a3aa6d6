/** The tab for tables: one record by a form, or many from a CSV file. */

import { VeilcastError } from '../index.js';
import { byId } from './dom.js';
import { counted, size } from './format.js';
import { readTableFile } from './table-file.js';
import { TableForm } from './table-form.js';

/**
 * @typedef {import('../index.js').Card} Card
 * @typedef {import('./task.js').Question} Question
 */

const MAX_FILE_BYTES = 256 << 20;

export class TableTab extends EventTarget {
  #form = new TableForm();
  /** The model that the form is for. @type {Card | undefined} */
  #card;

  constructor() {
    super();
    const form = byId('table-form', HTMLFormElement);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#form.record()) this.#ask(this.question());
    });
    form.addEventListener('reset', () => {
      this.#form.forgive();
      // The fields are emptied after this.
      setTimeout(() => this.#changed('change'));
    });
    byId('example', HTMLButtonElement).addEventListener('click', () => {
      this.#form.fillIn();
      this.#changed('change');
    });
    for (const type of /** @type {const} */ (['input', 'change'])) form.addEventListener(type, () => this.#changed(type));
    const file = byId('csv-file', HTMLInputElement);
    file.addEventListener('change', () => {
      const chosen = file.files?.[0];
      file.value = '';
      this.offer(chosen);
    });
  }

  /** @param {boolean} isAllowed whether the model can be asked */
  allow(isAllowed) {
    byId('predict-row', HTMLButtonElement).disabled = !isAllowed;
    byId('csv-file', HTMLInputElement).disabled = !isAllowed;
  }

  /** Makes the form of a model, unless it exists already: what was filled in stays. @param {Card} card @param {boolean} isSealed whether it is asked sealed */
  choose(card, isSealed) {
    byId('csv-note', HTMLElement).textContent =
      `A header with the names of the ${counted(card.fields.input.features?.length ?? 0, 'column')}, then one row per record; ` +
      `other columns are left out. The file stays here: only ${isSealed ? 'masked' : 'encrypted'} numbers are sent.`;
    if (card.digest === this.#card?.digest) return;
    this.#card = card;
    byId('table-about', HTMLElement).textContent = card.fields.description;
    this.#form.build(card);
  }

  /** What the form asks as it is filled in now; undefined if a field isn't right. @returns {Question | undefined} */
  question() {
    const [record, features, model] = [this.#form.cells(), this.#card?.fields.input.features, this.#card?.fields.name];
    if (!record || !features || model === undefined) return undefined;
    const records = (/** @type {Card} */ card) => {
      if (String(card.fields.input.features) !== String(features)) throw new VeilcastError('model_changed', 'the model takes different columns now');
      return [record];
    };
    return { kind: 'row', model, records, shown: this.#form.shown() };
  }

  /** Tells that the form is filled in otherwise. @param {'input' | 'change'} type */
  #changed(type) {
    this.dispatchEvent(new Event(type));
  }

  /** Takes a file that was chosen or dropped. @param {File | undefined} file */
  offer(file) {
    if (file) void this.#take(file);
  }

  /** @param {File} file */
  async #take(file) {
    const said = byId('csv-said', HTMLElement);
    try {
      said.textContent = '';
      if (file.size > MAX_FILE_BYTES) {
        throw new VeilcastError('not_a_table', `the file has ${size(file.size)}; use the program veilcast for tables of this size`);
      }
      const content = new Uint8Array(await file.arrayBuffer());
      const model = this.#card?.fields.name;
      if (model === undefined) return;
      /** @type {import('./task.js').Others | undefined} */
      let read;
      this.#ask({
        kind: 'csv',
        model,
        others: () => read,
        records: async (card, signal) => {
          said.textContent = 'Reading the table…';
          try {
            const table = (read = await readTableFile(card.fields.input, content, signal));
            said.textContent = table.said.length > 0 ? `About the file: ${table.said.join('; ')}.` : '';
            return table.records;
          } catch (error) {
            said.textContent = '';
            throw error;
          }
        },
      });
    } catch (cause) {
      const error = cause instanceof VeilcastError ? cause : new VeilcastError('not_a_table', 'the file cannot be read', { cause });
      this.dispatchEvent(new CustomEvent('trouble', { detail: error }));
    }
  }

  /** @param {Question | undefined} question */
  #ask(question) {
    if (question) this.dispatchEvent(new CustomEvent('ask', { detail: question }));
  }
}
