/** What went wrong, in plain words, with what helps. */

import { byId } from './dom.js';
import { troubleOf } from './errors.js';

/** @typedef {import('./errors.js').Trouble} Trouble */

const HELP = { retry: 'Try again', key: 'Make a new key', models: 'Reload the models', input: '', token: 'Enter a token' };

export class ProblemView {
  #section = byId('problem', HTMLElement);
  #help = byId('retry', HTMLButtonElement);
  /** @type {unknown} */
  #error;
  /** @type {Trouble['help']} */
  #kind = 'input';

  /** @param {(help: Trouble['help'], error: unknown) => void} onHelp @param {(error: unknown) => void} onClose */
  constructor(onHelp, onClose) {
    this.#help.addEventListener('click', () => onHelp(this.#kind, this.#error));
    byId('dismiss', HTMLButtonElement).addEventListener('click', () => onClose(this.#error));
  }

  /** @param {unknown} error undefined if there is none */
  render(error) {
    if (error === this.#error) return;
    this.#error = error;
    this.#section.hidden = error === undefined;
    if (error === undefined) return;
    const { title, text, help, code, detail } = troubleOf(error);
    this.#kind = help;
    byId('problem-title', HTMLElement).textContent = title;
    byId('problem-text', HTMLElement).textContent = text;
    byId('problem-code', HTMLElement).textContent = code;
    byId('problem-detail', HTMLElement).textContent = detail;
    this.#help.textContent = HELP[help];
    this.#help.hidden = HELP[help] === '';
    this.#section.scrollIntoView({ block: 'nearest' });
  }
}
