//! `veilcast evaluate`: how well a model does, in the clear and encrypted.

mod table;

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use veilcast_card::{Encoder, Task};
use veilcast_client::records_at_once;
use veilcast_engine::planner::Costs;
use veilcast_files::idx::{LabelledImages, Split};
use veilcast_model::Model;
use veilcast_report::{Clear, Encrypted, Evaluation, TestSet, Truth, page};

use self::table::TableArgs;
use crate::args::KeyBits;
use crate::failure::Hint as _;
use crate::files::{OutputFile, Readers};
use crate::output::{Output, STANDARD_OUTPUT};
use crate::planning::PlanArgs;
use crate::predictions::Predictions;
use crate::{keys, models, records};

/// Measure a model on labelled images, on a labelled table, or on arrays with a table of labels.
///
/// Records are predicted in the clear and, with --encrypted, on ciphertexts: there every integer
/// score must equal the one computed in the clear; if one doesn't, the exit status is 1. With
/// --predictions, existing predictions of a table's records are measured, and no model is needed.
///
/// For classes the accuracy is measured; for quantities, the mean absolute error, the root mean
/// squared error and R².
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("written").args(["out", "report"]).multiple(true))]
#[command(after_long_help = crate::examples::EVALUATE)]
pub(crate) struct Args {
    /// Directory of the model.
    #[arg(
        long,
        value_name = "MODEL_DIR",
        required_unless_present = "predictions"
    )]
    model: Option<PathBuf>,
    /// Directory of IDX files with MNIST's names, plain or .gz; the test images are used.
    #[arg(
        long,
        value_name = "DIR",
        required_unless_present = "table",
        requires = "model"
    )]
    data: Option<PathBuf>,
    #[command(flatten)]
    table: TableArgs,
    /// Use only the first N records.
    #[arg(long, value_name = "N", conflicts_with = "predictions")]
    limit: Option<NonZeroUsize>,
    /// Compute on ciphertexts too, and compare.
    #[arg(long, conflicts_with = "predictions")]
    encrypted: bool,
    #[command(flatten)]
    key_bits: KeyBits,
    /// Write the integer map's predictions, as `veilcast predict` does; `-` is standard output.
    #[arg(long, value_name = "FILE.csv", conflicts_with = "predictions")]
    out: Option<PathBuf>,
    /// Write a report with charts, as one HTML file. It shows the model's weights, so it is as
    /// private as they are.
    #[arg(long, value_name = "FILE.html", conflicts_with = "predictions")]
    report: Option<PathBuf>,
    /// Replace the files if they exist.
    #[arg(long, requires = "written")]
    force: bool,
}

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    let Some(directory) = &args.model else {
        return table::measure_predictions(&args.table, output);
    };
    let report = args.report.as_ref();
    let report = report.map(|path| OutputFile::create(path, args.force, Readers::Owner));
    let report = report.transpose()?;
    let model = models::load(directory)?;
    let out = args.out.as_ref();
    let mut out_of = output;
    let out = out.map(|path| {
        if !output.is_json() {
            out_of = output.beside(path);
        }
        let file = (path != Path::new(STANDARD_OUTPUT)).then_some(path.as_path());
        Predictions::begin(model.card(), file, args.force, output)
    });
    let out = out.transpose()?;
    let test = test_set(args, &model)?;
    let encoder = models::encoder_of(&model)?;
    let clear = Clear::of(&model, &encoder, &test)?;
    let mut evaluation = Evaluation::of(&model, &test, &clear)?;
    if args.encrypted {
        let encrypted = on_ciphertexts(&model, &encoder, &test, args.key_bits.bits, output)?;
        evaluation.encrypted = Some(encrypted);
    }
    if let Some(mut out) = out {
        for scores in &clear.scores {
            out.add(Ok(scores), &[])?;
        }
        out.finish()?;
    }
    if let (Some(mut file), Some(path)) = (report, &args.report) {
        let page = page(&model, &evaluation, &Costs::built_in(args.key_bits.bits))?;
        file.write_all(page.as_bytes())
            .with_context(|| format!("can't write {}", path.display()))?;
        file.finish()?;
        evaluation.report = Some(path.clone());
    }
    out_of.result(&evaluation)?;
    match evaluation.encrypted {
        Some(Encrypted {
            records, agreeing, ..
        }) if agreeing < records => {
            bail!(
                "{} of {records} records have different scores on ciphertexts",
                records - agreeing
            )
        }
        _ => Ok(()),
    }
}

/// The figures on ciphertexts, under a key for this run.
fn on_ciphertexts(
    model: &Model,
    encoder: &Encoder,
    test: &TestSet,
    key_bits: u32,
    output: Output,
) -> anyhow::Result<Encrypted> {
    let count = test.records.len() as u64;
    let key = keys::generate(key_bits, output)?;
    let plan = PlanArgs::default();
    let session = Arc::new(records::session(model.card(), key, Some(count), &plan)?);
    let size = records_at_once(&Arc::clone(&session).into());
    let bar = output.progress(Some(count), "encrypted records");
    let measured = Encrypted::of(model, encoder, &session, test, size, |done| {
        bar.inc(done as u64);
    });
    bar.finish_and_clear();
    Ok(measured?)
}

fn test_set(args: &Args, model: &Model) -> anyhow::Result<TestSet> {
    let most = args.limit.map_or(usize::MAX, NonZeroUsize::get);
    match &args.data {
        Some(data) => images(data, model, most),
        None => table::test_set(&args.table, model, most),
    }
}

/// At most `most` of the test images in a directory.
fn images(directory: &Path, model: &Model, most: usize) -> anyhow::Result<TestSet> {
    let mut images = LabelledImages::open(directory, Split::Test)
        .with_context(|| format!("can't use the images in {}", directory.display()))
        .hint("give a directory with MNIST's four files, such as data/mnist")?;
    images.truncate(most);
    match model.card().task() {
        Task::Classes | Task::Probability => {}
        Task::Quantities => {
            bail!("the model predicts quantities, but labelled images are of classes")
        }
    }
    let known = model.card().output().labels.len();
    let labels: Vec<usize> = images.labels().iter().map(|&l| usize::from(l)).collect();
    if let Some(label) = labels.iter().find(|&&label| label >= known) {
        bail!("an image has the label {label}, but the model knows {known} labels");
    }
    let records = images.images().records().map(Into::into).collect();
    let truth = Truth::Classes(labels);
    Ok(TestSet {
        records,
        truth,
        missing: Vec::new(),
        notes: Vec::new(),
    })
}
