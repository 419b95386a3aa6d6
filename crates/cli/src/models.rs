//! Models and cards from files, with what to do when they can't be used.

use std::path::Path;

use anyhow::Context as _;
use veilcast_card::{Card, Encoder};
use veilcast_card::{MAX_CARD_BYTES, MAX_PUBLIC_PART_BYTES};
use veilcast_model::{ImportReport, Model};

use crate::failure::Hint as _;
use crate::files;

/// Reads a model directory.
pub(crate) fn load(directory: &Path) -> anyhow::Result<Model> {
    Model::load(directory)
        .with_context(|| format!("can't use the model in {}", directory.display()))
        .hint("give a directory that `veilcast train` or `veilcast import` wrote, as it wrote it")
}

/// Reads a public card.
pub(crate) fn load_card(path: &Path) -> anyhow::Result<Card> {
    let json = files::read(path, MAX_CARD_BYTES as u64)?;
    Card::parse(&json)
        .with_context(|| format!("can't use the card {}", path.display()))
        .hint("the model owner provides it: the model's card.json, or SERVER/v2/models/MODEL/card")
}

/// How records become integers for a model.
pub(crate) fn encoder_of(model: &Model) -> anyhow::Result<Encoder> {
    encoder_with(model.card(), model.public_part())
}

/// How records become integers for a card, with the bytes of its public part if it has one.
pub(crate) fn encoder_with(card: &Card, public_part: Option<&[u8]>) -> anyhow::Result<Encoder> {
    let encoder = veilcast_onnx::encoder(card.clone(), public_part);
    #[cfg(not(feature = "import"))]
    if encoder.as_ref().is_err_and(has_no_runtime) {
        return encoder.hint(crate::failure::WHOLE_PROGRAM);
    }
    Ok(encoder?)
}

/// Whether this build lacks what runs a public part.
#[cfg(not(feature = "import"))]
fn has_no_runtime(error: &veilcast_card::EncoderError) -> bool {
    let veilcast_card::EncoderError::Network(source) = error else {
        return false;
    };
    let source = source.downcast_ref::<veilcast_onnx::OnnxError>();
    matches!(source, Some(veilcast_onnx::OnnxError::NoRuntime(_)))
}

/// How records become integers for a card: for a hybrid model with its public part from a file.
pub(crate) fn encoder(card: &Card, public_part: Option<&Path>) -> anyhow::Result<Encoder> {
    let Some(path) = public_part else {
        return Encoder::new(card.clone())
            .context("the card alone isn't enough")
            .hint(
                "give the file with --public-part: it is next to the model's card.json, or \
             SERVER/v2/models/MODEL/public.onnx",
            );
    };
    let onnx = files::read(path, MAX_PUBLIC_PART_BYTES)?;
    encoder_with(card, Some(&onnx)).with_context(|| format!("can't use {}", path.display()))
}

/// The tool that wrote an imported file, and the version of ONNX's operators, if it is one of ONNX.
pub(crate) fn origin(import: &ImportReport) -> String {
    let producer = match import.producer.as_str() {
        "" => "an unnamed tool",
        named => named,
    };
    match import.opset {
        Some(opset) => format!("{producer}, opset {opset}"),
        None => producer.to_owned(),
    }
}
