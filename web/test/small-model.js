/** The model of the fake service. */

export const SLOT_BITS = 16;
export const WEIGHTS = [
  [1, -2, 3],
  [-4, 5, -6],
];
