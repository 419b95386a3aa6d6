//! `veilcast predict`: predictions from a service that never sees the records.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, anyhow, bail};
use indicatif::ProgressBar;
use serde::Serialize;
use veilcast_card::{Card, Encoder};
use veilcast_client::{Client, ClientError, Pipeline};
use veilcast_files::Options;

use crate::args::{ColumnNames, IgnoreColumns, KeyBits, OptionalOutFile};
use crate::failure::Hint as _;
use crate::output::{Output, counted};
use crate::planning::PlanArgs;
use crate::predictions::{self, Overview, Predictions};
use crate::records::{Batch, Changes, Inputs, batch_size, batches};
use crate::{keys, logging, models, records, runtime};

/// Get predictions for records, encrypted, from a service.
///
/// Predictions are written as CSV: `record,label,<score per class…>`, or `record,<value…>` where the
/// model predicts quantities, one row per record in input order, counted from 0. With --json and
/// without --out they are JSON, one record per line.
///
/// Any number of records is accepted, and sent a group at a time. A busy service is asked again,
/// and so is one that restarts; if it stays away, no --out file is left behind.
///
/// A record whose answer is damaged, or gives a score that no record has, is marked: its row has its
/// number, the columns that are kept, and no prediction; with --json an `error`. All records are
/// still sent and all rows written, and then the exit status is 1. A malicious service can change
/// answers so that only records with certain scores are marked. It does not see which ones are, unless
/// you show it: by sending those records again, by complaining about them, or by ending the run
/// because of what it prints, as `| grep -q` does.
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
    plan: PlanArgs,
    #[command(flatten)]
    file: OptionalOutFile,
    /// Requests under way at a time: while the service computes one, the next is encrypted and sent.
    #[arg(long, value_name = "N", default_value_t = Pipeline::IN_FLIGHT)]
    in_flight: NonZeroUsize,
    /// Keep finished predictions in FILE.partial next to --out, and continue what an interrupted
    /// run of the same command has left there. Records without a prediction count as done: they
    /// aren't sent again.
    #[arg(long, requires = "out")]
    resume: bool,
    #[command(flatten)]
    ignore: IgnoreColumns,
    /// Columns of a CSV file to copy after the predictions, such as a patient's number: names
    /// separated by commas. They aren't sent.
    #[arg(long, value_name = "COLUMNS", value_parser = ColumnNames::parse)]
    keep: Option<ColumnNames>,
    /// Records: PNG, CSV with a header, NPY or IDX.
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
}

