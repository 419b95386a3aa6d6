/** The choice of the way to ask: three tabs of the same picture, each with what it hides from whom. */

import { byId, element } from './dom.js';
import { WAYS, reasonOf, termsOf } from './way-words.js';

/**
 * @typedef {import('../index.js').Card} Card
 * @typedef {import('../src/card-types.js').Way} Way
 */

export class WayChoice {
  #place = byId('ways', HTMLElement);
  #about = byId('way-about', HTMLElement);
  #buttons = WAYS.map((way) => /** @type {const} */ ([way, byId(`way-${way}`, HTMLInputElement)]));
  /** What a person chose, if anything. @type {Way | undefined} */
  #wanted;
  /** What is shown, so that nothing is said twice. */
  #shown = '';

  /** @param {() => void} onChange */
  constructor(onChange) {
    for (const [way, button] of this.#buttons) {
      button.addEventListener('change', () => {
        this.#wanted = way;
        onChange();
      });
    }
  }

  /** What a person chose, if anything. */
  get wanted() {
    return this.#wanted;
  }

  /** Chooses what an address says, if it names a way. @param {string | null} way */
  want(way) {
    this.#wanted = WAYS.find((known) => known === way);
  }

  /** The way in which a model is asked: the chosen one if it is offered so, or else the first that it is. @param {Card | undefined} card @returns {Way} */
  of(card) {
    const offered = card?.ways ?? WAYS;
    if (this.#wanted && offered.includes(this.#wanted)) return this.#wanted;
    return WAYS.find((way) => offered.includes(way)) ?? 'direct';
  }

  /** Offers what a model offers, and says what its way hides. @param {Card | undefined} card @param {number} keyBits */
  render(card, keyBits) {
    this.#place.hidden = !card;
    if (!card) return;
    const chosen = this.of(card);
    const shown = [card.digest, chosen, keyBits].join(' ');
    if (shown === this.#shown) return;
    this.#shown = shown;
    for (const [way, button] of this.#buttons) {
      const isOffered = card.ways.includes(way);
      button.checked = way === chosen;
      button.disabled = !isOffered;
      byId(`way-${way}-label`, HTMLElement).title = isOffered ? '' : reasonOf(way);
    }
    this.#about.replaceChildren(
      ...termsOf(card, chosen, keyBits).map(({ term, text }) => element('div', {}, element('dt', {}, term), element('dd', {}, text))),
    );
  }
}
