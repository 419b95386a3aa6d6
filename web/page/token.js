/** Who is asking: the token that a person enters when the service needs one. */

import { Client } from '../index.js';
import { byId } from './dom.js';

/** Where it is kept if the person wants that: in this tab, until it is closed. */
const KEPT = 'veilcast-token';

/** Codes of a service that wants to know who is asking. @type {Record<string, string>} */
const ASKED = {
  token_needed: 'It answers only callers with a token, which its operator gives out.',
  token_unknown: 'It does not know this token: it may be mistyped, or has been revoked. Its operator can give you another.',
  model_not_allowed: 'This token is not for this model. The operator of the service can allow the model, or give you another token.',
  token_in_clear: 'This page was loaded over http://, where anyone on the way could read a token. Open it with https:// to enter one.',
  bad_token: 'That is not a token: tokens consist only of letters, digits and the characters -._~+/=.',
};

/** Whether an error is about who is asking. @param {unknown} error */
export const isAboutToken = (error) => Object.hasOwn(ASKED, codeOf(error));

/** @param {unknown} error @returns {string} */
const codeOf = (error) => /** @type {{code?: string}} */ (error ?? {}).code ?? '';

/** The token, and the form that asks for it. */
export class TokenForm {
  #form = byId('token', HTMLFormElement);
  #text = byId('token-text', HTMLElement);
  #field = byId('token-field', HTMLInputElement);
  #keep = byId('token-keep', HTMLInputElement);
  /** @type {string | undefined} */
  #token = sessionStorage.getItem(KEPT) ?? undefined;

  /** @param {() => void} onToken when there is another token */
  constructor(onToken) {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      const text = this.#field.value.trim();
      if (!text) return this.#field.focus();
      try {
        void new Client(location.href, { token: text });
      } catch (error) {
        return this.ask(error);
      }
      this.#token = text;
      this.#field.value = '';
      if (this.#keep.checked) sessionStorage.setItem(KEPT, text);
      else sessionStorage.removeItem(KEPT);
      this.#form.hidden = true;
      onToken();
    });
  }

  /** How a client identifies itself. @returns {{token?: string}} */
  get options() {
    return this.#token === undefined ? {} : { token: this.#token };
  }

  /** Asks for a token, for the reason that an error gives. @param {unknown} error */
  ask(error) {
    // The kept token is useless.
    sessionStorage.removeItem(KEPT);
    this.#keep.checked = false;
    this.#token = undefined;
    this.#text.textContent = ASKED[codeOf(error)] ?? ASKED.token_needed;
    this.#form.hidden = false;
    this.#field.focus();
  }
}
