//! Requests and responses in files: the binary bodies of the HTTP messages.

use std::path::Path;

use anyhow::Context as _;
use veilcast_protocol::{ContentDigest, DecodeError, Framing, Inference, Limits};

use crate::failure::Hint as _;
use crate::files;

/// Reads a request file for a model that takes up to `limits`; returns its digest too.
pub(crate) fn load_inference(
    path: &Path,
    limits: &Limits,
) -> anyhow::Result<(Inference, ContentDigest)> {
    let body = files::read(path, limits.max_body_bytes as u64)?;
    let request = Inference::decode(&body, Framing::SelfDelimiting, limits)
        .with_context(|| format!("{} isn't a request that this model takes", path.display()))
        .hint("give a file that `veilcast encrypt` wrote with this model's card")?;
    Ok((request, ContentDigest::of(&body)))
}

/// Reads a response file of a model that returns up to `limits`, by what decodes it.
pub(crate) fn load_response<T>(
    path: &Path,
    limits: &Limits,
    decode: fn(&[u8], Framing, &Limits) -> Result<T, DecodeError>,
) -> anyhow::Result<T> {
    let body = files::read(path, limits.max_body_bytes as u64)?;
    decode(&body, Framing::SelfDelimiting, limits)
        .with_context(|| format!("{} isn't a response of this model", path.display()))
        .hint("give a file that `veilcast compute` wrote")
}
