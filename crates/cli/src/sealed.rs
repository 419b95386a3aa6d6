//! Sealed models for clients: their encrypted weights, fetched once, and the secrets that open answers.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde::{Deserialize, Serialize};
use veilcast_card::hex::{self, Hex};
use veilcast_card::{Card, CardDigest};
use veilcast_client::{Client, SealedFiles, SealedFilesError};
use veilcast_engine::{KeyPolicy, Opening, SealedModel, StoredOpening};
use zeroize::Zeroizing;

use crate::failure::Hint as _;
use crate::files::{self, OutputFile};
use crate::service::advise;

/// Longest file of an opening, in bytes: a mask for each record, in hexadecimal digits.
const MAX_OPENING_BYTES: u64 = 64 << 20;

/// The format of files of openings.
const FORMAT: &str = "veilcast-opening/1";

/// A service's sealed model, with its weights from an earlier run if they are still there.
pub(crate) async fn fetch(client: &Client, card: &Card) -> anyhow::Result<SealedModel> {
    match SealedFiles::of_user().fetch(client, card).await {
        Err(error @ SealedFilesError::NotOffered(_)) => Err(error)
            .hint("leave --sealed out; `veilcast inspect` tells the ways that it is offered in"),
        Err(SealedFilesError::Client(error)) => {
            Err(advise(error)).context("the service doesn't provide the model's sealed weights")
        }
        fetched => Ok(fetched?),
    }
}

/// The model of a card, with its weights from a file.
pub(crate) fn load(card: &Card, path: &Path) -> anyhow::Result<SealedModel> {
    let most = card
        .sealed()
        .map_or(0, |sealed| sealed.file_bytes(card.features()));
    let file = files::read(path, most as u64)?;
    open(card, &file)
        .with_context(|| format!("can't use {}", path.display()))
        .hint("it is next to the model's card.json, or SERVER/v2/models/MODEL/sealed.bin")
}

fn open(card: &Card, file: &[u8]) -> anyhow::Result<SealedModel> {
    Ok(SealedModel::open(card.clone(), file, KeyPolicy::default())?)
}

/// What opens the answer to a request that was written to a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpeningFile {
    format: String,
    id: Option<String>,
    card: CardDigest,
    records: usize,
    masks: Zeroizing<String>,
}

/// Writes what opens the answer to a request, for its owner alone.
pub(crate) fn write_opening(file: OutputFile, opening: &Opening) -> anyhow::Result<()> {
    let stored = opening.to_stored();
    let content = OpeningFile {
        format: FORMAT.to_owned(),
        id: stored.id.clone(),
        card: stored.card,
        records: stored.records,
        masks: Zeroizing::new(Hex(&stored.masks).to_string()),
    };
    let json = Zeroizing::new(serde_json::to_vec_pretty(&content)?);
    file.complete(&json)
}

/// Reads what opens the answer to a request.
pub(crate) fn read_opening(path: &Path, card: &Card) -> anyhow::Result<Opening> {
    let json = Zeroizing::new(files::read(path, MAX_OPENING_BYTES)?);
    let file = opening_file(path, &json)?;
    let unusable = || unusable(path);
    if file.card != card.digest() {
        return Err(anyhow!(
            "it is for the card {}, but this model's card is {}",
            file.card,
            card.digest()
        ))
        .with_context(unusable);
    }
    let masks = hex::to_bytes(&file.masks).map(Zeroizing::new);
    let stored = StoredOpening {
        id: file.id,
        card: file.card,
        records: file.records,
        masks: masks.unwrap_or_default(),
    };
    let opening = Opening::from_stored(&stored, card).with_context(unusable)?;
    opening
        .ok_or_else(|| anyhow!("it isn't whole"))
        .with_context(unusable)
}

/// The card and the number of records that an opening is for.
pub(crate) fn described_opening(
    path: &Path,
    content: &[u8],
) -> anyhow::Result<(CardDigest, usize)> {
    let file = opening_file(path, content)?;
    Ok((file.card, file.records))
}

fn opening_file(path: &Path, json: &[u8]) -> anyhow::Result<OpeningFile> {
    let unusable = || unusable(path);
    let file: OpeningFile = serde_json::from_slice(json)
        .with_context(unusable)
        .hint("give the file that `veilcast encrypt --opening` wrote")?;
    if file.format != FORMAT {
        return Err(anyhow!("its format is {:?}, not {FORMAT:?}", file.format))
            .with_context(unusable);
    }
    Ok(file)
}

fn unusable(path: &Path) -> String {
    format!("can't use the opening {}", path.display())
}
