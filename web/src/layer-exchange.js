/**
 * Records on their way through a network with hidden layers, encrypted, without vouchers: an exchange for each affine part. All numbers
 * are modulo 2^k.
 *
 * The service answers with a = W·x + b − z, of which only it can tell z, so that the hidden layer is a + z. Its square is
 * a² + 2·z·a + z²: the client sends a and a² encrypted, and the service goes on from there. After the last part it subtracts nothing.
 */

import { Conversation } from './conversation.js';
import { VeilcastError } from './error.js';
import { Exchange } from './exchange.js';
import { Arrangement, layerLayouts } from './layout.js';

export class LayerExchange extends Conversation {
  /**
   * @param {import('./conversation.js').Transport} transport
   * @param {string} path of the model
   * @param {import('./conversation.js').Card} card
   * @param {import('./conversation.js').Keyed} options
   * @param {import('./conversation.js').Meter} meter
   * @param {Set<bigint>} accepted the keys, by n, that the service accepted
   */
  constructor(transport, path, card, options, meter, accepted) {
    super(transport, path, card, options, meter);
    this.ringBits = card.hidden?.ring_bits ?? 0;
    this.scoreShift = BigInt(card.hidden?.score_shift ?? 0);
    const arrangements = layerLayouts(card).map((layout) => new Arrangement(card, layout, options.key.bits));
    this.exchanges = arrangements.map((arrangement) => new Exchange(transport, path, card, arrangement, options, meter, accepted));
  }

  /** The records of a request, in each of the exchanges. @param {number} ciphertexts about as many of them */
  recordsPerRequest(ciphertexts) {
    return Math.min(...this.exchanges.map(({ arrangement }) => arrangement.recordsPerRequest(ciphertexts)));
  }

  /**
   * The predictions of quantised records, or marks where an answer can't be right.
   *
   * What is sent has a size of its own in each exchange; an answer that can't be right ends it, as the service can tell by itself.
   *
   * @param {readonly (readonly number[])[]} records
   * @returns {Promise<(import('./conversation.js').Prediction | {failed: import('./conversation.js').Mark})[]>}
   * @throws {VeilcastError} if the service returns no answer
   */
  predict(records) {
    return this.marking(records.length, async () => {
      let { vouchers, shares } = await this.exchanges[0].sums(records);
      for (const exchange of this.exchanges.slice(1)) {
        if (!vouchers) throw new VeilcastError('bad_answer', 'the answer does not say what its shares are of');
        const numbers = shares.map((a) => [...a, ...a.map((share) => BigInt.asUintN(this.ringBits, share * share))]);
        ({ vouchers, shares } = await exchange.sums(numbers, vouchers));
      }
      return shares.map((results) => this.prediction(results.map((sum) => BigInt.asIntN(this.ringBits, sum) >> this.scoreShift)));
    });
  }
}
