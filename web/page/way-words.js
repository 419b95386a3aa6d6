/** What is said of the three ways to ask: what each hides from whom, by what, and what a question takes. */

import { Arrangement, chooseArrangement } from '../index.js';
import { layerLayouts } from '../src/layout.js';
import { elementBytes } from '../src/masked-messages.js';
import { numberBytes } from '../src/round-messages.js';
import { roundsOf } from './hidden-words.js';
import { size } from './format.js';

/**
 * @typedef {import('../index.js').Card} Card
 * @typedef {import('../src/card-types.js').Way} Way
 * @typedef {{term: string, text: string}} Term
 */

/** All ways, in the order in which a model is asked if nothing is chosen. @type {readonly Way[]} */
export const WAYS = ['vouchers', 'direct', 'sealed'];

/** Why a way can't be chosen. @param {Way} way */
export const reasonOf = (way) =>
  ({
    vouchers: "This model's owner offers no vouchers.",
    direct: "This model's owner takes no encrypted records.",
    sealed: "This model's owner doesn't give out its weights, not even encrypted.",
  })[way];

/**
 * @param {Card} card
 * @param {Way} way
 * @param {number} keyBits
 * @returns {Term[]}
 */
export function termsOf(card, way, keyBits) {
  const terms = {
    direct: {
      data: 'Hidden from the server by encryption with your key. So is the answer.',
      model: 'Hidden from you: its weights stay on the server.',
      takes: `${upOf(card, way, keyBits)} of ciphertexts up${inRounds(card)}, when you press the button.`,
    },
    vouchers: {
      data: 'Hidden from the server under random numbers, each used once. Your key encrypted these ahead of time. So is the answer.',
      model: 'Hidden from you: its weights stay on the server.',
      takes: `${upOf(card, way, keyBits)} up${inRounds(card)}, and milliseconds: the answer follows what you do.`,
    },
    sealed: {
      data: 'Hidden from the server under random numbers, each used once, whatever it can compute. No key of yours is needed.',
      model: 'Hidden from you: its weights come here encrypted with a key that only the server has.',
      takes: `${upOf(card, way, keyBits)} up, once the encrypted weights are here.`,
    },
  }[way];
  return [
    { term: 'Your data', text: terms.data },
    { term: 'The model', text: terms.model },
    { term: 'A question', text: terms.takes },
  ];
}

/** @param {Card} card */
const inRounds = (card) => (roundsOf(card) > 1 ? `, in ${roundsOf(card)} rounds` : '');

/** What a record takes to send, but for headers. @param {Card} card @param {Way} way @param {number} keyBits */
function upOf(card, way, keyBits) {
  // A ciphertext has twice the bytes of its key's modulus, which is in hexadecimal here.
  if (way === 'sealed') return size(card.fields.sealed?.modulus.length ?? 0);
  if (way === 'direct') return size(ciphertextsOf(card, keyBits) * (keyBits / 4));
  if (!card.hidden) return size(card.features * elementBytes(card.slotBits));
  const { ring_bits, sizes } = card.hidden;
  return size([card.features, ...sizes].reduce((a, b) => a + b) * numberBytes(ring_bits));
}

/** Ciphertexts of a record: in a network, those of each of its parts. @param {Card} card @param {number} keyBits */
function ciphertextsOf(card, keyBits) {
  if (!card.hidden) return chooseArrangement(card, keyBits).ciphertexts;
  return layerLayouts(card).reduce((sum, layout) => sum + new Arrangement(card, layout, keyBits).ciphertexts, 0);
}
