/** The choice of what is encrypted, where a model offers both: the data, with a key of the user's own, or the model. */

import { byId } from './dom.js';
import { SEALED_NOTE } from './sealed-words.js';

/** @typedef {import('../index.js').Card} Card */

export class WayChoice {
  #row;
  #select;
  #note;

  /** @param {'digit' | 'table'} name @param {() => void} onChange */
  constructor(name, onChange) {
    this.#row = byId(`${name}-way-choice`, HTMLElement);
    this.#select = byId(`${name}-way`, HTMLSelectElement);
    this.#note = byId(`${name}-way-note`, HTMLElement);
    this.#note.textContent = SEALED_NOTE;
    this.#select.addEventListener('change', onChange);
  }

  /** Whether a model is asked sealed. @param {Card | undefined} card */
  isSealed(card) {
    return card !== undefined && card.ways.includes('sealed') && (card.ways.length === 1 || this.#select.value === 'sealed');
  }

  /** Offers what a model offers. @param {Card | undefined} card */
  render(card) {
    this.#row.hidden = !card?.ways.includes('sealed') || card.ways.length === 1;
    this.#note.hidden = !this.isSealed(card);
  }
}
