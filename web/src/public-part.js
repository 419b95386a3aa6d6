/**
 * The public part of a hybrid model: a network in ONNX that the data owner runs in the clear,
 * before encrypting what comes out of it.
 */

import { VeilcastError, excerpt } from './error.js';
import { numbersOf, readOnnx } from './onnx.js';
import { Attributes, operators } from './onnx-operators.js';
import { WireError } from './protobuf.js';
import { sha256 } from './webcrypto.js';

/**
 * @typedef {import('./card-types.js').PublicPartFields} PublicPartFields
 * @typedef {import('./onnx.js').Graph} Graph
 * @typedef {import('./onnx.js').Node} Node
 * @typedef {import('./onnx.js').Tensor} Tensor
 */

/** Most nodes that a network may have. */
const MAX_NODES = 1000;
/** Unknown operators that a message names. */
const SHOWN = 4;

/** A public part that has been checked and tried; made by {@link PublicPart.parse}. */
export class PublicPart {
  #graph;
  #shape;

  /**
   * @param {Graph} graph checked
   * @param {number[]} shape of its input without the batch
   */
  constructor(graph, shape) {
    this.#graph = graph;
    this.#shape = shape;
  }

  /**
   * Checks that a file is the one that a card names, reads it, and runs it once.
   *
   * @param {Uint8Array<ArrayBuffer>} onnx
   * @param {PublicPartFields} fields of a checked card
   * @returns {Promise<PublicPart>}
   * @throws {VeilcastError} `other_public_part` if it is another file, `bad_public_part` if it can't be run
   */
  static async parse(onnx, fields) {
    const problem =
      (onnx.length !== fields.bytes && `has ${onnx.length} bytes instead of ${fields.bytes}`) ||
      ((await sha256(onnx)) !== fields.sha256 && 'has another digest');
    if (problem) throw new VeilcastError('other_public_part', `the model's public part is not the one that its card names: it ${problem}`);
    const graph = attempt(() => checked(readOnnx(onnx), fields));
    const { sides } = attempt(() => run(graph, fields.shape, new Float32Array(numbersOf(fields.shape))));
    if (String(sides) !== String([1, fields.features])) {
      throw unfit(`it returns a tensor of ${sides.slice(0, 8).join(' × ')}, and the card says ${fields.features} features`);
    }
    return new PublicPart(graph, fields.shape);
  }

  /**
   * The features of a record.
   *
   * @param {readonly number[]} values the result of preprocessing
   * @returns {number[]}
   * @throws {VeilcastError} `not_finite`
   */
  features(values) {
    const features = Array.from(attempt(() => run(this.#graph, this.#shape, Float32Array.from(values))).values);
    if (!features.every(Number.isFinite)) throw new VeilcastError('not_finite', 'the public part returns numbers for the record that are not finite');
    return features;
  }
}

/**
 * The output of a network with one input, for one record.
 *
 * @param {Graph} graph
 * @param {readonly number[]} shape of the input without the batch
 * @param {Float32Array} values
 * @returns {Tensor}
 * @throws {WireError}
 */
export function run({ constants, inputs, outputs, nodes }, shape, values) {
  const known = new Map(constants).set(inputs[0].name, { sides: [1, ...shape], values });
  for (const node of nodes) known.set(node.outputs[0], compute(node, known));
  return valueOf(known, outputs[0].name);
}

/** @param {Node} node @param {Map<string, Tensor>} known */
function compute({ operator, name, inputs, attributes }, known) {
  const place = excerpt(name || operator);
  try {
    const taken = new Attributes(attributes);
    const result = operators[operator](
      inputs.map((input) => (input === '' ? undefined : valueOf(known, input))),
      taken,
    );
    taken.end();
    return result;
  } catch (error) {
    throw error instanceof WireError ? new WireError(`its node ${place} (${operator}): ${error.message}`) : error;
  }
}

/** @param {Map<string, Tensor>} known @param {string} name */
function valueOf(known, name) {
  const value = known.get(name);
  if (!value) throw new WireError(`the value ${name} has no source`);
  return value;
}

/** @param {Graph} graph @param {PublicPartFields} fields */
function checked(graph, { shape }) {
  const { inputs, outputs, nodes } = graph;
  if (inputs.length !== 1 || outputs.length !== 1) throw new WireError(`it has ${inputs.length} inputs and ${outputs.length} outputs instead of one of each`);
  const [, ...sides] = inputs[0].sides;
  if (sides.length !== shape.length || sides.some((side, i) => side !== undefined && side !== shape[i])) {
    throw new WireError(`it takes ${sides.map((side) => side ?? '?').join(' × ')} values per record, and the card says ${shape.join(' × ')}`);
  }
  if (nodes.length > MAX_NODES) throw new WireError(`it has more than ${MAX_NODES} nodes`);
  const unknown = new Set(nodes.map(({ operator }) => operator).filter((operator) => !Object.hasOwn(operators, operator)));
  if (unknown.size > 0) throw bad(`uses ${namesOf([...unknown])}, which can't be run here; use the program veilcast predict`);
  for (const { operator, name, outputs: names } of nodes) {
    if (names.filter((output) => output !== '').length !== 1) throw new WireError(`its node ${name || operator} has several outputs`);
  }
  return graph;
}

/** @template T @param {() => T} work */
function attempt(work) {
  try {
    return work();
  } catch (error) {
    if (error instanceof WireError) throw unfit(excerpt(error.message));
    throw error;
  }
}

/** The names of operators, of which a file may have any number. @param {readonly string[]} operators */
function namesOf(operators) {
  const shown = operators.slice(0, SHOWN).map((name) => excerpt(name.slice(0, 40)));
  if (operators.length > SHOWN) return `${shown.join(', ')} and ${operators.length - SHOWN} more`;
  return [shown.slice(0, -1).join(', '), ...shown.slice(-1)].filter(Boolean).join(' and ');
}

const unfit = (/** @type {string} */ problem) => bad(`can't be run here: ${problem}; perhaps the program veilcast predict can`);

const bad = (/** @type {string} */ problem) => new VeilcastError('bad_public_part', `the model's public part ${problem}`);
