/** The key at the top of the page: its size, and what happens while it is made. */

import { byId } from './dom.js';
import { counted, seconds } from './format.js';
import { SEALED_INTRO } from './sealed-words.js';

/** @typedef {import('./key-holder.js').KeyHolder} KeyHolder */

const INTRO = byId('intro', HTMLElement).textContent;

export class KeyView {
  #place = byId('key', HTMLElement);
  #text = byId('key-state', HTMLElement);
  #size = byId('key-size', HTMLSelectElement);
  #bar = byId('key-progress', HTMLProgressElement);
  /** @type {KeyHolder | undefined} that makes a key now */
  #making;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #clock;

  /** Shows the key, where one is needed. @param {KeyHolder} keys @param {boolean} isSealed */
  render(keys, isSealed) {
    const { state } = keys;
    this.#place.dataset.state = isSealed ? 'none' : state;
    this.#size.hidden = isSealed;
    this.#making = !isSealed && state === 'making' ? keys : undefined;
    this.#bar.hidden = !this.#making;
    if (this.#making) {
      if (keys.part > 0) this.#bar.value = keys.part;
      else this.#bar.removeAttribute('value');
      this.#clock ??= setInterval(() => this.#tick(), 500);
      this.#tick();
    } else {
      clearInterval(this.#clock);
      this.#clock = undefined;
      const texts = { none: 'No key yet', making: '', ready: 'Your key is ready', failed: 'There is no key' };
      this.#text.textContent = isSealed ? 'No key of yours is needed' : texts[state];
    }
    const intro = byId('intro', HTMLElement);
    const text = isSealed ? SEALED_INTRO : INTRO;
    if (intro.textContent !== text) intro.textContent = text;
  }

  /** What happens now, and for how long it has. */
  #tick() {
    if (!this.#making) return;
    const { bits, part, since } = this.#making;
    const doing = part === 0 ? `looking for two primes of ${counted(bits / 2, 'bit')}` : 'proving that it is sound';
    this.#text.textContent = `Making your key: ${doing}, ${seconds(performance.now() - since)}`;
  }
}
