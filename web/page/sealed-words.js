/** What is said of a sealed model, where it is not what is said of data that is encrypted with a key of the user's own. */

import { SealedLayout } from '../src/sealed-layout.js';
import { textOfPublicPart } from './card-text.js';
import { count, counted, duration, size } from './format.js';

/**
 * @typedef {import('../index.js').Card} Card
 * @typedef {import('./task.js').Task} Task
 */

/** The page's introduction. */
export const SEALED_INTRO =
  "The model comes to your browser locked, with the server's key. Your browser computes with the locked weights, and hides what comes out " +
  'under random numbers that never leave this page. Only you can take them off the answer.';

/** Words for steps, by their ids. @type {Record<string, import('./steps.js').Words>} */
export const SEALED_WORDS = {
  key: {
    title: 'Weights fetched',
    says: "The model's weights came encrypted with the server's key. Your browser checked them, and can't read them. No key of yours is needed.",
    engineers: (_, __, card) => {
      if (!card?.fields.sealed) return '';
      const bits = 4 * card.fields.sealed.modulus.length;
      return (
        `A file of ${counted(card.features + 1, 'Paillier ciphertext')} under an n of ${bits} bits: one for each feature, holding its weights for all scores side by side, ` +
        'and one for the biases. Checked: its SHA-256, which the card names; the proof that n has no factor in common with φ(n); and that all numbers are units modulo n². ' +
        'Otherwise what is sent could tell something about your data.'
      );
    },
  },
  public: {
    title: 'Public part run',
    says:
      'The model has two parts. The first one is public, so your browser runs it, on your own machine: nobody else sees what goes in or comes ' +
      'out. The last part, the head, is private: your browser has it encrypted, and computes with that next.',
    engineers: (_, __, card) => textOfPublicPart(card),
  },
  encrypt: {
    title: 'Computed and masked',
    says: 'Your browser applied the locked weights to your data, and added random numbers, each used only this once. What is left is as random as they are.',
    engineers: ({ card, keyBits, total }) => {
      if (!card?.fields.sealed) return '';
      const { recordsPerCiphertext, recordBits } = new SealedLayout(card);
      const shared = Math.min(recordsPerCiphertext, Math.max(total, 1));
      return (
        `C = Π cᵢ^xᵢ · (1 + r·n) · ρⁿ modulo n², for ${counted(shared, 'record')} of ${count(card.features)} features: an encryption of all ${counted(card.outputs * shared, 'score')} plus r. ` +
        `r is uniform up to n − 2^${recordBits * shared}, so within 2^−${keyBits - recordBits * shared - 1} the sum is uniform whatever the scores are, and ρⁿ is a uniform n-th power: ` +
        'this hides your data by information theory, not by the hardness of a problem. Some ρⁿ are made ahead of time, while the page is idle; each is used once.'
      );
    },
  },
  send: {
    title: 'Sent',
    says: 'Only masked numbers leave your computer, locked for the way to the server.',
    engineers: ({ request }) =>
      `POST …/infer, the Open Inference Protocol with its binary tensor extension: a JSON header${request ? ` of ${counted(request.headerLength, 'byte')}` : ''}, then the ciphertexts. ` +
      "The header has a random id, the number of records, and the card's digest.",
  },
  compute: {
    title: 'Opened',
    says: 'The server opens what you sent with its key, and finds masked numbers: it can read neither your data nor the result.',
    engineers: () =>
      'It decrypts, and returns the lowest bits, where the scores are, plus those of r. The time is that from the first byte sent to the last received.',
  },
  receive: {
    title: 'Received',
    says: 'The answer comes back, still masked.',
    engineers: ({ card }) =>
      `${card ? `${counted(card.outputs, 'score')} of ${counted(card.slotBits, 'bit')} per record. ` : ''}The id and the digests show that it is the answer to exactly this request, as sent, and for this card.`,
  },
  decrypt: {
    title: 'Unmasked',
    says: 'Your browser takes off its random numbers. Nobody else has read the answer.',
    engineers: ({ card }) =>
      `The lowest bits minus those of r${card ? `, ${counted(card.slotBits, 'bit')} for each score` : ''}: exactly the model's scores. r is forgotten with it.`,
  },
};

/** The line below such an answer. @param {Task} task */
export function textOfSealed({ steps }) {
  const time = Object.values(steps).reduce((sum, step) => sum + step.time, 0);
  return `Answered by the sealed model, without a key of yours: ${size(steps.send.bytes)} up, ${size(steps.receive.bytes)} down, ${duration(time)}.`;
}

/**
 * What is said beside the drawing, or the form.
 *
 * @param {{left: number, isOpening: boolean, isFilling: boolean}} randomizers
 * @param {'pen' | 'form'} followed
 */
export function textOfRandomizers({ left, isOpening, isFilling }, followed) {
  if (isOpening) return "Fetching and checking the model's encrypted weights…";
  if (left > 0) return `The answer follows your ${followed}, with random numbers made ahead of time.`;
  return isFilling ? `Making random numbers ahead of time, so that the answer can follow your ${followed}…` : '';
}
