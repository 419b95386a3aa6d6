/**
 * The public parts of hybrid models: fetched and tried as soon as a model is chosen, so that the page
 * immediately reports one that it cannot run.
 */

import { VeilcastError } from '../index.js';
import { partsOf } from './card-text.js';
import { troubleOf } from './errors.js';
import { size } from './format.js';

/**
 * @typedef {import('../index.js').Card} Card
 * @typedef {import('../index.js').Client} Client
 * @typedef {{state: 'none' | 'fetching' | 'there' | 'unfit', text: string}} PartState the text for people
 */

export class PublicParts extends EventTarget {
  /** By the digests of cards: what is on its way or has been tried. @type {Map<string, Promise<void>>} */
  #loads = new Map();
  /** @type {Set<string>} */
  #fetching = new Set();
  /** Why this page can't run it. @type {Map<string, VeilcastError>} */
  #problems = new Map();

  /**
   * Fetches and tries a model's public part, if it has one and this wasn't done yet.
   *
   * @param {Client} client
   * @param {Card} card
   */
  load(client, card) {
    if (!card.fields.public_part) return Promise.resolve();
    const load = this.#loads.get(card.digest) ?? this.#load(client, card);
    this.#loads.set(card.digest, load);
    return load;
  }

  /** @param {Client} client @param {Card} card */
  async #load(client, { digest, fields }) {
    this.#fetching.add(digest);
    this.#changed();
    try {
      await client.encoder(fields.name);
    } catch (error) {
      if (error instanceof VeilcastError && error.code === 'bad_public_part') this.#problems.set(digest, error);
      // Anything else may be temporary: it is tried again, and reported when the model is asked.
      else this.#loads.delete(digest);
    }
    this.#fetching.delete(digest);
    this.#changed();
  }

  /** Why this page can't ask a model, if it can't. @param {Card | undefined} card */
  problemOf(card) {
    return card && this.#problems.get(card.digest);
  }

  /** @param {Card | undefined} card @returns {PartState} */
  stateOf(card) {
    const part = card?.fields.public_part;
    if (!card || !part) return { state: 'none', text: '' };
    const problem = this.problemOf(card);
    if (problem) {
      const { title, text } = troubleOf(problem);
      return { state: 'unfit', text: `${title}. ${text}` };
    }
    if (this.#fetching.has(card.digest)) return { state: 'fetching', text: `Fetching the model's public part, ${size(part.bytes)}, to run it here…` };
    return { state: 'there', text: partsOf(card) };
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}
