//! `veilcast predict`: predictions from a service that never sees the records.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, anyhow, bail};
use serde::Serialize;
use veilcast_card::{Card, CardDigest, Encoder, Way};
use veilcast_client::{
    Client, ClientError, Pipeline, PipelineError, VoucherDirectory, masked_records_at_once,
    records_at_once,
};
use veilcast_engine::{Predictor, PublicKey};
use veilcast_files::Options;
use veilcast_report::Changes;

use crate::args::{ColumnNames, IgnoreColumns, KeyBits, OptionalOutFile, ReadingArgs};
use crate::failure::{Hint as _, Kind, OfKind};
use crate::output::{Output, StdoutClosed, counted};
use crate::planning::PlanArgs;
use crate::predictions::{self, Overview, Predictions};
use crate::records::{Batch, Inputs, batches};
use crate::service::{ServiceArgs, advise, advised};
use crate::waiting::WaitingBar;
use crate::{interrupts, keys, logging, models, records, runtime, sealed};

/// Get predictions for records, encrypted, from a service.
///
/// Predictions are written as CSV: `record,label,<score per class…>,<probability per class…>`, or
/// `record,<value…>` where the model predicts quantities, one row per record in input order, counted
/// from 0. With --json and without --out they are JSON, one record per line.
///
/// Any number of records is accepted, and sent a group at a time. A service that is busy or
/// restarts is asked again; if it stays unavailable, no --out file is left behind. What a proxy
/// refuses as too large is sent in halves. If the service replaces the model meanwhile, the run
/// continues with the new one if that takes the same records, and says so.
///
/// A record whose answer is damaged, or gives a score that no record has, is marked: its row has
/// its number, the columns that are kept, and no prediction, or with --json an `error`. All records
/// are still sent and all rows written, and then the exit status is 1. A malicious service can
/// change answers so that only records with certain scores are marked. It does not see which ones
/// are, unless you show it: by sending those records again, by complaining about them, or by ending
/// the run because of its output, as `| grep -q` does.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::PREDICT)]
pub(crate) struct Args {
    /// URL of the service.
    #[arg(long, value_name = "URL")]
    server: String,
    /// Name of the model.
    #[arg(long, value_name = "NAME")]
    model: String,
    #[command(flatten)]
    service: ServiceArgs,
    /// Secret key file; without it a key is made for this run.
    #[arg(long, conflicts_with = "bits")]
    key: Option<PathBuf>,
    #[command(flatten)]
    key_bits: KeyBits,
    #[command(flatten)]
    plan: PlanArgs,
    /// Directory that `veilcast voucher fill` filled for this key: records are masked as long as there are vouchers for all of a
    /// request, and encrypted otherwise.
    #[arg(long, value_name = "DIR", requires = "key")]
    vouchers: Option<PathBuf>,
    /// Compute with the model's encrypted weights instead of encrypting records: then no key is needed. The weights are fetched
    /// once, and kept with the system's other cached files. A model that is offered in no other way is used so in any case.
    #[arg(long, conflicts_with_all = ["key", "bits", "pool", "vouchers"])]
    sealed: bool,
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
    /// Columns of a CSV file to copy after the predictions, such as a patient number: names
    /// separated by commas. They aren't sent.
    #[arg(long, value_name = "COLUMNS", value_parser = ColumnNames::parse)]
    keep: Option<ColumnNames>,
    #[command(flatten)]
    reading: ReadingArgs,
    /// Records: PNG, NPY, IDX or a table with a header (CSV, Parquet, Arrow or a workbook); `-` for
    /// a table on standard input.
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
    /// Records that vouchers masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_vouchers: Option<u64>,
    /// How often a request was sent again.
    retries: u64,
    #[serde(flatten)]
    changes: Changes,
    /// The cards that have replaced the first meanwhile.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    replaced: Vec<Replaced>,
    bytes_up: u64,
    bytes_down: u64,
    seconds: f64,
    #[serde(flatten)]
    overview: Option<Overview>,
    /// Records whose class is in doubt.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_doubt: Option<u64>,
}

/// A model that replaced another during a run.
#[derive(Serialize)]
struct Replaced {
    /// The first record that it predicted, from 0.
    from_record: u64,
    version: String,
    card: CardDigest,
}

impl fmt::Display for Replaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "note: the service has replaced the model meanwhile: records from {} on (from 0) are predicted by version {}, \
             card {}",
            self.from_record, self.version, self.card
        )
    }
}

