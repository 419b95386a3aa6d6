//! Libraries that panic on some damaged files: there are too many ways to check each beforehand, and
//! files may come from strangers.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls a library; nothing if it panicked. What such a panic leaves half done must not be used again.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}
