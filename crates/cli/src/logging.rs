//! Logs on standard error, chosen by `RUST_LOG`.

use std::io;

use anstream::{AutoStream, ColorChoice};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::output::Output;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One object per line, for programs.
    Json,
}

impl Format {
    /// What suits the reader of the output.
    pub(crate) fn of(output: Output) -> Self {
        match output.is_json() {
            true => Self::Json,
            false => Self::Text,
        }
    }
}

/// Starts logging; `default` is what is logged if `RUST_LOG` doesn't say.
pub(crate) fn start(format: Format, default: &str) {
    // Errors report what the libraries say about files and certificates; that one doesn't know a version isn't
    // worth a line.
    let default = format!("{default},tract_onnx=error,rustls_platform_verifier=off");
    let asked = std::env::var("RUST_LOG").ok();
    let asked = asked.filter(|text| !text.is_empty());
    let filter = asked.and_then(|text| text.parse::<Targets>().ok());
    let filter = filter.unwrap_or_else(|| default.parse().expect("the default is well formed"));
    let registry = tracing_subscriber::registry().with(filter);
    #[cfg(feature = "otlp")]
    let (registry, no_traces) = match crate::traces::layer() {
        Ok(layer) => (registry.with(layer), None),
        Err(error) => (registry.with(None), Some(error)),
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    match format {
        Format::Text => {
            let ansi = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
            registry
                .with(lines.with_ansi(ansi).with_target(false))
                .init();
        }
        Format::Json => registry.with(lines.json()).init(),
    }
    #[cfg(feature = "otlp")]
    if let Some(error) = no_traces {
        tracing::error!(
            error = crate::failure::describe(&error),
            "no traces are sent"
        );
    }
}