#[derive(Default, Serialize)]
struct Summary {
    records: u64,
    /// Those of them that an interrupted run had finished.
    resumed: u64,
    /// Those among all records whose answer can't be right.
    without_prediction: u64,
    requests: u64,
    /// How often a request was sent again.
    retries: u64,
    #[serde(flatten)]
    changes: Changes,
    bytes_up: u64,
    bytes_down: u64,
    seconds: f64,
    #[serde(flatten)]
    overview: Option<Overview>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            records,
            resumed,
            requests,
            retries,
            bytes_up,
            bytes_down,
            seconds,
            overview,
            without_prediction,
            ..
        } = self;
        if *resumed > 0 {
            write!(f, "{} done before, ", counted(*resumed, "record"))?;
        }
        write!(
            f,
            "{} in {}",
            counted(records - resumed, "record"),
            counted(*requests, "request")
        )?;
        match retries {
            0 => {}
            1 => f.write_str(", 1 retry")?,
            _ => write!(f, ", {retries} retries")?,
        }
        write!(
            f,
            ", {seconds:.1} s, {bytes_up} bytes up, {bytes_down} bytes down"
        )?;
        if let Some(overview) = overview {
            write!(f, "\n{overview}")?;
        }
        match without_prediction {
            0 => Ok(()),
            &count => write!(f, "\n{}", predictions::note(count)),
        }
    }
}

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    logging::start(logging::Format::Text, "warn");
    let runtime = runtime::start()?;
    let client = Client::new(&args.server)?;
    let card = runtime.block_on(fetch_card(&client, &args.model))?;
    let encoder = runtime.block_on(fetch_encoder(&client, &card))?;
    let (file, force) = (args.file.out.as_deref(), args.file.force);
    let keep = args.keep.clone().map_or(Vec::new(), |names| names.0);
    let ignore = args.ignore.columns();
    let inputs = Inputs {
        paths: args.inputs.clone(),
        options: Options {
            ignore,
            keep: keep.clone(),
        },
    };
    let predictions = match file {
        Some(file) if args.resume => {
            let task = format!("predictions by {} of {}", card.digest(), inputs.identity()?);
            Predictions::resume(&card, file, force, &task)?
        }
        file => Predictions::begin(&card, file, force, output)?,
    };
    let mut predictions = predictions.keeping(keep);
    let resumed = predictions.count();
    let expected = records::count(&card, &inputs)?;
    let key = keys::load_or_generate(args.key.as_deref(), args.key_bits.bits)?;
    let session = Arc::new(records::session(&card, key, expected, &args.plan)?);
    let batches = batches(encoder, inputs, resumed, batch_size(&session));
    let pipeline = Pipeline::new(client, &args.model, session).in_flight(args.in_flight);
    let start = Instant::now();
    let bar = output.progress(expected, "records");
    bar.inc(resumed);
    let done = runtime.block_on(predict(pipeline, batches, &mut predictions, &bar));
    bar.finish_and_clear();
    // A thread may still wait for input.
    runtime.shutdown_background();
    let mut summary = done?;
    if summary.requests + resumed == 0 {
        bail!("there are no records in the input");
    }
    summary.resumed = resumed;
    summary.overview = Some(predictions.overview().clone());
    let unpredicted = predictions.unpredicted().clone();
    summary.without_prediction = unpredicted.count();
    summary.records = predictions.finish()?;
    summary.seconds = start.elapsed().as_secs_f64();
    if !summary.changes.is_none() {
        output.note(summary.changes);
    }
    output.note(&summary);
    output.json(&summary)?;
    unpredicted.check(summary.records)
}

/// Writes the predictions of batch after batch as they come.
async fn predict(
    pipeline: Pipeline,
    batches: impl Iterator<Item = anyhow::Result<Batch>> + Send + 'static,
    predictions: &mut Predictions<'_>,
    bar: &ProgressBar,
) -> anyhow::Result<Summary> {
    let mut summary = Summary::default();
    let mut answers = pipeline.run(batches);
    while let Some(answered) = answers.next().await {
        let answered = answered?;
        for (index, kept) in answered.group.kept.iter().enumerate() {
            let scores = answered.scores.as_ref();
            predictions.add(scores.map(|scores| scores[index].as_slice()), kept)?;
        }
        predictions.save()?;
        bar.inc(answered.group.kept.len() as u64);
        summary.requests += 1;
        summary.retries += u64::from(answered.tries - 1);
        summary.changes += answered.group.changes;
        summary.bytes_up += answered.bytes_up;
        summary.bytes_down += answered.bytes_down;
    }
    Ok(summary)
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
            "the service returned the card of {:?} instead of {model:?}",
            card.name()
        );
    }
    Ok(card)
}

/// How records become integers: for a hybrid model with its public part, checked.
pub(crate) async fn fetch_encoder(client: &Client, card: &Card) -> anyhow::Result<Encoder> {
    let Some(part) = card.public_part() else {
        return Ok(Encoder::new(card.clone())?);
    };
    // A checked card's part has at most as many bytes as fit into memory.
    let answer = client.public_part(card.name(), part.bytes as usize).await;
    let answer = answer.context("the service doesn't provide the model's public part")?;
    models::encoder_with(card, Some(&answer.answer))
        .context("the service's public part can't be used")
}
