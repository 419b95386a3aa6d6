/**
 * Requests with records that vouchers mask, and the predictions in their answers. No key is needed.
 */

import { Conversation } from './conversation.js';
import { MAX_HEADER_BYTES } from './framing.js';
import { decodeMaskedAnswer, encodeMaskedRequest } from './masked-messages.js';

/** @typedef {import('./conversation.js').Exchanged} Exchanged */

/** Bytes that a score takes at most. */
const SCORE_BYTES = 8;

export class MaskedExchange extends Conversation {
  /**
   * @param {import('./conversation.js').Transport} transport
   * @param {string} path of the model
   * @param {import('./conversation.js').Card} card
   * @param {import('./conversation.js').Keyed} options
   * @param {import('./conversation.js').Meter} meter
   */
  constructor(transport, path, card, options, meter) {
    super(transport, path, card, options, meter);
    this.key = options.key;
  }

  /**
   * The predictions of quantised records, or marks where the answer can't be right. The vouchers are used up in any case.
   *
   * @param {readonly (readonly number[])[]} records
   * @param {{secret: string, vouchers: readonly import('./vouchers.js').Voucher[]}} taken one for each record
   * @returns {Promise<(import('./conversation.js').Prediction | {failed: import('./conversation.js').Mark})[]>}
   * @throws {import('./error.js').VeilcastError} if the service returns no answer
   */
  async predict(records, { secret, vouchers }) {
    const { slotBits, digest: cardDigest, outputs } = this.card;
    try {
      const request = await this.meter.timed('encrypt', async () => ({
        cardDigest,
        keyFingerprint: await this.key.fingerprint(),
        secret,
        vouchers: vouchers.map(({ id }) => id),
        records: records.map((record, i) => vouchers[i].mask(record)),
        slotBits,
      }));
      const limit = MAX_HEADER_BYTES + records.length * outputs * SCORE_BYTES;
      const ask = () => this.send((id) => encodeMaskedRequest({ ...request, id }), limit);
      return await this.outcomes(records.length, ask, async (exchanged) => {
        const expected = { rows: records.length, columns: outputs, slotBits };
        const answer = decodeMaskedAnswer(exchanged.answer, exchanged.headerLength, expected);
        await this.check(answer, exchanged, new Uint8Array(answer.bytes));
        return answer.scores.map((scores, i) => this.prediction(vouchers[i].scores(scores)));
      });
    } finally {
      for (const voucher of vouchers) voucher.wipe();
    }
  }
}
