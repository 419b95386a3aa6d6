/**
 * Taking ruled lines out of a mask of strokes: lines that go through the picture from edge to edge, almost level or upright.
 *
 * For each of a few slopes, the mask's pixels are counted along every line: a discrete Radon transform, as that of R. N.
 * Bracewell, "Two-Dimensional Imaging" (1995), with whole numbers. Where a line is, pixels are taken out whose run across it
 * is short; where a stroke crosses it, the run is long.
 */

/** Slopes, in 64ths, from minus this up: about 10 degrees. */
const STEEPEST = 11;
/** Tenths of a line's length that must be in the mask. */
const COVERED = 6;
/** The most pixels across that are a line's. */
const THICKEST = 4;
/** In pictures with a shorter side than this, strokes are as thin as lines, and none are taken out. */
const LEAST_SIDE = 40;

/**
 * @param {Uint8Array} mask 1 where there is ink
 * @param {number} width
 * @param {number} height
 * @returns {Uint8Array}
 */
export function withoutLines(mask, width, height) {
  if (Math.min(width, height) < LEAST_SIDE) return mask;
  const rest = Uint8Array.from(mask);
  removeLines(rest, { along: width, across: height, stepAlong: 1, stepAcross: width });
  removeLines(rest, { along: height, across: width, stepAlong: width, stepAcross: 1 });
  return rest;
}

/**
 * @typedef {{along: number, across: number, stepAlong: number, stepAcross: number}} Direction the picture's size in the
 *   lines' direction and across it, and from one pixel to the next
 */

/** @param {Uint8Array} mask @param {Direction} direction */
function removeLines(mask, direction) {
  const { along, across, stepAlong, stepAcross } = direction;
  for (const { start, slope } of linesIn(mask, direction)) {
    for (let a = 0; a < along; a++) {
      const place = start + fall(slope, a);
      if (place < 0 || place >= across || mask[a * stepAlong + place * stepAcross] === 0) continue;
      let [first, last] = [place, place];
      while (first > 0 && mask[a * stepAlong + (first - 1) * stepAcross]) first -= 1;
      while (last < across - 1 && mask[a * stepAlong + (last + 1) * stepAcross]) last += 1;
      if (last - first >= THICKEST) continue;
      for (let i = first; i <= last; i++) mask[a * stepAlong + i * stepAcross] = 0;
    }
  }
}

/** How far a line has gone across after this many pixels along. @param {number} slope @param {number} a */
const fall = (slope, a) => Math.floor((slope * a + 32) / 64);

/**
 * The lines of which enough is in the mask, also near both ends.
 *
 * @param {Uint8Array} mask
 * @param {Direction} direction
 */
function linesIn(mask, { along, across, stepAlong, stepAcross }) {
  const tenth = Math.floor(along / 10);
  /** @type {{start: number, slope: number}[]} */
  const lines = [];
  for (let slope = -STEEPEST; slope <= STEEPEST; slope++) {
    // Lines start up to `along` before the picture's edge, and beyond it.
    const counts = new Int32Array(across + 2 * along);
    const ends = new Uint8Array(counts.length);
    for (let a = 0; a < along; a++) {
      const offset = along - fall(slope, a);
      const end = a < tenth ? 1 : a >= along - tenth ? 2 : 0;
      for (let place = 0; place < across; place++) {
        if (mask[a * stepAlong + place * stepAcross] === 0) continue;
        counts[place + offset] += 1;
        ends[place + offset] |= end;
      }
    }
    counts.forEach((count, i) => {
      if (10 * count >= COVERED * along && ends[i] === 3) lines.push({ start: i - along, slope });
    });
  }
  return lines;
}
