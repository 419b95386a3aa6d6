//! `veilcast evaluate`: how well a model does, in the clear and encrypted.

mod table;

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde::Serialize;
use veilcast_engine::{Evaluator, KeyPolicy};
use veilcast_model::Model;
use veilcast_model::idx::{LabelledImages, Split};

use self::table::TableArgs;
use crate::args::KeyBits;
use crate::failure::Hint as _;
use crate::output::Output;
use crate::planning::PlanArgs;
use crate::records::{self, batch_size};
use crate::{keys, models};

/// Measure a model on labelled images or on a labelled table.
///
/// A table's records are predicted in the clear, or, with --predictions, were predicted before: then
/// no model is needed. Images are predicted in the clear and, with --encrypted, on ciphertexts.
/// On ciphertexts every integer score must equal the one computed in the clear; if one doesn't,
/// the exit status is 1.
#[derive(clap::Args)]
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
    /// Use the first N images only.
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroUsize>,
    /// Compute on ciphertexts too, and compare.
    #[arg(long)]
    encrypted: bool,
    #[command(flatten)]
    key_bits: KeyBits,
}

#[derive(Serialize)]
struct Evaluation {
    model: String,
    version: String,
    records: usize,
    accuracy: Accuracies,
    /// A row a true label, a column a predicted one, by the quantised map.
    confusion: Vec<Vec<usize>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted: Option<Encrypted>,
    #[serde(skip)]
    labels: Vec<String>,
}

#[derive(Serialize)]
struct Accuracies {
    /// Of the float network on the whole test set, as the report has it from training.
    network_when_trained: Option<f64>,
    collapsed: f64,
    quantized: f64,
}

#[derive(Serialize)]
struct Encrypted {
    key_bits: u32,
    /// The layout that suits so many records best.
    layout: &'static str,
    records: usize,
    /// Records of which every integer score equals the one in the clear.
    agreeing: usize,
    accuracy: f64,
    encrypt_ms: f64,
    compute_ms: f64,
    decrypt_ms: f64,
}

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    let (model, data) = match (&args.table.table, &args.model, &args.data) {
        (Some(table), model, _) => return table::run(table, &args.table, model.as_deref(), output),
        (None, Some(model), Some(data)) => (models::load(model)?, data),
        _ => bail!("give labelled images with --data, or a table with --table"),
    };
    let mut test = LabelledImages::open(data, Split::Test)
        .with_context(|| format!("can't use the images in {}", data.display()))
        .hint("give a directory with MNIST's four files, such as data/mnist")?;
    if let Some(limit) = args.limit {
        test.truncate(limit.get());
    }
    let labels = model.card().output().labels.clone();
    if let Some(label) = test
        .labels()
        .iter()
        .find(|&&label| usize::from(label) >= labels.len())
    {
        bail!(
            "an image has the label {label}, but the model knows {} labels",
            labels.len()
        );
    }
    let mut evaluation = in_the_clear(&model, &test, labels)?;
    if args.encrypted {
        evaluation.encrypted = Some(encrypted(model, &test, args.key_bits.bits, output)?);
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

fn in_the_clear(
    model: &Model,
    test: &LabelledImages,
    labels: Vec<String>,
) -> anyhow::Result<Evaluation> {
    let mut confusion = vec![vec![0; labels.len()]; labels.len()];
    let mut collapsed = 0;
    for (record, &label) in test.images().records().zip(test.labels()) {
        let label = usize::from(label);
        confusion[label][model.predict(&record)?.index] += 1;
        collapsed += usize::from(model.predict_float(&record)?.index == label);
    }
    let quantized: usize = (0..labels.len()).map(|label| confusion[label][label]).sum();
    let when_trained = model.report().and_then(|report| report.accuracy);
    Ok(Evaluation {
        model: model.card().name().to_owned(),
        version: model.card().version().to_owned(),
        records: test.len(),
        accuracy: Accuracies {
            network_when_trained: when_trained.map(|accuracy| accuracy.network),
            collapsed: share(collapsed, test.len()),
            quantized: share(quantized, test.len()),
        },
        confusion,
        encrypted: None,
        labels,
    })
}

fn encrypted(
    model: Model,
    test: &LabelledImages,
    key_bits: u32,
    output: Output,
) -> anyhow::Result<Encrypted> {
    let card = model.card();
    let session = records::session(
        card,
        keys::generate(key_bits)?,
        Some(test.len() as u64),
        &PlanArgs::default(),
    )?;
    let evaluator = Evaluator::new(model.clone(), KeyPolicy::default());
    let bar = output.progress(Some(test.len() as u64), "encrypted records");
    let (mut agreeing, mut right) = (0, 0);
    let mut times = [Duration::ZERO; 3];
    let images: Vec<Vec<f64>> = test.images().records().collect();
    let size = batch_size(&session);
    for (images, labels) in images.chunks(size).zip(test.labels().chunks(size)) {
        let quantized = images
            .iter()
            .map(|image| Ok(card.quantize(image)?.values))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let request = timed(&mut times[0], || session.encrypt(&quantized))?;
        let response = timed(&mut times[1], || evaluator.evaluate(&request))?;
        let scores = timed(&mut times[2], || {
            session.decrypt_answer_to(&request, &response)
        })?;
        for ((features, scores), &label) in quantized.iter().zip(&scores).zip(labels) {
            agreeing += usize::from(*scores == model.evaluate(features)?);
            right += usize::from(card.predict(scores)?.index == usize::from(label));
        }
        bar.inc(scores.len() as u64);
    }
    bar.finish_and_clear();
    let [encrypt_ms, compute_ms, decrypt_ms] =
        times.map(|time| time.as_secs_f64() * 1e3 / test.len() as f64);
    let (records, accuracy) = (test.len(), share(right, test.len()));
    Ok(Encrypted {
        key_bits,
        layout: session.layout().name(),
        records,
        agreeing,
        accuracy,
        encrypt_ms,
        compute_ms,
        decrypt_ms,
    })
}

fn timed<T>(total: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *total += start.elapsed();
    result
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
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
        writeln!(f, "{model} {version} on {records} images")?;
        if let Some(network) = accuracy.network_when_trained {
            writeln!(
                f,
                "  float network   {network:.4} (whole test set, when it was trained)"
            )?;
        }
        writeln!(f, "  collapsed map   {:.4}", accuracy.collapsed)?;
        writeln!(f, "  quantised map   {:.4}", accuracy.quantized)?;
        self.write_confusion(f)?;
        match &self.encrypted {
            Some(encrypted) => write!(f, "\n{encrypted}"),
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
            accuracy,
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
            "  every score equal for {agreeing} of {records} images, accuracy {accuracy:.4}"
        )?;
        write!(
            f,
            "  an image takes {encrypt_ms:.2} ms to encrypt, {compute_ms:.2} ms to compute, {decrypt_ms:.2} ms to decrypt"
        )
    }
}
