//! A limit on memory that holds at each allocation.

use std::alloc::System;
use std::panic;
use std::sync::Once;

use cap::Cap;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// A kibibyte.
pub const KIB: usize = 1 << 10;
/// A mebibyte.
pub const MIB: usize = 1 << 20;

/// Runs some work with at most this many bytes in addition to those that are in use already.
///
/// The allocation that passes the limit fails, which aborts the process where it was asked for.
pub fn within<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    static LIFTED: Once = Once::new();
    LIFTED.call_once(lift_for_panics);
    let limit = ALLOCATOR.allocated().saturating_add(bytes);
    ALLOCATOR.set_limit(limit).expect("there is room");
    let result = work();
    lift();
    result
}

fn lift() {
    ALLOCATOR
        .set_limit(usize::MAX)
        .expect("what is in use fits");
}

/// Telling where a panic comes from takes memory of its own. The model's code keeps some panics of a library
/// to itself: its hook comes before this one, so that the limit stays then.
fn lift_for_panics() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        lift();
        usual(info);
    }));
}
