//! `veilcast decrypt`: a response file to predictions, offline.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use serde::Serialize;
use veilcast_engine::Session;
use veilcast_protocol::Limits;

use crate::args::OptionalOutFile;
use crate::failure::Hint as _;
use crate::output::{Output, counted};
use crate::predictions::{self, Overview, Predictions};
use crate::{keys, messages, models};

/// Decrypt a response file into predictions, as CSV.
///
/// A record whose scores can't be right, since no record has such scores, is marked: its row has
/// only its number, or with --json an `error`. The others are written, and the exit status is 1. If
/// you then send these records again, or complain about them, a service that changes answers on
/// purpose learns what they hold.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Secret key file that encrypted the request.
    #[arg(long)]
    key: PathBuf,
    /// The model's public card.
    #[arg(long)]
    card: PathBuf,
    /// File that `veilcast compute` wrote.
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
}

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    let card = models::load_card(&args.card)?;
    let (file, force) = (args.file.out.as_deref(), args.file.force);
    let mut predictions = Predictions::begin(&card, file, force, output)?;
    let key = keys::load_secret(&args.key)?;
    let records = card.limits().max_records as usize;
    let limits = Limits::new(records, records * card.outputs());
    let response = messages::load_response(&args.response, &limits)?;
    let session = Session::new(card.clone(), key)?;
    let scores = match &args.request {
        Some(path) => {
            let most = card.limits().max_ciphertexts as usize;
            let (request, digest) = messages::load_request(path, &Limits::new(records, most))?;
            if response.request_digest != Some(digest) {
                return Err(anyhow!(
                    "{} is not an answer to {}",
                    args.response.display(),
                    path.display()
                ))
                .hint("give the request file that was computed, byte for byte");
            }
            session.decrypt_answer_to(&request, &response)
        }
        None => session.decrypt(&response),
    };
    let scores = scores.with_context(|| format!("can't decrypt {}", args.response.display()))?;
    for record in &scores {
        predictions.add(Ok(record), &[])?;
    }
    let overview = predictions.overview().clone();
    let unpredicted = predictions.unpredicted().clone();
    let records = predictions.finish()?;
    output.note(format!(
        "{} decrypted\n{overview}",
        counted(records, "record")
    ));
    let without_prediction = unpredicted.count();
    if without_prediction > 0 {
        output.note(predictions::note(without_prediction));
    }
    output.json(&Summary {
        records,
        without_prediction,
        overview,
    })?;
    unpredicted.check(records)
}
