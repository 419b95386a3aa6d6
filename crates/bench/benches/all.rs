//! `cargo bench -p veilcast-bench` answers every question; arguments go through to the program.

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    // Cargo adds `--bench` to what follows `--`.
    let mut arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    if arguments.is_empty() {
        arguments.push("all".into());
    }
    let status = Command::new(env!("CARGO_BIN_EXE_veilcast-bench"))
        .args(arguments)
        .status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
