//! Panics that are errors.

use std::panic;

/// Lets the library that runs networks panic, where the project makes errors of it: libFuzzer's hook
/// ends the process at any panic, even one that is caught.
pub fn allow_those_that_are_errors() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !veilcast_onnx::panics_are_errors() {
            usual(panic);
        }
    }));
}
