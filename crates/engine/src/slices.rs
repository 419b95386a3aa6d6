//! [`Pause`] and the sizes of slices: a computation pauses about every 50 ms, so that others get a
//! turn, and so that one that nobody waits for any more can be ended.

use crate::planner::{RANDOMIZERS_AT_ONCE, Seconds};

/// About how long a slice takes, in seconds, on all threads.
const SLICE: f64 = 0.05;

/// The most operations per thread, however little they cost.
const MOST: usize = 1 << 20;

/// Called between two slices: returns when the next one may begin.
///
/// # Errors
/// [`Stopped`] if there isn't to be one.
pub type Pause<'a> = &'a mut (dyn FnMut() -> Result<(), Stopped> + 'a);

/// A computation was stopped between two slices. It has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the computation was stopped before its end")]
pub struct Stopped;

/// How many operations make a slice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slices {
    threads: usize,
}

impl Slices {
    /// Slices for the current thread pool.
    pub(crate) fn new() -> Self {
        Self {
            threads: rayon::current_num_threads(),
        }
    }

    /// How many operations make a slice, given the seconds that each takes on one core: the same
    /// number on each thread, and at least one.
    pub(crate) fn of(self, seconds: f64) -> usize {
        let on_each = (SLICE / seconds) as usize;
        on_each.clamp(1, MOST) * self.threads
    }

    /// How many answers are masked and re-randomised in a slice. Where the processor computes with
    /// several numbers at once, a full group of randomisers takes little more time than a single
    /// one, so a slice may be up to twice as long for that.
    pub(crate) fn of_answers(self, seconds: &Seconds) -> usize {
        let group = seconds.of_randomizers(RANDOMIZERS_AT_ONCE);
        if group > 2.0 * SLICE {
            return self.of(seconds.of_randomizers(1));
        }
        self.of(group) * RANDOMIZERS_AT_ONCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::Costs;

    #[test]
    fn slices_use_all_threads_and_stay_short() {
        for threads in [1, 2, 7, 64] {
            let slices = Slices { threads };
            assert_eq!(slices.of(1.0), threads);
            assert_eq!(slices.of(0.005), 10 * threads);
            assert_eq!(slices.of(0.0), MOST * threads);
            for slowness in [0.5, 1.0, 4.0] {
                for key_bits in [2048, 3072, 4096] {
                    let seconds = Costs::built_in(key_bits).seconds;
                    let seconds = seconds.zip(&seconds, |each, _| slowness * each);
                    let answers = slices.of_answers(&seconds);
                    assert_eq!(answers % threads, 0, "{threads} threads");
                    let long = seconds.of_randomizers(answers / threads);
                    let one = seconds.of_randomizers(1);
                    assert!(long <= (2.0 * SLICE).max(one), "{answers} take {long} s");
                }
            }
        }
    }
}
