//! Libraries that panic on some damaged files: there are too many ways to check each beforehand, and files may come from strangers.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    /// Whether this thread is in such a library.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Calls a library; nothing if it panicked. What such a panic leaves half done must not be used again.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    let before = IS_GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    IS_GUARDED.set(before);
    result.ok()
}

/// Has nothing printed about panics of [guarded] libraries, which become errors; others are reported as before.
pub fn silence_guarded_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |about| {
            if !IS_GUARDED.get() {
                usual(about);
            }
        }));
    });
}
