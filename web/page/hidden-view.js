/** A network's hidden layers, as the server has them: rows of locked cells. */

import { byId, element } from './dom.js';
import { count } from './format.js';
import { textOfLayers } from './hidden-words.js';

/** Cells that are drawn of a layer, at most. */
const MOST_CELLS = 12;

export class HiddenView {
  #place = byId('hidden-layers', HTMLElement);
  #cell = byId('locked-cell', HTMLTemplateElement);
  /** @type {string | undefined} of the card that is shown */
  #shown;

  /** @param {import('../index.js').Card | undefined} card of the model that is asked, or would be */
  render(card) {
    if (card?.digest === this.#shown) return;
    this.#shown = card?.digest;
    const sizes = card?.hidden?.sizes ?? [];
    this.#place.hidden = sizes.length === 0;
    if (!card || sizes.length === 0) return this.#place.replaceChildren();
    this.#place.replaceChildren(...sizes.map((size) => this.#row(size)), element('p', {}, textOfLayers(card)));
  }

  /** The sentence below says the same. @param {number} size */
  #row(size) {
    const cells = Array.from({ length: Math.min(size, MOST_CELLS) }, () => this.#cell.content.cloneNode(true));
    const more = size > MOST_CELLS ? [element('span', {}, `+ ${count(size - MOST_CELLS)}`)] : [];
    return element('div', { class: 'cells', 'aria-hidden': 'true' }, ...cells, ...more);
  }
}
