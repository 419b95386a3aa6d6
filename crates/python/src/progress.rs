//! What tells Python how far a computation is.

use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::prelude::*;

/// What tells a function of Python's how much is done, whenever it is more.
pub(crate) fn telling<'a>(
    done: &'a AtomicUsize,
    progress: Option<Bound<'a, PyAny>>,
) -> impl FnMut(Python<'_>) -> PyResult<()> + 'a {
    let mut told = 0;
    move |_| match (&progress, done.load(Ordering::Relaxed)) {
        (Some(progress), done) if done > told => {
            told = done;
            progress.call1((done,)).map(|_| ())
        }
        _ => Ok(()),
    }
}
