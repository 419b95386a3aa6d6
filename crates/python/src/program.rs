//! The program `veilcast`, which `python -m veilcast` runs.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the program with arguments, of which the first is its name, and returns the exit status.
#[pyfunction]
pub(crate) fn main(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| veilcast_cli::run(arguments))
}
