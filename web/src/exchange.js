/**
 * Requests with ciphertexts, and the predictions, or the service's part of vouchers, in their answers.
 */

import { bigintFromBytes, bytesFromBigint, bytesFromHex } from './bigint.js';
import { Conversation } from './conversation.js';
import { VeilcastError } from './error.js';
import { MAX_HEADER_BYTES } from './framing.js';
import { decodeAnswer, encodeRequest } from './messages.js';
import { marked } from './outcome.js';

/**
 * @typedef {import('./conversation.js').Exchanged} Exchanged
 * @typedef {import('./conversation.js').Prediction} Prediction
 * @typedef {import('./conversation.js').Mark} Mark
 * @typedef {import('./layout.js').Numbers} Numbers
 * @typedef {import('./messages.js').Request} Request
 */

export class Exchange extends Conversation {
  /**
   * @param {import('./conversation.js').Transport} transport
   * @param {string} path of the model
   * @param {import('./layout.js').Arrangement} arrangement
   * @param {import('./conversation.js').Card} card
   * @param {import('./conversation.js').Keyed} options
   * @param {import('./conversation.js').Meter} meter
   * @param {Set<bigint>} accepted the keys, by n, that the service accepted: requests under them need no proof
   */
  constructor(transport, path, card, arrangement, options, meter, accepted) {
    super(transport, path, card, options, meter);
    this.arrangement = arrangement;
    this.key = options.key;
    this.modulus = this.key.modulus;
    /** Bytes of a ciphertext. */
    this.width = 2 * this.modulus.length;
    this.accepted = accepted;
  }

  /** The records of a request. @param {number} ciphertexts about as many of them */
  recordsPerRequest(ciphertexts) {
    return this.arrangement.recordsPerRequest(ciphertexts);
  }

  /**
   * The predictions of quantised records, or marks where the answer can't be right.
   *
   * @param {readonly (readonly number[])[]} records
   * @returns {Promise<(Prediction | {failed: Mark})[]>}
   * @throws {VeilcastError} if the service returns no answer
   */
  async predict(records) {
    const request = await this.meter.timed('encrypt', () => this.#encrypt(records));
    return this.outcomes(
      records.length,
      () => this.#ask(request),
      async (exchanged) => {
        const { rows } = await this.#decrypt(exchanged, records.length);
        return rows.flatMap((row, i) => this.#predictions(row, this.arrangement.recordsIn(i, records.length)));
      },
    );
  }

  /**
   * What the service gives for numbers in a layout of vouchers, ahead of time.
   *
   * @param {readonly Numbers[]} numbers a list for each voucher
   * @returns {Promise<{batch: Uint8Array, secret: string, shares: bigint[][]}>} the id of the batch that the vouchers are of, in their
   *   order; that of the secret that they were derived from; and a list for each voucher
   * @throws {VeilcastError} also if the answer can't be right
   */
  async ahead(numbers) {
    const { vouchers, shares } = await this.sums(numbers);
    if (!vouchers) throw new VeilcastError('bad_answer', 'the answer names no vouchers');
    return { batch: bytesFromHex(vouchers.batch), secret: vouchers.secret, shares };
  }

  /**
   * What the service makes of numbers in a layout of a network: the bits in the slots of its answer.
   *
   * @param {readonly Numbers[]} numbers a list for each record, or voucher
   * @param {Request['vouchers']} [before] what the last answer said of the shares in it
   * @returns {Promise<{vouchers: Request['vouchers'], shares: bigint[][]}>} a list for each of them, and what the answer says of these
   * @throws {VeilcastError} also if the answer can't be right
   */
  async sums(numbers, before) {
    const request = await this.meter.timed('encrypt', () => this.#encrypt(numbers));
    const exchanged = await this.exchanged(() => this.#ask({ ...request, vouchers: before }));
    const { rows, vouchers } = await this.meter.timed('decrypt', () => this.#decrypt(exchanged, numbers.length));
    return { vouchers, shares: this.arrangement.slots(rows.map(whole), numbers.length) };
  }

  /** @param {readonly Numbers[]} records @returns {Promise<Request>} */
  async #encrypt(records) {
    const plaintexts = this.arrangement.plaintexts(records);
    const ciphertexts = await this.key.encryptMany(plaintexts.flat(), this.work('encrypt'));
    return {
      publicKey: this.modulus,
      layout: this.arrangement.layout,
      records: records.length,
      cardDigest: this.card.digest,
      ciphertexts: inRows(
        ciphertexts.map((c) => bytesFromBigint(c, this.width)),
        plaintexts.length,
      ),
    };
  }

  /**
   * The answer to a request, which carries the key's proof if the service doesn't know the key: as far as this client knows,
   * and then, once, as the service says itself.
   *
   * @param {Request} request
   */
  async #ask(request) {
    const { n } = this.key;
    const isKnown = this.accepted.has(n);
    let answer;
    try {
      answer = await this.#send(request, !isKnown);
    } catch (error) {
      if (!isKnown || !(error instanceof VeilcastError) || error.code !== 'key_proof_needed') throw error;
      this.accepted.delete(n);
      answer = await this.#send(request, true);
    }
    this.accepted.add(n);
    return answer;
  }

  /** @param {Request} request @param {boolean} isProved whether it carries the key's proof */
  async #send(request, isProved) {
    const keyProof = isProved ? await this.key.keyProof() : undefined;
    const limit = MAX_HEADER_BYTES + request.ciphertexts.length * this.arrangement.answers * (4 + this.width);
    return this.send((id) => encodeRequest({ ...request, id, keyProof }), limit);
  }

  /** The plaintexts of an answer, row by row, and what it says of vouchers. @param {Exchanged} exchanged @param {number} records */
  async #decrypt(exchanged, records) {
    const expected = { rows: this.arrangement.rows(records), columns: this.arrangement.answers, width: this.width };
    const answer = decodeAnswer(exchanged.answer, exchanged.headerLength, expected);
    const { layout } = answer;
    const { name, featuresPerCiphertext, scoresPerAnswer, part } = this.arrangement.layout;
    await this.check(answer, exchanged, joined(answer.scores.flat()), {
      isOtherKey: answer.keyFingerprint !== (await this.key.fingerprint()),
      isOther:
        answer.records !== records ||
        layout.name !== name ||
        layout.part !== part ||
        layout.featuresPerCiphertext !== featuresPerCiphertext ||
        layout.scoresPerAnswer !== scoresPerAnswer,
    });
    const plaintexts = await this.key.decryptEach(answer.scores.flat().map(bigintFromBytes), this.work('decrypt'));
    return { rows: inRows(plaintexts, expected.rows), vouchers: answer.vouchers };
  }

  /** The predictions of a row's records. @param {readonly (bigint | undefined)[]} row @param {number} records */
  #predictions(row, records) {
    try {
      return this.arrangement.scores([whole(row)], records).map((scores) => this.prediction(scores));
    } catch (error) {
      return Array(records).fill(marked(error));
    }
  }
}

/** A row's plaintexts, if all could be decrypted. @param {readonly (bigint | undefined)[]} row */
const whole = (row) =>
  row.map((plaintext) => {
    if (plaintext !== undefined) return plaintext;
    throw new VeilcastError('bad_ciphertext', 'a ciphertext of the answer could not be decrypted: it is damaged, or not made for this key');
  });

/** @param {readonly Uint8Array[]} parts */
function joined(parts) {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * A list in this many rows.
 *
 * @template T
 * @param {readonly T[]} list
 * @param {number} count
 */
const inRows = (list, count) => Array.from({ length: count }, (_, i) => list.slice((i * list.length) / count, ((i + 1) * list.length) / count));
