//! Models that are made here: what they are called, and where they are written.

use std::path::Path;

use veilcast_model::{Model, ModelError};

use crate::failure::Hint as _;

/// Checks that a model can be written to a directory, before time is spent on making it.
pub(crate) fn check_destination(directory: &Path, force: bool) -> anyhow::Result<()> {
    veilcast_model::check_destination(directory, force).map_err(with_hint)
}

/// Writes a model directory.
pub(crate) fn save(model: &Model, directory: &Path, force: bool) -> anyhow::Result<()> {
    model.save(directory, force).map_err(with_hint)
}

/// The error with the option that helps.
fn with_hint(error: ModelError) -> anyhow::Error {
    match error {
        ModelError::Exists { .. } => Err::<(), _>(error)
            .hint("choose another place, or replace it with --force")
            .expect_err("it is an error"),
        _ => error.into(),
    }
}

/// A text, as far as it is allowed as a model's name; otherwise the other name.
pub(crate) fn model_name(text: &str, otherwise: &str) -> String {
    let fit = |c: char| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_lowercase(),
        false => '-',
    };
    let name: String = text.chars().map(fit).take(64).collect();
    match name.trim_matches('-') {
        "" => otherwise.to_owned(),
        name => name.to_owned(),
    }
}
