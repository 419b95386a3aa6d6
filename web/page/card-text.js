/** What a model's card says, for people. */

import { count, counted, percent, size } from './format.js';
import { layersOf } from './hidden-words.js';

/**
 * @typedef {import('../index.js').Card} Card
 * @typedef {import('../src/card-types.js').PublicPartFields} PublicPartFields
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
    ...insideOf(card),
    { term: 'Public', text: publicOf(card) },
    { term: 'Private', text: privateOf(card) },
    ...givenAwayBy(card),
    { term: 'Digest', text: card.digest },
  ];
}

/** @param {Card} card */
function inputOf({ fields: { input } }) {
  if (input.kind === 'table') {
    const hot = input.preprocessing.steps.find((step) => step.op === 'one_hot');
    const texts = hot?.op === 'one_hot' ? Object.keys(hot.categories).length : 0;
    const columns = input.features?.length ?? 0;
    const others =
      hot?.op === 'one_hot'
        ? hot.unknown === 'zeros'
          ? " Texts that it doesn't know count as none of its categories."
          : " Texts that it doesn't know are refused."
        : '';
    return `A record of ${counted(columns, 'column')}: ${counted(columns - texts, 'number')} and ${counted(texts, 'text')}.${others}`;
  }
  if (input.kind === 'array') return `An array of ${input.shape.join(' × ')} numbers.`;
  const [rows, columns, channels = 1] = input.shape;
  return `A picture of ${columns} × ${rows} ${channels === 3 ? 'coloured' : 'grey'} pixels.`;
}

/** @param {Card} card */
function outputOf(card) {
  const { labels, activation, units, threshold } = card.fields.output;
  if (card.task === 'quantities') {
    return `${labels.map((label, i) => (units?.[i] ? `${label} in ${units[i]}` : label)).join(', ')}, as ${labels.length > 1 ? 'numbers' : 'a number'}.`;
  }
  const shown = labels.length <= 12 ? labels.join(', ') : `${labels.slice(0, 10).join(', ')} and ${count(labels.length - 10)} more`;
  const form = activation === 'none' ? 'a score' : 'a probability';
  if (activation === 'sigmoid' && card.outputs > 1) return `${form} for each of: ${shown}; several can be true at once.`;
  const limit = threshold === undefined ? '' : ` It says "${labels[1]}" if that is over ${percent(threshold)} likely.`;
  return `One of: ${shown}; with ${form} for each.${limit}`;
}

/** A network's hidden layers. @param {Card} card @returns {Entry[]} */
function insideOf(card) {
  if (!card.hidden) return [];
  return [{ term: 'Inside', text: `A network with ${layersOf(card)}, which are squared, exactly. All its weights are private.` }];
}

/** @param {Card} card */
function publicOf(card) {
  const { input, public_part: part } = card.fields;
  const trees = treesOf(input);
  const ranges = {
    table: ` That includes ${trees.length > 0 ? 'the' : 'the ranges, means and'} categories of its columns${followed(trees.length)}.`,
    array: ' That includes the ranges of its numbers.',
    image: '',
  }[input.kind];
  if (!part) return `This card: what goes in, how it is rounded, what comes out.${ranges}`;
  return (
    `This card, and the model's first part: a file of ${size(part.bytes)}, which your browser fetches, checks, and runs on your own machine. ` +
    `It turns ${inputsOf(part, input)} into ${counted(part.features, 'number')}, and only these are ${hiddenBy(card)} and sent.${ranges}`
  );
}

/** @param {import('../src/card-types.js').Input} input */
const treesOf = ({ preprocessing: { steps } }) => steps.find((step) => step.op === 'trees')?.trees ?? [];

/** @param {number} trees how many */
const followed = (trees) => (trees > 0 ? `, and what ${counted(trees, 'decision tree')} compare them with, which your browser follows` : '');

/** What is done to data before it is sent, in the ways that a model is offered. @param {Card} card */
const hiddenBy = ({ ways }) => (ways.includes('sealed') ? (ways.length === 1 ? 'masked' : 'encrypted or masked') : 'encrypted');

/** What a browser knows about a model, in short. @param {Card} card */
export function leadOf({ ways, fields: { public_part: part } }) {
  if (ways.includes('sealed')) {
    return `Its public card${part ? ', its public part,' : ''} and perhaps its weights, encrypted with a key that only the server has. The weights themselves stay with the server.`;
  }
  return part
    ? 'Its public card and its public part, and nothing else: the weights of its private part stay with the server.'
    : 'Its public card, and nothing else: the weights stay with the server.';
}

/** How the weights of a model that is offered sealed leave the server. @param {Card} card */
function sealedOf({ ways, fields: { sealed } }) {
  if (!ways.includes('sealed') || !sealed) return '';
  return ` They are also given out encrypted, with a key of ${counted(4 * sealed.modulus.length, 'bit')} that only the server has.`;
}

/** @param {Card} card */
function privateOf(card) {
  const part = card.fields.public_part;
  if (!part) {
    const weights = treesOf(card.fields.input).length > 0 ? 'what the leaves of its trees are worth stays' : 'its weights stay';
    return `The model itself: ${weights} with the server, and your data with you.${sealedOf(card)}`;
  }
  return (
    `The model's last part, its head: the weights that turn ${counted(part.features, 'number')} into the answer stay with the server. ` +
    `Your data stays with you, and so do these numbers: the server gets them ${hiddenBy(card)}.${sealedOf(card)}`
  );
}

/** What publishing a part reveals. @param {Card} card @returns {Entry[]} */
function givenAwayBy({ fields: { public_part: part } }) {
  if (!part) return [];
  const owner = part.description.trim();
  const text = 'Anyone who can reach this service can download the public part, study it, and run it on their own data. The head is not in it.';
  return [{ term: 'Given away', text: owner ? `${text} The card says: “${owner}”` : text }];
}

/** What a hybrid model's public part takes. @param {PublicPartFields} part @param {Card['fields']['input']} input */
function inputsOf({ shape }, { kind, shape: raw }) {
  const values = shape.reduce((a, b) => a * b, 1);
  return counted(values, kind === 'image' && raw.length === 2 ? 'pixel' : 'number');
}

/** What goes into a hybrid model's public part and what comes out, in short; nothing for other models. @param {Card} card */
export function flowOf({ fields: { input, public_part: part } }) {
  return part ? `${inputsOf(part, input)} in, ${counted(part.features, 'number')} out · file of ${size(part.bytes)}` : '';
}

/** How a hybrid model is asked, in short; nothing for other models. @param {Card} card */
export function partsOf(card) {
  const { input, public_part: part } = card.fields;
  if (!part) return '';
  return (
    `In two parts. The public one runs in your browser and turns ${inputsOf(part, input)} into ${counted(part.features, 'number')}, ` +
    `which are ${hiddenBy(card)}. The private one stays on the server.`
  );
}

/** How a hybrid model's public part is run, for engineers; nothing for other models. @param {Card | undefined} card */
export function textOfPublicPart(card) {
  const part = card?.fields.public_part;
  if (!part) return '';
  return (
    `A network in ONNX, public.onnx of ${counted(part.bytes, 'byte')}, fetched once and checked against the SHA-256 that the card names. ` +
    `It takes a tensor of ${part.shape.join(' × ')} and returns ${counted(part.features, 'number')} per record, ` +
    "computed in plain JavaScript, in 32-bit floats. The time is that of all records, with the card's preprocessing and rounding."
  );
}
