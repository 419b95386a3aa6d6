//! The binary `veilcast`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    veilcast_cli::run(std::env::args_os()).into()
}
