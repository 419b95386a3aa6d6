//! `veilcast evaluate`: how well a model does, in the clear and encrypted.

mod figures;
mod measure;
mod report;
mod table;

use std::fmt;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Serialize;
use veilcast_model::Model;
use veilcast_model::card::InputKind;
use veilcast_model::idx::{LabelledImages, Split};

use self::figures::{Calibration, Quality, QuantizationError};
use self::measure::{Clear, Encrypted, TestSet};
use self::table::TableArgs;
use crate::args::KeyBits;
use crate::failure::Hint as _;
use crate::files::{OutputFile, Readers};
use crate::models;
use crate::output::{Output, counted};
use crate::predictions::Predictions;

/// Measure a model on labelled images or on a labelled table.
///
/// Records are predicted in the clear and, with --encrypted, on ciphertexts: there every integer score
/// must equal the one computed in the clear; if one doesn't, the exit status is 1. With --predictions
/// a table's records were predicted before: then no model is needed.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("written").args(["out", "report"]).multiple(true))]
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
    /// Use the first N records only.
    #[arg(long, value_name = "N", conflicts_with = "predictions")]
    limit: Option<NonZeroUsize>,
    /// Compute on ciphertexts too, and compare.
    #[arg(long, conflicts_with = "predictions")]
    encrypted: bool,
    #[command(flatten)]
    key_bits: KeyBits,
    /// Write the integer map's predictions, as `veilcast predict` does.
    #[arg(long, value_name = "FILE.csv", conflicts_with = "predictions")]
    out: Option<PathBuf>,
    /// Write a report with charts for people, as one HTML file. It shows the model's weights: it is as
    /// private as they are.
    #[arg(long, value_name = "FILE.html", conflicts_with = "predictions")]
    report: Option<PathBuf>,
    /// Replace the files if they exist.
    #[arg(long, requires = "written")]
    force: bool,
}

#[derive(Serialize)]
struct Evaluation {
    model: String,
    version: String,
    records: usize,
    accuracy: Accuracies,
    /// By the collapsed map in floats.
    collapsed: Quality,
    /// By the integer map.
    quantized: Quality,
    /// A row a true label, a column a predicted one, by the quantised map.
    confusion: Vec<Vec<usize>>,
    /// Of the quantised map's probabilities.
    #[serde(skip_serializing_if = "Option::is_none")]
    calibration: Option<Calibration>,
    quantization_error: QuantizationError,
    /// The largest magnitude of each integer score.
    largest_scores: Vec<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted: Option<Encrypted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<PathBuf>,
    #[serde(skip)]
    labels: Vec<String>,
    /// What a record is called.
    #[serde(skip)]
    noun: &'static str,
}

#[derive(Serialize)]
struct Accuracies {
    /// Of the float network on the whole test set, as the report has it from training.
    network_when_trained: Option<f64>,
    collapsed: f64,
    quantized: f64,
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
    let out = out.map(|path| Predictions::begin(model.card(), Some(path), args.force, output));
    let out = out.transpose()?;
    let test = test_set(args, &model)?;
    let clear = Clear::of(&model, &test)?;
    let mut evaluation = Evaluation::of(&model, &test, &clear);
    if args.encrypted {
        let encrypted = Encrypted::of(&model, &test, args.key_bits.bits, output)?;
        evaluation.encrypted = Some(encrypted);
    }
    if let Some(mut out) = out {
        for scores in &clear.scores {
            out.add(scores, &[])?;
        }
        out.finish()?;
    }
    if let (Some(mut file), Some(path)) = (report, &args.report) {
        let page = report::page(&model, &evaluation, args.key_bits.bits)?;
        file.write_all(page.as_bytes())
            .with_context(|| format!("can't write {}", path.display()))?;
        file.finish()?;
        evaluation.report = Some(path.clone());
    }
    output.result(&evaluation)?;
    match evaluation.encrypted {
        Some(Encrypted {
            records, agreeing, ..
        }) if agreeing < records => {
            bail!(
                "{} of {records} records have other scores on ciphertexts",
                records - agreeing
            )
        }
        _ => Ok(()),
    }
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
    let known = model.card().output().labels.len();
    let labels: Vec<usize> = images.labels().iter().map(|&l| usize::from(l)).collect();
    if let Some(label) = labels.iter().find(|&&label| label >= known) {
        bail!("an image has the label {label}, but the model knows {known} labels");
    }
    let records = images.images().records().map(Into::into).collect();
    Ok(TestSet { records, labels })
}