impl Summary {
    /// From this record on, predictions are by this card; the first were by `first`.
    fn note_card(&mut self, first: &Card, card: &Card, from_record: u64) {
        let last = self
            .replaced
            .last()
            .map_or(first.digest(), |last| last.card);
        if last != card.digest() {
            self.replaced.push(Replaced {
                from_record,
                version: card.version().to_owned(),
                card: card.digest(),
            });
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            records,
            resumed,
            requests,
            by_vouchers,
            retries,
            bytes_up,
            bytes_down,
            seconds,
            overview,
            in_doubt,
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
        match by_vouchers {
            None => {}
            Some(masked) if *masked == records - resumed => f.write_str(" by vouchers")?,
            Some(0) => f.write_str(", all encrypted, since there were not enough vouchers")?,
            Some(masked) => write!(
                f,
                ", {masked} by vouchers and the others encrypted, since there were not enough vouchers"
            )?,
        }
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
        if let Some(in_doubt) = in_doubt.filter(|count| *count > 0) {
            write!(f, "\n{}", predictions::doubts(in_doubt))?;
        }
        match without_prediction {
            0 => Ok(()),
            &count => write!(f, "\n{}", predictions::note(count)),
        }
    }
}

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    logging::start(logging::Format::of(output), "warn");
    let runtime = runtime::start()?;
    let bar = WaitingBar::new(output.progress(None, "card"));
    let client = args
        .service
        .client(&args.server, Some(bar.on_wait()), output)?;
    let card = runtime.block_on(fetch_card(&client, &args.model))?;
    let encoder = runtime.block_on(fetch_encoder(&client, &card))?;
    let (file, force) = (args.file.path(), args.file.force);
    let keep = args.keep.clone().map_or(Vec::new(), |names| names.0);
    let ignore = args.ignore.columns();
    let inputs = Inputs {
        paths: args.inputs.clone(),
        options: Options {
            ignore,
            keep: keep.clone(),
            reading: args.reading.reading(),
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
    let is_sealed = args.sealed || *card.ways() == [Way::Sealed];
    if let (true, Some(key)) = (is_sealed, &args.key) {
        return Err(anyhow!(
            "the model is offered sealed alone, which takes no key like {}",
            key.display()
        ))
        .hint("leave --key out");
    }
    let (predictor, size) = match is_sealed {
        true => {
            let model = runtime.block_on(sealed::fetch(&client, &card))?;
            let predictor = Predictor::from(Arc::new(model));
            let size = records_at_once(&predictor);
            (predictor, size)
        }
        false => with_key(args, &card, expected, resumed, output)?,
    };
    let has_vouchers = args.vouchers.is_some();
    let batches = batches(encoder, inputs, resumed, size.get());
    let pipeline = Pipeline::new(client, &args.model, predictor).in_flight(args.in_flight);
    let start = Instant::now();
    bar.replace(output.progress(expected, "records"));
    bar.advance(resumed);
    let done = runtime.block_on(predict(pipeline, batches, &mut predictions, &bar));
    bar.finish();
    // A thread may still be waiting for input.
    runtime.shutdown_background();
    let words = interrupts::last_words();
    let mut summary = match (done, words) {
        (Ok(summary), _) => summary,
        (Err(error), Some(words)) if !error.is::<StdoutClosed>() => {
            if output.is_json() {
                return Err(error).hint(words);
            }
            output.say(words);
            return Err(error);
        }
        (Err(error), _) => return Err(error),
    };
    if summary.requests + resumed == 0 {
        bail!("there are no records in the input");
    }
    summary.resumed = resumed;
    summary.by_vouchers = summary.by_vouchers.filter(|_| has_vouchers);
    summary.overview = Some(predictions.overview().clone());
    summary.in_doubt = predictions.in_doubt();
    let unpredicted = predictions.unpredicted().clone();
    summary.without_prediction = unpredicted.count();
    summary.records = predictions.finish()?;
    summary.seconds = start.elapsed().as_secs_f64();
    if !summary.changes.is_none() {
        output.note(&summary.changes);
    }
    for replaced in &summary.replaced {
        output.note(replaced);
    }
    output.note(&summary);
    output.json(&summary)?;
    unpredicted.check(summary.records)
}

/// A session with the key that was given or a new one, and how many of its records to send at once.
fn with_key(
    args: &Args,
    card: &Card,
    expected: Option<u64>,
    resumed: u64,
    output: Output,
) -> anyhow::Result<(Predictor, NonZeroUsize)> {
    let key = keys::load_or_generate(args.key.as_deref(), args.key_bits.bits, output)?;
    let vouchers = args.vouchers.as_deref();
    let vouchers = vouchers.map(|path| voucher_directory(path, key.public_key()));
    let vouchers = vouchers.transpose()?;
    let session = records::session(card, key, expected, &args.plan)?;
    if vouchers.is_none() && card.hidden().is_some() && !card.ways().contains(&Way::Direct) {
        let name = card.name();
        return Err(anyhow!(
            "the model {name} has hidden layers, and takes a voucher for each record"
        ))
        .hint("make some with `veilcast voucher fill`, and give their directory with --vouchers");
    }
    let Some(vouchers) = vouchers else {
        let predictor = Predictor::from(Arc::new(session));
        let size = records_at_once(&predictor);
        return Ok((predictor, size));
    };
    let left = vouchers.count(card.digest())?.good as u64;
    let session = session.with_vouchers(Arc::new(vouchers));
    let predictor = Predictor::from(Arc::new(session));
    let size = match expected {
        Some(expected) if left >= expected - resumed.min(expected) => masked_records_at_once(card),
        _ => records_at_once(&predictor),
    };
    Ok((predictor, size))
}

/// The vouchers that `veilcast voucher fill` has put into a directory.
fn voucher_directory(path: &Path, key: &PublicKey) -> anyhow::Result<VoucherDirectory> {
    if !path.is_dir() {
        return Err(anyhow!("there are no vouchers at {}", path.display()))
            .hint("make some with `veilcast voucher fill`");
    }
    Ok(VoucherDirectory::open(path, key)?)
}

/// Writes the predictions of batch after batch as they come.
async fn predict(
    pipeline: Pipeline,
    batches: impl Iterator<Item = anyhow::Result<Batch>> + Send + 'static,
    predictions: &mut Predictions<'_>,
    bar: &WaitingBar,
) -> anyhow::Result<Summary> {
    let mut summary = Summary::default();
    let mut answers = pipeline.run(batches);
    keep_in_mind(predictions, &summary);
    while let Some(answered) = answers.next().await {
        let answered = answered.map_err(explained)?;
        let card = answered.predictor.card();
        summary.note_card(predictions.card(), card, predictions.count());
        for (index, kept) in answered.group.kept.iter().enumerate() {
            let scores = answered.scores.as_ref();
            predictions.add_by(card, scores.map(|scores| scores[index].as_slice()), kept)?;
        }
        predictions.save()?;
        keep_in_mind(predictions, &summary);
        bar.advance(answered.group.kept.len() as u64);
        summary.requests += u64::from(answered.requests);
        *summary.by_vouchers.get_or_insert_default() += answered.masked;
        summary.retries += u64::from(answered.tries - answered.requests);
        summary.changes += answered.group.changes;
        summary.bytes_up += answered.bytes_up;
        summary.bytes_down += answered.bytes_down;
    }
    Ok(summary)
}

/// Prepares the message for a run that ends here.
fn keep_in_mind(predictions: &Predictions<'_>, summary: &Summary) {
    if let Some(words) = predictions.kept(!summary.replaced.is_empty()) {
        interrupts::say_at_the_end(words);
    }
}

/// The error of a pipeline, with what to do about it.
fn explained(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<PipelineError>() {
        Ok(PipelineError::Client(error)) => advise(error),
        Ok(error @ PipelineError::Replaced { .. }) => Err::<(), _>(error)
            .hint("run the command again, without --resume: it fetches the new card")
            .expect_err("it is an error"),
        Ok(error) => error.into(),
        Err(error) => error,
    }
}

/// The card of a model, checked.
pub(crate) async fn fetch_card(client: &Client, model: &str) -> anyhow::Result<Card> {
    let answer = match client.card(model).await {
        Err(ClientError::Refused {
            status: 404,
            message,
            ..
        }) => {
            return Err(OfKind::new(Kind::Refused, message))
                .with_context(|| format!("the service has no model {model:?}"))
                .hint("ask its operator for the models' names");
        }
        answer => advised(answer)?.answer,
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
    let answer = advised(answer).context("the service doesn't provide the model's public part")?;
    models::encoder_with(card, Some(&answer.answer))
        .context("the service's public part can't be used")
}
