//! `veilcast decrypt`: a response file to predictions, offline.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use serde::Serialize;
use veilcast_card::Card;
use veilcast_engine::Session;
use veilcast_protocol::{ContentDigest, InferResponse, Inference, Limits, MaskedResponse};

use crate::args::OptionalOutFile;
use crate::failure::Hint as _;
use crate::output::{Output, counted};
use crate::predictions::{self, Overview, Predictions};
use crate::{keys, messages, models, sealed};

/// Decrypt a response file into predictions, as CSV.
///
/// A record whose scores can't be right, since no record has such scores, is marked: its row has
/// only its number, or with --json an `error`. The others are written, and the exit status is 1. If
/// you then send these records again, or complain about them, a service that changes answers on
/// purpose learns what they hold.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::DECRYPT)]
pub(crate) struct Args {
    /// Secret key file that encrypted the request.
    #[arg(long, required_unless_present = "opening")]
    key: Option<PathBuf>,
    /// File that `veilcast encrypt --opening` wrote, for the answer of a sealed model.
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    opening: Option<PathBuf>,
    /// The model's public card.
    #[arg(long)]
    card: PathBuf,
    /// File that `veilcast compute` wrote; `-` is standard input.
    #[arg(long = "in", value_name = "RESPONSE")]
    response: PathBuf,
    /// File that `veilcast encrypt` wrote: the response must belong to this request, and not to
    /// another or an older one.
    #[arg(long, value_name = "REQUEST")]
    request: Option<PathBuf>,
    #[command(flatten)]
    file: OptionalOutFile,
}

#[derive(Serialize)]
struct Summary {
    records: u64,
    /// Those of them whose scores can't be right.
    without_prediction: u64,
    #[serde(flatten)]
    overview: Overview,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_doubt: Option<u64>,
}

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    let card = models::load_card(&args.card)?;
    let (file, force) = (args.file.path(), args.file.force);
    let mut predictions = Predictions::begin(&card, file, force, output)?;
    let scores = match (&args.opening, &args.key) {
        (Some(opening), _) => opened(args, &card, opening)?,
        (None, Some(key)) => decrypted(args, &card, key, output)?,
        (None, None) => bail!("name the key with --key"),
    };
    for record in &scores {
        predictions.add(Ok(record), &[])?;
    }
    let overview = predictions.overview().clone();
    let in_doubt = predictions.in_doubt();
    let unpredicted = predictions.unpredicted().clone();
    let records = predictions.finish()?;
    output.note(format!(
        "{} decrypted\n{overview}",
        counted(records, "record")
    ));
    if let Some(in_doubt) = in_doubt.filter(|count| *count > 0) {
        output.note(predictions::doubts(in_doubt));
    }
    let without_prediction = unpredicted.count();
    if without_prediction > 0 {
        output.note(predictions::note(without_prediction));
    }
    output.json(&Summary {
        records,
        without_prediction,
        overview,
        in_doubt,
    })?;
    unpredicted.check(records)
}

/// The scores in an answer that is encrypted under a key.
fn decrypted(
    args: &Args,
    card: &Card,
    key: &Path,
    output: Output,
) -> anyhow::Result<Vec<Vec<i64>>> {
    let key = keys::load_secret(key, output)?;
    let records = card.limits().max_records as usize;
    let limits = Limits::new(records, records * card.outputs());
    let response = messages::load_response(&args.response, &limits, InferResponse::decode)?;
    let session = Session::new(card.clone(), key)?;
    let _busy = output.busy("decrypting");
    let scores = match request(args, card, response.request_digest)? {
        Some(Inference::Encrypted(request)) => session.decrypt_answer_to(&request, &response),
        Some(_) => return Err(other_request(args)),
        None => session.decrypt(&response),
    };
    scores.with_context(|| format!("can't decrypt {}", args.response.display()))
}

/// The scores in an answer of a sealed model.
fn opened(args: &Args, card: &Card, opening: &Path) -> anyhow::Result<Vec<Vec<i64>>> {
    let opening = sealed::read_opening(opening, card)?;
    let limits = Limits::new(card.limits().max_records as usize, 0);
    let response = messages::load_response(&args.response, &limits, MaskedResponse::decode)?;
    match request(args, card, response.request_digest)? {
        None => {}
        Some(Inference::Sealed(request)) if opening.is_of(&request) => {}
        Some(_) => return Err(other_request(args)),
    }
    opening
        .scores(&response)
        .with_context(|| format!("can't decrypt {}", args.response.display()))
}

/// The request that an answer must belong to, if one is named.
fn request(
    args: &Args,
    card: &Card,
    named: Option<ContentDigest>,
) -> anyhow::Result<Option<Inference>> {
    let Some(path) = &args.request else {
        return Ok(None);
    };
    let limits = card.limits();
    let limits = Limits::new(limits.max_records as usize, limits.max_ciphertexts as usize);
    let (request, digest) = messages::load_inference(path, &limits)?;
    match named == Some(digest) {
        true => Ok(Some(request)),
        false => Err(other_request(args)),
    }
}

fn other_request(args: &Args) -> anyhow::Error {
    let request = args.request.as_deref().unwrap_or(Path::new("the request"));
    let error = anyhow!(
        "{} is not an answer to {}",
        args.response.display(),
        request.display()
    );
    Err::<(), _>(error)
        .hint("give the request file that was computed, byte for byte")
        .expect_err("it is an error")
}
