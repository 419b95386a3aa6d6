/**
 * Requests to a sealed model, and the predictions in their answers. No key of the client's is needed.
 */

import { bytesFromBigint } from './bigint.js';
import { Conversation } from './conversation.js';
import { MAX_HEADER_BYTES } from './framing.js';
import { SealedLayout } from './sealed-layout.js';
import { decodeSealedAnswer, encodeSealedRequest } from './sealed-messages.js';

/** @typedef {Pick<import('./sealed-model.js').SealedModel, 'encrypt'>} Opened */

export class SealedExchange extends Conversation {
  /**
   * @param {import('./conversation.js').Transport} transport
   * @param {string} path of the model
   * @param {import('./conversation.js').Card} card
   * @param {Opened} model
   * @param {import('./conversation.js').Watched} options
   * @param {import('./conversation.js').Meter} meter
   */
  constructor(transport, path, card, model, options, meter) {
    super(transport, path, card, options, meter);
    this.model = model;
    this.layout = new SealedLayout(card);
  }

  /**
   * The predictions of quantised records, or marks where the answer can't be right.
   *
   * @param {readonly (readonly number[])[]} records
   * @returns {Promise<(import('./conversation.js').Prediction | {failed: import('./conversation.js').Mark})[]>}
   * @throws {import('./error.js').VeilcastError} if the service returns no answer
   */
  async predict(records) {
    const { recordsPerCiphertext, rowBytes } = this.layout;
    const { ciphertexts, masks } = await this.meter.timed('encrypt', () => this.model.encrypt(records, this.work('encrypt')));
    const width = this.card.fields.sealed?.modulus.length;
    const request = { cardDigest: this.card.digest, records: records.length, ciphertexts: ciphertexts.map((c) => bytesFromBigint(c, width)) };
    const limit = MAX_HEADER_BYTES + records.length * rowBytes;
    const ask = () => this.send((id) => encodeSealedRequest({ ...request, id }), limit);
    return this.outcomes(records.length, ask, async (exchanged) => {
      const answer = decodeSealedAnswer(exchanged.answer, exchanged.headerLength, { rows: records.length, columns: rowBytes });
      await this.check(answer, exchanged, new Uint8Array(answer.bytes));
      const groups = masks.map((mask, i) => this.layout.scores(answer.rows.slice(i * recordsPerCiphertext, (i + 1) * recordsPerCiphertext), mask));
      return groups.flat().map((scores) => this.prediction(scores));
    });
  }
}
