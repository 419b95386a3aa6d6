/** Colours that mean something: red for a risk, green for none. */

/** @typedef {'risk' | 'clear' | 'doubt' | ''} Tone */

/**
 * The tone of a class. Which of two classes is a bad one isn't in a card; but where the model's owner describes what is predicted
 * as a risk, it is the one whose probability is predicted.
 *
 * @param {import('../index.js').Card} card
 * @param {number} index of the class
 * @returns {Tone}
 */
export function toneOf(card, index) {
  if (card.task !== 'probability' || !/\brisk\b/i.test(card.fields.description)) return '';
  return index === 1 ? 'risk' : 'clear';
}
