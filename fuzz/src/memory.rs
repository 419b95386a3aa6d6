//! A limit on memory that holds at each allocation.

use std::alloc::System;

use cap::Cap;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// A kibibyte.
pub const KIB: usize = 1 << 10;
/// A mebibyte.
pub const MIB: usize = 1 << 20;

/// Runs some work with at most so many bytes beside those that are in use already.
///
/// The allocation that passes the limit fails, which aborts the process where it was asked for.
pub fn within<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    let limit = ALLOCATOR.allocated().saturating_add(bytes);
    ALLOCATOR.set_limit(limit).expect("there is room");
    let result = work();
    ALLOCATOR.set_limit(usize::MAX).expect("there is room");
    result
}
