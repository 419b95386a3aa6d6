/** What is said of networks with hidden layers, where it is not what is said of other answers by voucher. */

import { counted } from './format.js';

/** @typedef {import('../index.js').Card} Card */

/** Numbers of a ring. @param {Card} card */
const modulo = (card) => `2^${card.hidden?.ring_bits}`;

/** Rounds from a record to its scores. @param {Card} card */
export const roundsOf = (card) => (card.hidden ? card.hidden.sizes.length + 1 : 1);

/** A network's hidden layers, in short. @param {Card} card */
export function layersOf({ hidden }) {
  const sizes = hidden?.sizes ?? [];
  const last = counted(sizes[sizes.length - 1] ?? 0, 'number');
  return sizes.length < 2 ? `a hidden layer of ${last}` : `${sizes.length} hidden layers of ${sizes.slice(0, -1).join(', ')} and ${last}`;
}

/** What is said below the locked cells. @param {Card} card */
export const textOfLayers = (card) => `Inside the model, ${layersOf(card)}: locked there, too.`;

/** Words for steps, by their ids. @type {Record<string, import('./steps.js').Words>} */
export const HIDDEN_WORDS = {
  encrypt: {
    title: 'Masked',
    says: 'Your browser took random numbers off your data, each used only this once. What is left is as random as they are.',
    engineers: (_, __, card) => {
      if (!card) return '';
      return (
        `v − r modulo ${modulo(card)} for each of ${counted(card.features, 'feature')}, and then for each number of a hidden layer: one-time pads. The voucher was made ahead of time: ` +
        'for each part of the network, the service got r encrypted and answered with an encryption of a = W·r − s; then it got a encrypted, and answered with an encryption of ' +
        'g = t·a − s′. s, t and s′ are fresh secrets of its own. The voucher is gone before it is used.'
      );
    },
  },
  send: {
    title: 'Sent',
    says: 'Only masked numbers leave your computer, once for each part of the model. No ciphertexts are needed now.',
    engineers: ({ request }, _, card) =>
      `POST …/infer, the Open Inference Protocol, in ${counted(card ? roundsOf(card) : 2, 'round')}: each a JSON header${request ? `, of ${counted(request.headerLength, 'byte')} in the last one` : ''}, then a plain ` +
      "tensor of bytes. The header has a random id, the voucher's numbers, and the digests of the key and of the card.",
  },
  compute: {
    title: 'Computed',
    says: 'The server applies each layer of its model to masked numbers, and squares what comes out. It can read neither your data, nor the numbers of the hidden layers, nor the result.',
    engineers: (_, __, card) =>
      `${card ? `The network has ${layersOf(card)}, each squared. ` : ''}The server has u, and your browser v; what goes into a layer is u + v. The server computes z = W·(v − r + u) + b + s, and answers z − t. ` +
      'The square is (z + a)² = z² + 2·z·a + a²: by the voucher, each side gets its share of it. The time is that of all rounds, from the first byte sent to the last received.',
  },
  receive: {
    title: 'Received',
    says: 'The answers come back, still masked.',
    engineers: (_, __, card) =>
      `${card ? `${counted(card.outputs, 'number')} modulo ${modulo(card)} in the last one. ` : ''}The ids and the digests show that they are the answers to exactly these requests, as sent, and for this card. ` +
      'The service answers each round of a voucher once.',
  },
  decrypt: {
    title: 'Unmasked',
    says: 'The other half of the voucher, which only your browser has, takes off both masks.',
    engineers: (_, __, card) => {
      const shift = card?.hidden?.score_shift ?? 0;
      return `z + a is exactly the network's result${card ? ` modulo ${modulo(card)}` : ''}${shift > 0 ? `, of which scores lack the lowest ${counted(shift, 'bit')}` : ''}. No key is needed for it, and the voucher is good for nothing else.`;
    },
  },
};

/** The same where the records are encrypted, without vouchers. @type {Record<string, import('./steps.js').Words>} */
export const LAYER_WORDS = {
  encrypt: {
    title: 'Encrypted',
    says: 'Your data became numbers that only your key opens; and so did, after each hidden layer, your share of its numbers.',
    engineers: (_, __, card) =>
      `A ciphertext for each number: (1 + m·n)·rⁿ mod n² with a fresh uniform rⁿ. First ${card ? counted(card.features, 'feature') : 'the features'}; ` +
      "then, for each hidden layer, a = W·x + b − z, which you got, and a². z is the server's secret, so that a tells you nothing of the layer.",
  },
  send: {
    title: 'Sent',
    says: 'Only the encrypted numbers leave your computer, once for each part of the model.',
    engineers: ({ request }, _, card) =>
      `POST …/infer, the Open Inference Protocol, in ${counted(card ? roundsOf(card) : 2, 'round')}: each a JSON header${request ? `, of ${counted(request.headerLength, 'byte')} in the last one` : ''}, ` +
      'then the ciphertexts.',
  },
  compute: {
    title: 'Computed',
    says: 'The server applies each layer of its model to the locked numbers. It can open neither them, nor the numbers of the hidden layers, nor the result.',
    engineers: (_, __, card) =>
      `${card ? `The network has ${layersOf(card)}, each squared. ` : ''}A hidden layer is a + z, and its square a² + 2·z·a + z²: the server goes on from your encrypted a and a². ` +
      'The time is that of all rounds, from the first byte sent to the last received.',
  },
  receive: {
    title: 'Received',
    says: 'The answers come back, still locked.',
    engineers: (_, __, card) =>
      `${card ? `${counted(card.outputs, 'number')} modulo ${modulo(card)} in the last one. ` : ''}The ids and the digests show that they are the answers to exactly these requests, as sent, and for this card.`,
  },
  decrypt: {
    title: 'Decrypted',
    says: 'Your key opens the answers, here in your browser. Those of hidden layers are noise without the secrets that the server keeps; the last one is yours.',
    engineers: (_, __, card) => {
      const shift = card?.hidden?.score_shift ?? 0;
      return `The last answer is exactly the network's result${card ? ` modulo ${modulo(card)}` : ''}${shift > 0 ? `, of which scores lack the lowest ${counted(shift, 'bit')}` : ''}.`;
    },
  },
};
