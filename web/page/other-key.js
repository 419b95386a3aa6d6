/** An answer that is opened with something else than what it was locked for. */

import { Arrangement, WorkerKey } from '../index.js';
import { bigintFromBytes, littleEndian } from '../src/bigint.js';
import { elementBytes } from '../src/masked-messages.js';
import { numberBytes } from '../src/round-messages.js';
import { secretsOf } from './noise.js';
import { lastLayoutOf } from './task.js';

/**
 * @typedef {import('../index.js').Card} Card
 * @typedef {import('./task.js').Task} Task
 */

/**
 * What the answer to a record looks like to whoever doesn't have its key, or its random numbers.
 *
 * @param {Task} task that is done
 * @returns {Promise<{scores: bigint[], impossible: number}>} and how many of them no answer of this model can have
 */
export async function openedWrongly(task) {
  const { card, answer } = task;
  if (!card || !answer) throw new TypeError('there is no answer');
  const bytes = secretsOf(answer.bytes, answer.headerLength, task.way, 'answer');
  const scores = task.way === 'direct' ? await withOtherKey(task, card, bytes) : withOtherNumbers(bytes, card, task.way);
  return { scores, impossible: impossibleOf(card, scores) };
}

/** @param {Task} task @param {Card} card @param {Uint8Array} bytes */
async function withOtherKey({ keyBits, layout }, card, bytes) {
  if (!layout) throw new TypeError('the answer has no layout');
  const width = keyBits / 4;
  const key = await WorkerKey.generate(keyBits);
  try {
    const square = key.n * key.n;
    const ciphertexts = Array.from({ length: bytes.length / width }, (_, i) => bigintFromBytes(bytes.subarray(i * width, (i + 1) * width)) % square);
    const plaintexts = (await key.decryptEach(ciphertexts)).map((plaintext) => plaintext ?? 0n);
    const arrangement = new Arrangement(card, lastLayoutOf(card, layout), keyBits);
    if (!card.hidden) return arrangement.scores([plaintexts], 1)[0];
    const { ring_bits, score_shift } = card.hidden;
    return arrangement.slots([plaintexts], 1)[0].map((slot) => BigInt.asIntN(ring_bits, slot) >> BigInt(score_shift));
  } finally {
    key.close();
  }
}

/**
 * Fresh random numbers in place of those that the masked scores are hidden under.
 *
 * @param {Uint8Array} bytes
 * @param {Card} card
 * @param {import('../src/card-types.js').Way} way
 */
function withOtherNumbers(bytes, card, way) {
  const bits = way === 'vouchers' && card.hidden ? card.hidden.ring_bits : card.slotBits;
  const width = way === 'vouchers' && card.hidden ? numberBytes(bits) : elementBytes(bits);
  const all = way === 'sealed' ? bigintFromBytes(bytes) : 0n;
  const masked = (/** @type {number} */ i) => (way === 'sealed' ? all >> BigInt(i * bits) : littleEndian(bytes.subarray(i * width, (i + 1) * width)));
  const shift = BigInt(way === 'vouchers' ? (card.hidden?.score_shift ?? 0) : 0);
  return Array.from({ length: card.outputs }, (_, i) => BigInt.asIntN(bits, masked(i) - bigintFromBytes(crypto.getRandomValues(new Uint8Array(16)))) >> shift);
}

/** @param {Card} card @param {readonly bigint[]} scores */
function impossibleOf(card, scores) {
  const largest = card.fields.bounds.largest_scores;
  return scores.filter((score, i) => largest && (score < 0n ? -score : score) > BigInt(largest[i])).length;
}