impl Evaluation {
    fn of(model: &Model, test: &TestSet, clear: &Clear) -> Self {
        let (card, labels) = (model.card(), model.card().output().labels.clone());
        let Clear {
            collapsed,
            quantized,
            ..
        } = clear;
        let mut confusion = vec![vec![0; labels.len()]; labels.len()];
        for (prediction, &label) in quantized.iter().zip(&test.labels) {
            confusion[label][prediction.index] += 1;
        }
        let [by_floats, by_integers] = [collapsed, quantized]
            .map(|predictions| Quality::of_predictions(predictions, &test.labels));
        let when_trained = model.report().and_then(|report| report.accuracy);
        Self {
            model: card.name().to_owned(),
            version: card.version().to_owned(),
            records: test.records.len(),
            accuracy: Accuracies {
                network_when_trained: when_trained.map(|accuracy| accuracy.network),
                collapsed: by_floats.accuracy,
                quantized: by_integers.accuracy,
            },
            collapsed: by_floats,
            quantized: by_integers,
            confusion,
            calibration: Calibration::of(quantized, &test.labels),
            quantization_error: QuantizationError::of(collapsed, quantized),
            largest_scores: clear.largest_scores(),
            encrypted: None,
            report: None,
            labels,
            noun: match card.input().kind {
                InputKind::Image => "image",
                InputKind::Table => "record",
            },
        }
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            model,
            version,
            records,
            accuracy,
            ..
        } = self;
        let on = counted(*records as u64, self.noun);
        writeln!(f, "{model} {version} on {on}")?;
        if let Some(network) = accuracy.network_when_trained {
            writeln!(
                f,
                "  float network   accuracy {network:.4} (whole test set, when it was trained)"
            )?;
        }
        writeln!(f, "  collapsed map   {}", self.collapsed)?;
        writeln!(f, "  quantised map   {}", self.quantized)?;
        self.write_confusion(f)?;
        if let Some(encrypted) = &self.encrypted {
            write!(f, "\n{encrypted}")?;
        }
        match &self.report {
            Some(path) => write!(
                f,
                "\nreport written to {}; it shows the model's weights, keep it as private as they are",
                path.display()
            ),
            None => Ok(()),
        }
    }
}

impl Evaluation {
    fn write_confusion(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |label: &String| label.chars().take(8).collect::<String>();
        let counts = self
            .confusion
            .iter()
            .flatten()
            .map(|count| count.to_string().len());
        let names = self.labels.iter().map(|label| name(label).chars().count());
        let width = counts.chain(names).max().unwrap_or(0) + 1;
        write!(f, "true labels down, predicted ones across\n{:width$}", "")?;
        for label in &self.labels {
            write!(f, "{:>width$}", name(label))?;
        }
        for (label, row) in self.labels.iter().zip(&self.confusion) {
            write!(f, "\n{:>width$}", name(label))?;
            for count in row {
                write!(f, "{count:>width$}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            key_bits,
            layout,
            records,
            agreeing,
            quality,
            encrypt_ms,
            compute_ms,
            decrypt_ms,
        } = self;
        writeln!(
            f,
            "on ciphertexts under a key of {key_bits} bits, in the layout `{layout}`"
        )?;
        writeln!(
            f,
            "  every score equal for {agreeing} of {records} records, {quality}"
        )?;
        write!(
            f,
            "  a record takes {encrypt_ms:.2} ms to encrypt, {compute_ms:.2} ms to compute, {decrypt_ms:.2} ms to decrypt"
        )
    }
}
