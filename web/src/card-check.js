/**
 * The checks that make JSON a card: the form of every field, and that none contradicts another.
 */

import { PROOF_ROOTS } from './key-proof.js';
import { checkPreprocessing, preprocessingShape } from './preprocessing-check.js';
import { either, fail, finite, integer, listOf, mapOf, oneOf, positive, record, text } from './shape.js';
import { checkTexts } from './texts.js';

/** @typedef {import('./card-types.js').CardFields} CardFields */

export const CARD_FORMAT = 'veilcast-card/1';

const MAX_FEATURES = 1 << 18;
const MAX_OUTPUTS = 1 << 14;
const MAX_SLOT_BITS = 62;
const MAX_INPUT_BITS = 16;
const MAX_FEATURES_PER_CIPHERTEXT = 64;
/** Largest public part accepted, in bytes. */
const MAX_PUBLIC_PART_BYTES = 64 << 20;
const MAX_SIDES = 8;
const MAX_U32 = 2 ** 32 - 1;

/** The ways of a card that names none. @type {readonly import('./card-types.js').Way[]} */
export const WAYS = ['direct', 'vouchers'];

const MAX_HIDDEN_LAYERS = 4;
const MAX_WEIGHT_BITS = 16;
const MAX_RING_BITS = 126;

/** Bytes of the moduli that a card may name; whether they are accepted is for who uses them. */
const MODULUS_BYTES = [128, 256, 384, 512];

const empty = record({});
const perFeature = either(finite, listOf(finite));

const publicPart = record({
  sha256: text,
  bytes: integer(1, MAX_PUBLIC_PART_BYTES),
  shape: listOf(integer(1, MAX_FEATURES)),
  features: integer(1, MAX_FEATURES),
  description: text,
});

const required = {
  format: oneOf(CARD_FORMAT),
  name: text,
  version: text,
  description: text,
  input: record(
    { kind: oneOf('image', 'table', 'array'), shape: listOf(integer(1, MAX_FEATURES)), preprocessing: preprocessingShape },
    { description: text, features: listOf(text), fit: oneOf('mnist'), about: mapOf(record({}, { label: text, unit: text, description: text })) },
  ),
  quantization: record({ bits: integer(1, MAX_INPUT_BITS), step: either(positive, listOf(positive)), zero: perFeature }),
  output: record(
    { labels: listOf(text), scales: listOf(positive), activation: oneOf('softmax', 'sigmoid', 'normalized_sigmoid', 'exp', 'none') },
    { units: listOf(text), threshold: finite, doubt: finite, task: oneOf('classes', 'probability', 'quantities') },
  ),
  bounds: record({ slot_bits: integer(1, MAX_SLOT_BITS), certified: oneOf(true) }, { largest_scores: listOf(integer(1, 2 ** MAX_SLOT_BITS)) }),
  layouts: record(
    {},
    {
      scalar: empty,
      records: empty,
      features: record({ features_per_ciphertext: listOf(integer(2, MAX_FEATURES_PER_CIPHERTEXT)) }),
      seeded: empty,
    },
  ),
  limits: record({ max_records: integer(1, MAX_U32), max_ciphertexts: integer(1, MAX_U32) }),
};

const sealed = record({ modulus: text, proof: text, sha256: text });

const hidden = record({
  sizes: listOf(integer(1, MAX_OUTPUTS)),
  weight_bits: listOf(integer(2, MAX_WEIGHT_BITS)),
  ring_bits: integer(8, MAX_RING_BITS),
  score_shift: integer(0, MAX_U32),
});

const shape = record(required, { public_part: publicPart, ways: listOf(oneOf(...WAYS, 'sealed')), sealed, hidden });

/**
 * Checks every field.
 *
 * @param {unknown} json
 * @returns {{fields: CardFields, features: number}} the number of features, which get encrypted
 * @throws {import('./shape.js').ShapeError}
 */
export function checkCard(json) {
  shape(json, 'card');
  const fields = /** @type {CardFields} */ (json);
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(fields.name)) fail('card.name', 'is not a valid name of a model');
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(fields.version)) fail('card.version', 'is not a valid version');
  checkInput(fields.input);
  const preprocessed = checkPreprocessing(fields.input);
  if (preprocessed > MAX_FEATURES) fail('card.input', `has more than ${MAX_FEATURES} features`);
  if (fields.public_part) checkPublicPart(fields.public_part, preprocessed);
  const features = fields.public_part?.features ?? preprocessed;
  for (const [name, numbers] of /** @type {const} */ ([
    ['step', fields.quantization.step],
    ['zero', fields.quantization.zero],
  ])) {
    if (Array.isArray(numbers) && numbers.length !== features) {
      fail(`card.quantization.${name}`, `has ${numbers.length} numbers for ${features} features`);
    }
  }
  checkOutput(fields.output);
  checkBounds(fields.bounds, fields.output.scales.length);
  checkScores(fields.bounds, fields.output);
  checkWays(fields);
  if (fields.hidden) checkHidden(fields, fields.hidden);
  else checkLayouts(fields.layouts, features);
  return { fields, features };
}

