/** The model of the fake service, and what it is asked. */

export const SLOT_BITS = 16;
export const WEIGHTS = [
  [1, -2, 3],
  [-4, 5, -6],
];

/** Records of three numbers, which its card lets go in three requests. */
export const RECORDS = [
  [1, 2, 3],
  [15, 0, 15],
  [0, 15, 0],
  [7, 8, 9],
  [4, 4, 4],
];

/** The layout of a number per ciphertext. */
export const SCALAR = /** @type {const} */ ({ name: 'scalar', featuresPerCiphertext: 1, scoresPerAnswer: 1 });
