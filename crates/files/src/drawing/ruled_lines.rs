//! Taking ruled lines out of a mask of strokes: lines that go through the picture from edge to
//! edge, almost level or upright.
//!
//! For each of a few slopes, the mask's pixels are counted along every line: a discrete Radon
//! transform, as that of R. N. Bracewell, "Two-Dimensional Imaging" (1995), with whole numbers.
//! Where a line is, pixels are taken out whose run across it is short; where a stroke crosses it,
//! the run is long.

/// The steepest slope, in 64ths: about 10 degrees.
const STEEPEST: i64 = 11;
/// Tenths of a line's length that must be in the mask.
const COVERED: usize = 6;
/// The most pixels across that are a line's.
const THICKEST: usize = 4;
/// In pictures with a shorter side than this, strokes are as thin as lines, and none are taken out.
const LEAST_SIDE: usize = 40;

/// Takes ruled lines out of a mask.
pub(super) fn remove_lines(mask: &mut [bool], width: usize) {
    let height = mask.len() / width;
    if width.min(height) < LEAST_SIDE {
        return;
    }
    Direction {
        along: width,
        across: height,
        step_along: 1,
        step_across: width,
    }
    .remove_lines(mask);
    Direction {
        along: height,
        across: width,
        step_along: width,
        step_across: 1,
    }
    .remove_lines(mask);
}

/// The picture's size in the lines' direction and across it, and from one pixel to the next.
struct Direction {
    along: usize,
    across: usize,
    step_along: usize,
    step_across: usize,
}

/// A line: where it is across at the start, perhaps outside the picture, and its slope.
struct Line {
    start: i64,
    slope: i64,
}

/// How far a line has gone across after this many pixels along.
fn fall(slope: i64, along: usize) -> i64 {
    (slope * along as i64 + 32).div_euclid(64)
}

impl Direction {
    fn index(&self, along: usize, across: usize) -> usize {
        along * self.step_along + across * self.step_across
    }

    fn remove_lines(&self, mask: &mut [bool]) {
        for Line { start, slope } in self.lines(mask) {
            for along in 0..self.along {
                let place = usize::try_from(start + fall(slope, along)).ok();
                let Some(place) = place.filter(|place| *place < self.across) else {
                    continue;
                };
                if !mask[self.index(along, place)] {
                    continue;
                }
                let before = (0..place).rev().take_while(|&i| mask[self.index(along, i)]);
                let first = place - before.count();
                let after = (place + 1..self.across).take_while(|&i| mask[self.index(along, i)]);
                let run = first..place + 1 + after.count();
                if run.len() <= THICKEST {
                    run.for_each(|i| mask[self.index(along, i)] = false);
                }
            }
        }
    }

    /// The lines of which enough is in the mask, also near both ends.
    fn lines(&self, mask: &[bool]) -> Vec<Line> {
        let tenth = self.along / 10;
        let mut lines = Vec::new();
        for slope in -STEEPEST..=STEEPEST {
            // Lines start up to `along` before the picture's edge, and beyond it.
            let mut found = vec![(0_usize, [false; 2]); self.across + 2 * self.along];
            for along in 0..self.along {
                let offset = self.along as i64 - fall(slope, along);
                let ends = [along < tenth, along >= self.along - tenth];
                for across in (0..self.across).filter(|&i| mask[self.index(along, i)]) {
                    let (count, seen) = &mut found[(across as i64 + offset) as usize];
                    *count += 1;
                    *seen = [seen[0] || ends[0], seen[1] || ends[1]];
                }
            }
            let starts = (-(self.along as i64)..).zip(found);
            let covered = starts.filter(|(_, (count, seen))| {
                10 * count >= COVERED * self.along && *seen == [true; 2]
            });
            lines.extend(covered.map(|(start, _)| Line { start, slope }));
        }
        lines
    }
}
