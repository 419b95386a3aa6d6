/** The form for one record of a table. */

import { byId, element } from './dom.js';
import { cellOf, fieldsOf, hintOf, otherThan } from './table-fields.js';

/**
 * @typedef {import('../index.js').Card} Card
 * @typedef {import('../src/preprocessing.js').Cell} Cell
 * @typedef {import('./table-fields.js').Field} Field
 */

export class TableForm {
  #fields = byId('table-fields', HTMLElement);
  /** @type {{field: Field, control: HTMLInputElement | HTMLSelectElement, problem: HTMLElement}[]} */
  #rows = [];

  /** Makes the form of a model. @param {Card} card */
  build(card) {
    this.#rows = fieldsOf(card.fields.input).map((field, i) => rowOf(field, `field-${i}`));
    this.#fields.replaceChildren(
      ...this.#rows.map(({ field, control, problem }) => {
        const hint = element('small', { id: `${control.id}-hint` }, hintOf(field));
        return element('div', { class: 'field' }, element('label', { for: control.id }, ...breakable(field.label)), control, hint, problem);
      }),
    );
  }

  fillIn() {
    for (const { field, control } of this.#rows) control.value = field.example;
    this.forgive();
  }

  /** Clears the problems shown at fields. */
  forgive() {
    for (const row of this.#rows) blame(row, '');
  }

  /** The record's cells; undefined if a field isn't right, which then has the focus. @returns {Cell[] | undefined} */
  record() {
    /** @type {Cell[]} */
    const cells = [];
    let first;
    for (const row of this.#rows) {
      const { field, control } = row;
      // A field of numbers returns no text for something that isn't one.
      const result = control.validity.badInput ? { problem: 'This is not a number.' } : cellOf(field, control.value);
      blame(row, 'problem' in result ? result.problem : '');
      if ('cell' in result) cells.push(result.cell);
      else first ??= control;
    }
    first?.focus();
    return first ? undefined : cells;
  }
}

/** @param {Field} field @param {string} id */
function rowOf(field, id) {
  const describedBy = { 'aria-describedby': `${id}-hint ${id}-problem` };
  const control = field.categories
    ? element('select', { id, name: field.name, ...describedBy }, ...optionsOf(field, field.categories))
    : element('input', { id, name: field.name, autocomplete: 'off', ...kindOf(field), ...describedBy });
  const problem = element('small', { id: `${id}-problem`, class: 'field-problem' });
  control.addEventListener('input', () => blame({ control, problem }, ''));
  return { field, control, problem };
}

/** What is typed into a field. @param {Field} field @returns {Record<string, string>} */
const kindOf = ({ isDate }) => (isDate ? { type: 'date' } : { type: 'number', step: 'any', inputmode: 'decimal' });

/** A name that can break onto the next line after an underscore or a point. @param {string} name */
const breakable = (name) => name.split(/(?<=[_.])/).flatMap((part) => [part, element('wbr')]);

/** @param {Field} field @param {string[]} categories */
function optionsOf({ imputed, takesOthers }, categories) {
  const first = element('option', { value: '' }, imputed === undefined ? 'Choose…' : '(missing)');
  const options = categories.map((category) => element('option', { value: category }, category));
  return [first, ...options, ...(takesOthers ? [element('option', { value: otherThan(categories) }, '(another)')] : [])];
}

/** @param {{control: HTMLElement, problem: HTMLElement}} row @param {string} text */
function blame({ control, problem }, text) {
  problem.textContent = text;
  if (text) control.setAttribute('aria-invalid', 'true');
  else control.removeAttribute('aria-invalid');
}
