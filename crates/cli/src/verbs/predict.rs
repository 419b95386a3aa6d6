//! `veilcast predict`: predictions from a service that never sees the records.

use std::fmt;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, anyhow, bail};
use serde::Serialize;
use veilcast_client::{Client, ClientError};
use veilcast_engine::Session;
use veilcast_model::Card;

use crate::args::{KeyBits, OptionalOutFile};
use crate::failure::Hint as _;
use crate::output::{Output, counted};
use crate::predictions::Predictions;
use crate::records::{batch_size, batches, clipped_note};
use crate::{keys, logging, runtime};

/// Get predictions for records, encrypted, from a service.
///
/// Predictions are written as CSV: `record,label,<score per class…>`, a row a record in input
/// order, counted from 0. With --json and without --out they are JSON, a record a line.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// URL of the service.
    #[arg(long, value_name = "URL")]
    server: String,
    /// Name of the model.
    #[arg(long, value_name = "NAME")]
    model: String,
    /// Secret key file; without it a key is made for this run.
    #[arg(long, conflicts_with = "bits")]
    key: Option<PathBuf>,
    #[command(flatten)]
    key_bits: KeyBits,
    #[command(flatten)]
    file: OptionalOutFile,
    /// Records: PNG, CSV with a header, NPY or IDX.
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
}

#[derive(Default, Serialize)]
struct Summary {
    records: u64,
    requests: u64,
    clipped_values: usize,
    bytes_up: u64,
    bytes_down: u64,
    seconds: f64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            records,
            requests,
            bytes_up,
            bytes_down,
            seconds,
            ..
        } = self;
        write!(
            f,
            "{} in {}, {seconds:.1} s, {bytes_up} bytes up, {bytes_down} bytes down",
            counted(*records, "record"),
            counted(*requests, "request")
        )
    }
}

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    logging::start(logging::Format::Text, "warn");
    let runtime = runtime::start()?;
    let client = Client::new(&args.server)?;
    let card = runtime.block_on(fetch_card(&client, &args.model))?;
    let (file, force) = (args.file.out.as_deref(), args.file.force);
    let mut predictions = Predictions::begin(&card, file, force, output)?;
    let batches = batches(&card, &args.inputs, batch_size(&card))?;

    let key = keys::load_or_generate(args.key.as_deref(), args.key_bits.bits)?;
    let session = Session::new(card.clone(), key)?;
    let mut summary = Summary::default();
    let start = Instant::now();
    let bar = output.progress(None, "records");
    for batch in batches {
        let batch = batch?;
        let request = session
            .encrypt(&batch.records)?
            .with_id(summary.requests.to_string());
        let exchange = runtime.block_on(client.infer(&args.model, &request))?;
        let scores = session
            .decrypt_answer_to(&request, &exchange.answer)
            .context("the service's answer can't be used")?;
        for record in &scores {
            predictions.add(record)?;
        }
        bar.inc(scores.len() as u64);
        summary.requests += 1;
        summary.clipped_values += batch.clipped;
        summary.bytes_up += exchange.bytes_up;
        summary.bytes_down += exchange.bytes_down;
    }
    bar.finish_and_clear();
    if summary.requests == 0 {
        bail!("there are no records in the input");
    }
    summary.records = predictions.finish()?;
    summary.seconds = start.elapsed().as_secs_f64();
    if let Some(note) = clipped_note(summary.clipped_values) {
        output.note(note);
    }
    output.note(&summary);
    output.json(&summary)
}

/// The card of a model, checked.
pub(crate) async fn fetch_card(client: &Client, model: &str) -> anyhow::Result<Card> {
    let answer = match client.card(model).await {
        Err(ClientError::Refused {
            status: 404,
            message,
            ..
        }) => {
            return Err(anyhow!("{message}"))
                .with_context(|| format!("the service has no model {model:?}"))
                .hint("ask its operator for the models' names");
        }
        answer => answer?.answer,
    };
    let card = Card::parse(&answer).context("the service's card can't be used")?;
    if card.name() != model {
        bail!(
            "the service gives the card of {:?} in place of {model:?}",
            card.name()
        );
    }
    Ok(card)
}
