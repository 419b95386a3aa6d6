//! Logs on standard error, chosen by `RUST_LOG`.

use std::io;

use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One object per line, for programs.
    Json,
}

/// Starts logging; `default` is what is logged if `RUST_LOG` doesn't say.
pub(crate) fn start(format: Format, default: &str) {
    // Errors report what the library says about files; that it doesn't know a version isn't worth a
    // line.
    let default = || EnvFilter::new(format!("{default},tract_onnx=error"));
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| default());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    match format {
        Format::Text => {
            let ansi = io::IsTerminal::is_terminal(&io::stderr());
            builder.with_ansi(ansi).with_target(false).init();
        }
        Format::Json => builder.json().init(),
    }
}
