//! Models and cards from files, with what to do when they can't be used.

use std::path::Path;

use anyhow::Context as _;
use veilcast_card::{Card, Encoder};
use veilcast_card::{MAX_CARD_BYTES, MAX_PUBLIC_PART_BYTES};
use veilcast_model::Model;

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
        .hint(
            "the model owner gives it: it is his model's card.json, or SERVER/v2/models/MODEL/card",
        )
}

/// How records become integers for a card: of a hybrid model with its public part from a file.
pub(crate) fn encoder(card: &Card, public_part: Option<&Path>) -> anyhow::Result<Encoder> {
    let Some(path) = public_part else {
        return Encoder::new(card.clone())
            .context("the card alone isn't enough")
            .hint(
                "give the file with --public-part: it is beside the model's card.json, or \
             SERVER/v2/models/MODEL/public.onnx",
            );
    };
    let onnx = files::read(path, MAX_PUBLIC_PART_BYTES)?;
    veilcast_onnx::encoder(card.clone(), Some(&onnx))
        .with_context(|| format!("can't use {}", path.display()))
}
