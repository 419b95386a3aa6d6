//! Sealed models for clients: their encrypted weights, fetched once, and the secrets that open answers.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use etcetera::{BaseStrategy as _, choose_base_strategy};
use serde::{Deserialize, Serialize};
use veilcast_card::hex::{self, Hex};
use veilcast_card::{Card, CardDigest};
use veilcast_client::Client;
use veilcast_engine::{KeyPolicy, Opening, SealedModel, StoredOpening};
use zeroize::Zeroizing;

use crate::failure::Hint as _;
use crate::files::{self, OutputFile, Readers};
use crate::service::advised;

/// Longest file of an opening, in bytes: a mask for each record, in hexadecimal digits.
const MAX_OPENING_BYTES: u64 = 64 << 20;

/// The format of files of openings.
const FORMAT: &str = "veilcast-opening/1";

/// A service's sealed model, with its weights from an earlier run if they are still there.
pub(crate) async fn fetch(client: &Client, card: &Card) -> anyhow::Result<SealedModel> {
    let sealed = card
        .sealed()
        .ok_or_else(|| anyhow!("the model {} is not offered sealed", card.name()))
        .hint("leave --sealed out; `veilcast inspect` tells the ways that it is offered in")?;
    let kept = place(&sealed.sha256);
    let is_named = |file: &Vec<u8>| sealed.check_file(file, card.features()).is_ok();
    let known = kept.as_deref().and_then(|path| fs::read(path).ok());
    let file = match known.filter(is_named) {
        Some(file) => file,
        None => {
            let answer = advised(client.sealed_file(card.name(), card).await)
                .context("the service doesn't provide the model's sealed weights")?;
            if let Some(path) = kept.filter(|_| is_named(&answer.answer)) {
                keep(&path, &answer.answer);
            }
            answer.answer
        }
    };
    open(card, &file).context("the service's sealed weights can't be used")
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

/// Where a file of this digest is kept from one run to the next.
fn place(sha256: &str) -> Option<PathBuf> {
    let strategy = choose_base_strategy().ok()?;
    let name = format!("{sha256}.bin");
    Some(
        strategy
            .cache_dir()
            .join("veilcast")
            .join("sealed")
            .join(name),
    )
}

/// Keeps a file, if that is possible.
fn keep(path: &Path, file: &[u8]) {
    let kept = || {
        let folder = path.parent().context("it has no folder")?;
        fs::create_dir_all(folder)?;
        OutputFile::write(path, true, Readers::Usual, file)
    };
    if let Err(error) = kept() {
        tracing::debug!(
            error = format!("{error:#}"),
            "the sealed weights aren't kept for the next run"
        );
    }
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
    let file = read_opening_file(path)?;
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
pub(crate) fn described_opening(path: &Path) -> anyhow::Result<(CardDigest, usize)> {
    let file = read_opening_file(path)?;
    Ok((file.card, file.records))
}

fn read_opening_file(path: &Path) -> anyhow::Result<OpeningFile> {
    let unusable = || unusable(path);
    let json = Zeroizing::new(files::read(path, MAX_OPENING_BYTES)?);
    let file: OpeningFile = serde_json::from_slice(&json)
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
