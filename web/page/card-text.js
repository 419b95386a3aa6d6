/** What a model's card says, for people. */

import { count, counted, percent } from './format.js';

/**
 * @typedef {import('../index.js').Card} Card
 * @typedef {{term: string, text: string}} Entry
 */

/** @param {Card} card @returns {Entry[]} */
export function entriesOf(card) {
  const { name, version, description, quantization, bounds } = card.fields;
  return [
    { term: 'Model', text: `${name}, version ${version}. ${description}` },
    { term: 'Takes', text: inputOf(card) },
    { term: 'Gives', text: outputOf(card) },
    {
      term: 'Precision',
      text: `Inputs are rounded to ${counted(2 ** quantization.bits, 'level')}. Scores are exact within ${bounds.slot_bits} bits.`,
    },
    { term: 'Public', text: publicOf(card) },
    { term: 'Private', text: privateOf(card) },
    { term: 'Digest', text: card.digest },
  ];
}

/** @param {Card} card */
function inputOf({ fields: { input } }) {
  if (input.kind === 'table') {
    const hot = input.preprocessing.steps.find((step) => step.op === 'one_hot');
    const texts = hot?.op === 'one_hot' ? Object.keys(hot.categories).length : 0;
    const columns = input.features?.length ?? 0;
    return `A record of ${counted(columns, 'column')}: ${counted(columns - texts, 'number')} and ${counted(texts, 'text')}.`;
  }
  const [rows, columns, channels = 1] = input.shape;
  return `A picture of ${columns} × ${rows} ${channels === 3 ? 'coloured' : 'grey'} pixels.`;
}

/** @param {Card} card */
function outputOf(card) {
  const { labels, activation, units, threshold } = card.fields.output;
  if (card.isRegression) {
    return `${labels.map((label, i) => (units?.[i] ? `${label} in ${units[i]}` : label)).join(', ')}, as ${labels.length > 1 ? 'numbers' : 'a number'}.`;
  }
  const shown = labels.length <= 12 ? labels.join(', ') : `${labels.slice(0, 10).join(', ')} and ${count(labels.length - 10)} more`;
  const form = activation === 'none' ? 'a score' : 'a probability';
  if (activation === 'sigmoid' && card.outputs > 1) return `${form} for each of: ${shown}; several can be true at once.`;
  const limit = threshold === undefined ? '' : ` It says "${labels[1]}" if that is over ${percent(threshold)} likely.`;
  return `One of: ${shown}; with ${form} for each.${limit}`;
}

/** @param {Card} card */
function publicOf({ fields }) {
  const part = /** @type {{public_part?: {bytes: number, features: number, description: string}}} */ (fields).public_part;
  const ranges = fields.input.kind === 'table' ? ' That includes the ranges, means and categories of its columns.' : '';
  if (!part) return `This card: what goes in, how it is rounded, what comes out.${ranges}`;
  return (
    `This card, and the model's first part (${count(part.bytes)} bytes): your browser computes it in the clear, here, ` +
    `and encrypts the ${count(part.features)} numbers that come out. ${part.description}${ranges}`
  );
}

/** @param {Card} card */
function privateOf({ fields }) {
  const part = 'public_part' in fields ? 'last part of the model' : 'model itself';
  return `The ${part}: its weights stay with the server, and your data with you.`;
}