/** @param {CardFields['input']} input */
function checkInput({ kind, shape, features, fit, about = {} }) {
  const isPicture = shape.length === 2 || (shape.length === 3 && shape[2] === 3);
  const sides = { table: shape.length === 1, image: isPicture, array: shape.length > 0 && shape.length <= MAX_SIDES };
  const suits = sides[kind];
  const values = shape.reduce((a, b) => a * b, 1);
  if (!suits || values > MAX_FEATURES) fail('card.input.shape', `[${shape.slice(0, 8)}] does not suit its kind`);
  if (fit !== undefined && !(kind === 'image' && shape.length === 2)) fail('card.input.fit', 'is only for grey images');
  if (kind !== 'table') {
    if (features !== undefined) fail('card.input.features', `is not for an ${kind}`);
  } else {
    if (features?.length !== values) fail('card.input.features', `must name ${values} columns`);
    checkTexts(features ?? [], 'card.input.features');
  }
  for (const [name, { label, unit, description = '' }] of Object.entries(about)) {
    const place = `card.input.about.${name}`;
    if (!features?.includes(name)) fail(place, 'is about no column');
    for (const text of [label, unit]) if (text !== undefined) checkTexts([text], place);
    if (new TextEncoder().encode(description).length > 2000 || /\p{Cc}/u.test(description)) fail(place, 'is too long or has control characters');
  }
}

/** @param {import('./card-types.js').PublicPartFields} part @param {number} values what preprocessing gives */
function checkPublicPart({ sha256, shape }, values) {
  checkDigest(sha256, 'card.public_part.sha256');
  if (shape.length > MAX_SIDES || shape.reduce((a, b) => a * b, 1) !== values) {
    fail('card.public_part.shape', `does not hold the ${values} values that preprocessing gives`);
  }
}

/** @param {CardFields['output']} output */
function checkOutput(output) {
  const { labels, scales, activation, units, threshold, doubt, task } = output;
  const outputs = scales.length;
  if (outputs < 1 || outputs > MAX_OUTPUTS) fail('card.output.scales', `must be 1 to ${MAX_OUTPUTS} numbers`);
  if (['softmax', 'normalized_sigmoid'].includes(activation) && outputs < 2) fail('card.output', `has ${activation} for a single output`);
  const expected = activation === 'sigmoid' && outputs === 1 ? 2 : outputs;
  if (labels.length !== expected) fail('card.output.labels', `must be ${expected} texts`);
  checkTexts(labels, 'card.output.labels');
  if (units) {
    if (activation !== 'none' && activation !== 'exp') fail('card.output.units', 'are for quantities, whose activation is none or exp');
    if (units.length !== outputs) fail('card.output.units', `must be ${outputs} texts`);
    // Several quantities may share a unit.
    for (const unit of units) checkTexts([unit], 'card.output.units');
  }
  if (threshold !== undefined) {
    if (activation !== 'sigmoid' || outputs !== 1) fail('card.output.threshold', 'is for a single sigmoid output');
    if (!(threshold > 0 && threshold < 1)) fail('card.output.threshold', 'must lie between 0 and 1');
  }
  if (doubt !== undefined) {
    if (activation !== 'softmax') fail('card.output.doubt', 'is for probabilities by softmax');
    if (!(doubt > 0 && doubt < 1)) fail('card.output.doubt', 'must lie between 0 and 1');
  }
  const implied = impliedTask(output);
  const isOpen = activation === 'none' && !units && outputs > 1;
  if (task && task !== implied && !(isOpen && task === 'quantities')) {
    fail('card.output.task', `is ${task}, but its other fields are of ${implied}`);
  }
}

/**
 * What is predicted, as the fields of a card's output other than `task` say: several scores without a final function are
 * quantities if they have units, and classes otherwise.
 *
 * @param {CardFields['output']} output
 * @returns {import('./card-types.js').Task}
 */
export function impliedTask({ scales, activation, units }) {
  if (activation === 'exp') return 'quantities';
  if (activation === 'none') return units || scales.length === 1 ? 'quantities' : 'classes';
  return activation === 'sigmoid' && scales.length === 1 ? 'probability' : 'classes';
}

