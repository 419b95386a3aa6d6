/**
 * Records on their way through a network with hidden layers, round by round, masked by vouchers. No key is needed.
 */

import { Conversation } from './conversation.js';
import { MAX_HEADER_BYTES } from './framing.js';
import { shapesOf } from './part-geometry.js';
import { decodeRoundAnswer, encodeRoundRequest, numberBytes } from './round-messages.js';

/** @typedef {import('./layered-voucher.js').LayeredVoucher} LayeredVoucher */

export class RoundExchange extends Conversation {
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
    this.ringBits = card.hidden?.ring_bits ?? 0;
  }

  /**
   * The predictions of quantised records, or marks where an answer can't be right. The vouchers are used up in any case.
   *
   * A round's request holds what its vouchers mask, and what the service itself has answered in the one before; an answer that can't
   * be right ends it, as the service can tell by itself.
   *
   * @param {readonly (readonly number[])[]} records
   * @param {{secret: string, vouchers: readonly LayeredVoucher[]}} taken one for each record
   * @returns {Promise<(import('./conversation.js').Prediction | {failed: import('./conversation.js').Mark})[]>}
   * @throws {import('./error.js').VeilcastError} if the service returns no answer
   */
  async predict(records, taken) {
    const { vouchers } = taken;
    const outputs = shapesOf(this.card).map(([, size]) => size);
    try {
      return await this.marking(records.length, async () => {
        let masked = await this.meter.timed('encrypt', () => records.map((record, i) => vouchers[i].mask(record)));
        for (const [part, size] of outputs.slice(0, -1).entries()) {
          const answered = await this.#round(part, size, masked, taken);
          masked = await this.meter.timed('encrypt', () => answered.map((numbers, i) => vouchers[i].next(numbers)));
        }
        const last = outputs.length - 1;
        const answered = await this.#round(last, outputs[last], masked, taken);
        return this.meter.timed('decrypt', () => answered.map((numbers, i) => this.prediction(vouchers[i].scores(numbers))));
      });
    } finally {
      for (const voucher of vouchers) voucher.wipe();
    }
  }

  /**
   * What the service answers in one round.
   *
   * @param {number} part
   * @param {number} columns the numbers of an answer
   * @param {readonly (readonly bigint[])[]} records masked
   * @param {{secret: string, vouchers: readonly LayeredVoucher[]}} taken
   */
  async #round(part, columns, records, { secret, vouchers }) {
    const { ringBits } = this;
    const request = {
      cardDigest: this.card.digest,
      keyFingerprint: await this.key.fingerprint(),
      secret,
      part,
      vouchers: vouchers.map((voucher) => voucher.ids(part)),
      records,
      ringBits,
    };
    const limit = MAX_HEADER_BYTES + records.length * columns * numberBytes(ringBits);
    const exchanged = await this.exchanged(() => this.send((id) => encodeRoundRequest({ ...request, id }), limit));
    const answer = decodeRoundAnswer(exchanged.answer, exchanged.headerLength, { rows: records.length, columns, ringBits });
    await this.check(answer, exchanged, new Uint8Array(answer.bytes));
    return answer.numbers;
  }
}
