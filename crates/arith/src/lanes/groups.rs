//! How many numbers to compute with at once.

use super::ring::digits;
use crate::kernel::LaneKernel;

/// The most numbers that are computed with at once.
const MOST: usize = 8;

/// How many of `count` powers, each of `lanes` numbers modulo squares of `limbs` limbs, to compute at once on each of
/// `threads` threads, so that the last is done soonest: 1 to 8.
///
/// Without lanes, one at a time spreads most evenly. In lanes, eight together take less time than one by one, but a
/// few are done sooner if every thread has some of them.
pub fn at_once(limbs: usize, lanes: usize, count: usize, threads: usize) -> usize {
    let has_lanes = LaneKernel::detect().is_some() && digits(limbs).is_some();
    let time = |numbers: usize| match has_lanes {
        true => time_in_lanes(limbs, numbers),
        false => numbers as f64,
    };
    let last = |group: &usize| {
        let rounds = count.div_ceil(*group).div_ceil(threads.max(1));
        rounds as f64 * time(group * lanes)
    };
    let groups = 1..=(MOST / lanes).max(1);
    let best = groups.min_by(|a, b| last(a).total_cmp(&last(b)));
    best.unwrap_or(1)
}

/// Fewer numbers than this are faster one by one.
pub(super) fn worth_lanes(limbs: usize) -> usize {
    match limbs {
        ..=16 => 2,
        17..=48 => 3,
        _ => 4,
    }
}

/// The time that this many numbers take, in that of one alone: means of a Zen 4 and a Sapphire Rapids
/// core, which differ by a third.
fn time_in_lanes(limbs: usize, numbers: usize) -> f64 {
    let (four, eight) = match limbs {
        ..=16 => (1.6, 2.2),
        17..=24 => (2.6, 3.5),
        25..=32 => (2.5, 4.0),
        33..=48 => (2.8, 4.2),
        _ => (3.3, 4.6),
    };
    match numbers {
        _ if numbers < worth_lanes(limbs) => numbers as f64,
        ..=4 => four,
        _ => eight,
    }
}
