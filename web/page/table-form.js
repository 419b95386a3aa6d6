/** The form for one record of a table. */

import { byId, element } from './dom.js';
import { cellOf, fieldsOf, hintOf, otherThan } from './table-fields.js';

/** The field that is shown as empty. */
const EMPTY = '(empty)';

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
        const unit = element('span', { id: `${control.id}-unit`, class: 'unit' }, field.isDate ? '' : (field.unit ?? ''));
        const entry = element('div', { class: 'entry' }, control, unit);
        return element('div', { class: 'field' }, element('label', { for: control.id }, ...breakable(field.label)), entry, hint, problem);
      }),
    );
    this.fillIn();
  }

  fillIn() {
    for (const { field, control } of this.#rows) control.value = field.example;
    this.forgive();
  }

  /** Clears the problems shown at fields. */
  forgive() {
    for (const row of this.#rows) blame(row, '');
  }

  /** The record's cells as they are now; undefined if a field isn't right. @returns {Cell[] | undefined} */
  cells() {
    const results = this.#rows.map(resultOf);
    const cells = results.flatMap((result) => ('cell' in result ? [result.cell] : []));
    return cells.length === results.length ? cells : undefined;
  }

  /** What is filled in, for people. @returns {import('./task.js').Shown[]} */
  shown() {
    return this.#rows.map(({ field: { label, unit, isDate }, control: { value } }) => ({
      name: label,
      text: value.trim() === '' ? EMPTY : unit && !isDate ? `${value} ${unit}` : value,
    }));
  }

  /** The record's cells; undefined if a field isn't right, which then has the focus. @returns {Cell[] | undefined} */
  record() {
    /** @type {Cell[]} */
    const cells = [];
    let first;
    for (const row of this.#rows) {
      const { control } = row;
      const result = resultOf(row);
      blame(row, 'problem' in result ? result.problem : '');
      if ('cell' in result) cells.push(result.cell);
      else first ??= control;
    }
    first?.focus();
    return first ? undefined : cells;
  }
}

/** @param {{field: Field, control: HTMLInputElement | HTMLSelectElement}} row */
function resultOf({ field, control }) {
  // A field of numbers returns no text for something that isn't one.
  return control.validity.badInput ? { problem: 'This is not a number.' } : cellOf(field, control.value);
}

/** @param {Field} field @param {string} id */
function rowOf(field, id) {
  const describedBy = { 'aria-describedby': `${id}-unit ${id}-hint ${id}-problem` };
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
