/**
 * Vouchers while they are made: numbers are drawn and sent encrypted, and the service answers with its part of them.
 */

import { VeilcastError } from './error.js';
import { LayeredVoucher } from './layered-voucher.js';
import { inTurns } from './turns.js';
import { ID_BYTES, Voucher, clear, newSeed, recordOf, wideRecordOf } from './vouchers.js';

/**
 * @typedef {import('./exchange.js').Exchange} Exchange
 * @typedef {import('./voucher-store.js').Group} Group
 */

/** Milliseconds of work on vouchers after which a page has its turn: a person may be drawing. */
const SHORT_TURN = 10;

/**
 * New vouchers.
 *
 * @param {readonly Exchange[]} exchanges one for each of the card's `voucherLayouts`, in their order
 * @param {number} count
 * @returns {Promise<Group>}
 * @throws {VeilcastError} also if an answer can't be right
 */
export function makeVouchers(exchanges, count) {
  const { hidden } = exchanges[0].card;
  return hidden ? ofNetwork(exchanges, hidden, count) : ofModel(exchanges[0], count);
}

/** @param {Exchange} exchange @param {number} count @returns {Promise<Group>} */
async function ofModel(exchange, count) {
  const { card, key, signal } = exchange;
  const seeds = Array.from({ length: count }, newSeed);
  try {
    const records = await inTurns(count, (i) => recordOf(seeds[i], card.slotBits, card.features), { signal, turn: SHORT_TURN });
    const { batch, secret, shares } = await exchange.ahead(records).finally(() => records.forEach(clear));
    const vouchers = seeds.map((seed, number) => new Voucher(idOf(batch, number), card.slotBits, seed, shares[number]));
    return { card: card.digest, n: key.n, secret, vouchers };
  } catch (error) {
    for (const seed of seeds) seed.fill(0);
    throw error;
  }
}

/** @param {readonly Exchange[]} exchanges @param {import('./card-types.js').HiddenFields} hidden @param {number} count @returns {Promise<Group>} */
async function ofNetwork(exchanges, hidden, count) {
  const { card, key, signal } = exchanges[0];
  /** @type {import('./layered-voucher.js').PartShare[][]} */
  const parts = Array.from({ length: count }, () => []);
  /** @type {import('./layered-voucher.js').ProductShare[][]} */
  const products = Array.from({ length: count }, () => []);
  const vouchers = parts.map((own, i) => new LayeredVoucher(hidden, own, products[i]));
  /** @type {string | undefined} */
  let made;
  try {
    for (const exchange of exchanges) {
      const { layout, ciphertexts } = exchange.arrangement;
      const isProducts = layout.name === 'products';
      const numbers = isProducts
        ? parts.map((own) => own[own.length - 1].shares)
        : await inTurns(count, (i) => drawn(parts[i], hidden.ring_bits, ciphertexts), { signal, turn: SHORT_TURN });
      const { batch, secret, shares } = await exchange.ahead(numbers).finally(() => {
        if (!isProducts) numbers.forEach(clear);
      });
      made ??= secret;
      if (secret !== made)
        throw new VeilcastError('voucher_outdated', 'the service has changed its secret for vouchers while they were being made: fill again');
      shares.forEach((list, i) => {
        const id = idOf(batch, i);
        if (isProducts) products[i].push({ id, shares: list });
        else Object.assign(parts[i][parts[i].length - 1], { id, shares: list });
      });
    }
    return { card: card.digest, n: key.n, secret: made ?? '', vouchers };
  } catch (error) {
    for (const voucher of vouchers) voucher.wipe();
    throw error;
  }
}

/**
 * r of a voucher's next part, whose seed is kept.
 *
 * @param {import('./layered-voucher.js').PartShare[]} parts
 * @param {number} ringBits
 * @param {number} inputs
 */
function drawn(parts, ringBits, inputs) {
  const seed = newSeed();
  parts.push({ id: new Uint8Array(ID_BYTES), seed, shares: [] });
  return wideRecordOf(seed, ringBits, inputs);
}

/** The id of a batch's voucher. @param {Uint8Array} batch @param {number} number */
function idOf(batch, number) {
  const id = new Uint8Array(ID_BYTES);
  id.set(batch);
  new DataView(id.buffer).setUint32(batch.length, number);
  return id;
}