/** @param {CardFields['bounds']} bounds @param {number} outputs */
function checkBounds({ slot_bits, largest_scores }, outputs) {
  if (!largest_scores) return;
  if (largest_scores.length !== outputs) fail('card.bounds.largest_scores', `must be ${outputs} numbers`);
  // Numbers above 2⁵³ are rounded as they are read: 2⁶¹ − 1 is 2⁶¹.
  const [bound, isRounded] = [2 ** (slot_bits - 1), slot_bits - 1 > 53];
  if (largest_scores.some((score) => score > bound || (score === bound && !isRounded))) fail('card.bounds.largest_scores', `must be below 2^${slot_bits - 1}`);
}

/**
 * Every score that is within the bounds must be a number once it is scaled.
 *
 * @param {CardFields['bounds']} bounds
 * @param {CardFields['output']} output
 */
function checkScores({ slot_bits, largest_scores }, { scales, activation }) {
  const most = largest_scores ?? scales.map(() => 2 ** (slot_bits - 1));
  const value = (/** @type {number} */ score) => (largest_scores && activation === 'exp' ? Math.exp(score) : score);
  if (scales.some((scale, index) => !Number.isFinite(value(scale * most[index])))) fail('card.output.scales', 'must leave scores finite');
}

/** @param {CardFields['layouts']} layouts @param {number} features */
function checkLayouts({ scalar, records, features: grouped, seeded }, features) {
  if (!scalar && !records && !grouped) fail('card.layouts', 'allows none');
  if (seeded && !scalar && !grouped) fail('card.layouts.seeded', 'needs scalar or features');
  const numbers = grouped?.features_per_ciphertext ?? [2];
  const rises = numbers.every((k, i) => i === 0 || numbers[i - 1] < k);
  if (numbers.length === 0 || !rises || (grouped && (numbers.at(-1) ?? 0) > features)) {
    fail('card.layouts.features', 'must have increasing numbers of at most all features');
  }
}

/** @param {CardFields} fields */
function checkWays({ ways: named, sealed }) {
  const ways = named ?? WAYS;
  if (ways.length === 0 || new Set(ways).size < ways.length) fail('card.ways', 'must name at least one way, and each once');
  const isOffered = ways.includes('sealed');
  if (isOffered && !sealed) fail('card.ways', 'offers a sealed model, but there is no card.sealed');
  if (sealed && !isOffered) fail('card.sealed', 'is there, but card.ways does not offer a sealed model');
  if (sealed) checkSealed(sealed);
}

/** @param {CardFields} fields @param {import('./card-types.js').HiddenFields} hidden */
function checkHidden({ bounds, layouts, ways }, { sizes, weight_bits, ring_bits, score_shift }) {
  if (sizes.length < 1 || sizes.length > MAX_HIDDEN_LAYERS) fail('card.hidden.sizes', `must be 1 to ${MAX_HIDDEN_LAYERS} numbers`);
  if (weight_bits.length !== sizes.length + 1) fail('card.hidden.weight_bits', `must be ${sizes.length + 1} numbers, one more than there are hidden layers`);
  if (score_shift + bounds.slot_bits > ring_bits) {
    fail('card.hidden', `has no room for scores: ${bounds.slot_bits} bits, and ${score_shift} more, don't fit a ring of ${ring_bits}`);
  }
  if (ways?.includes('sealed')) fail('card.ways', "must be direct, vouchers, or both, since there are hidden layers: it can't be sealed");
  if (Object.keys(layouts).length > 0) fail('card.layouts', 'must be empty, since there are hidden layers');
}

/** The form alone: whether the modulus is fit for use is checked when it is used. @param {import('./card-types.js').SealedFields} sealed */
function checkSealed({ modulus, proof, sha256 }) {
  const digits = modulus.length;
  // The highest bit is 1.
  if (!MODULUS_BYTES.includes(digits / 2) || !/^[89a-f][0-9a-f]*$/.test(modulus)) {
    fail('card.sealed.modulus', 'must be 2048, 3072 or 4096 bits in lower-case hexadecimal digits');
  }
  if (proof.length !== PROOF_ROOTS * digits || !/^[0-9a-f]*$/.test(proof)) {
    fail('card.sealed.proof', "must be eight numbers of the modulus's length in lower-case hexadecimal digits");
  }
  checkDigest(sha256, 'card.sealed.sha256');
}

/** @param {string} digest @param {string} place */
function checkDigest(digest, place) {
  if (!/^[0-9a-f]{64}$/.test(digest)) fail(place, 'must be 64 lower-case hexadecimal digits');
}
