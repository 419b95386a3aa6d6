/** What is said of an answer by voucher, where it is not what is said of ciphertexts. */

import { counted, duration, size } from './format.js';

/** @typedef {import('./task.js').Task} Task */

/** Words for steps, by their ids. @type {Record<string, import('./steps.js').Words>} */
export const VOUCHER_WORDS = {
  encrypt: {
    title: 'Masked',
    says: 'Your browser took random numbers off your data, each used only this once. What is left is as random as they are.',
    engineers: ({ card }) => {
      if (!card) return '';
      return (
        `e = x − r modulo 2^${card.slotBits} for each of ${counted(card.features, 'feature')}: a one-time pad. The voucher was made ahead of time, while the ` +
        'page was idle: the service got r encrypted, and answered with an encryption of a = W·r − s, with a fresh secret s of its own. ' +
        'The voucher is gone before it is used.'
      );
    },
  },
  send: {
    title: 'Sent',
    says: 'Only the masked numbers leave your computer. No ciphertexts are needed now.',
    engineers: ({ request }) =>
      `POST …/infer, the Open Inference Protocol: a JSON header${request ? ` of ${counted(request.headerLength, 'byte')}` : ''}, then a plain tensor of integers. ` +
      "The header has a random id, the voucher's number, and the digests of the key and of the card.",
  },
  compute: {
    title: 'Computed',
    says: 'The server applies its model to the masked numbers, as fast as to any others. It can read neither them nor the result.',
    engineers: () =>
      "z = W·e + b + s, in the clear. s hides the model's scores of e from you, as r hides x from the server. The time is that from the first byte sent to the last received.",
  },
  receive: {
    title: 'Received',
    says: 'The answer comes back, still masked.',
    engineers: ({ card }) =>
      `${card ? `${counted(card.outputs, 'score')} of ${counted(card.slotBits, 'bit')}. ` : ''}The id and the digests show that it is the answer to exactly this request, as sent, and for this card.`,
  },
  decrypt: {
    title: 'Unmasked',
    says: 'The other half of the voucher, which only your browser has, takes off both masks.',
    engineers: ({ card }) =>
      `z + a = W·x + b${card ? ` modulo 2^${card.slotBits}` : ''}: exactly the model's scores. No key is needed for it, and the voucher is good for nothing else.`,
  },
};

/** The line below such an answer. @param {Task} task */
export function textOfVoucher({ steps }) {
  const time = Object.values(steps).reduce((sum, step) => sum + step.time, 0);
  return `Answered with a voucher made ahead of time: ${size(steps.send.bytes)} up, ${size(steps.receive.bytes)} down, ${duration(time)}.`;
}

/**
 * What is said beside the drawing, or the form.
 *
 * @param {{left: number, isFilling: boolean}} vouchers
 * @param {'pen' | 'form'} followed
 */
export function textOfVouchers({ left, isFilling }, followed) {
  if (left > 0) return `The answer follows your ${followed}, with vouchers made ahead of time.`;
  return isFilling ? `Making vouchers ahead of time, so that the answer can follow your ${followed}…` : '';
}
