//! How many numbers to compute with at once.

use super::ring::kernel;
use crate::kernel::LaneKernel;

/// How many of `count` powers, each of `lanes` numbers modulo squares of `limbs` limbs, to compute
/// at once on each of `threads` threads, so that the last is done as soon as possible: 1 to 8.
///
/// Without lanes, one at a time spreads most evenly. In lanes, eight together take less time than one by one, but a
/// few are done sooner if every thread has some of them.
pub fn at_once(limbs: usize, lanes: usize, count: usize, threads: usize) -> usize {
    let kernel = kernel(limbs).map(|(kernel, _)| kernel);
    let time = |numbers: usize| match kernel {
        Some(kernel) => time_in_lanes(kernel, limbs, numbers),
        None => numbers as f64,
    };
    let last = |group: &usize| {
        let rounds = count.div_ceil(*group).div_ceil(threads.max(1));
        rounds as f64 * time(group * lanes)
    };
    let most = kernel.map_or(1, LaneKernel::widest);
    let groups = 1..=(most / lanes).max(1);
    let best = groups.min_by(|a, b| last(a).total_cmp(&last(b)));
    best.unwrap_or(1)
}

/// Fewer numbers than this are faster one by one.
pub(super) fn worth_lanes(kernel: LaneKernel, limbs: usize) -> usize {
    match (kernel.eight(), limbs) {
        (Some(_), ..=16) => 2,
        (Some(_), ..=32) => 3,
        (Some(_), ..=48) | (None, _) => 4,
        (Some(_), _) => 5,
    }
}

/// The time that this many numbers take, as a multiple of that of a single one. With eight lanes:
/// means of a Zen 4 and a Sapphire Rapids core, which differ by a third. With four, of a Sapphire
/// Rapids core.
fn time_in_lanes(kernel: LaneKernel, limbs: usize, numbers: usize) -> f64 {
    let (four, eight) = match (kernel.eight(), limbs) {
        (Some(_), ..=16) => (1.6, 2.2),
        (Some(_), ..=24) => (2.6, 3.5),
        (Some(_), ..=32) => (2.7, 3.9),
        (Some(_), ..=48) => (3.1, 4.3),
        (Some(_), _) => (4.0, 5.1),
        (None, _) => (3.2, 6.4),
    };
    match numbers {
        _ if numbers < worth_lanes(kernel, limbs) => numbers as f64,
        ..=4 => four,
        _ => eight,
    }
}
