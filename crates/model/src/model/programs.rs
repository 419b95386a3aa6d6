//! The programs of a model: one for single features, and one for each number of features
//! per ciphertext that its card offers.

use std::collections::BTreeMap;
use std::thread;

use crate::{IntegerMap, Program};
use veilcast_card::Layouts;

/// Programs for a map and its [groupings](IntegerMap::grouped). Private.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Programs {
    pub(super) single: Program,
    pub(super) grouped: BTreeMap<u32, Program>,
}

impl Programs {
    /// Each program with its number of features per ciphertext, in increasing order of these.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Program)> {
        let grouped = self.grouped.iter().map(|(&k, program)| (k, program));
        [(1, &self.single)].into_iter().chain(grouped)
    }

    /// Searches for short programs, all in parallel.
    pub(super) fn compile(map: &IntegerMap, layouts: &Layouts) -> Self {
        thread::scope(|scope| {
            let compile = |k: u32| scope.spawn(move || Program::compile(&map.grouped(k)));
            let grouped: Vec<_> = layouts.grouped().iter().map(|&k| (k, compile(k))).collect();
            let single = Program::compile(map);
            let grouped = grouped.into_iter().map(|(k, thread)| {
                // The search has no panics of its own; one would be passed on.
                let program = thread
                    .join()
                    .unwrap_or_else(|p| std::panic::resume_unwind(p));
                (k, program)
            });
            Self {
                single,
                grouped: grouped.collect(),
            }
        })
    }
}
