//! Measuring a model, or predictions that a service gave, on a labelled table.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Serialize;
use veilcast_model::input::{self, IgnoredColumns, Options};
use veilcast_model::{Model, auc};

use crate::args::OptionalOutFile;
use crate::failure::Hint as _;
use crate::models;
use crate::output::Output;
use crate::predictions::{Predictions, SCORE};
use crate::records::naming;

/// A labelled table, and what to measure on it.
#[derive(clap::Args)]
pub(super) struct TableArgs {
    /// CSV file with a header, a row a record; columns that the model doesn't take are left out.
    #[arg(long, value_name = "FILE.csv", conflicts_with_all = ["data", "encrypted", "limit"], requires = "target")]
    pub(super) table: Option<PathBuf>,
    /// Column of the table that tells what is true.
    #[arg(long, value_name = "COLUMN", requires = "table")]
    target: Option<String>,
    /// Value of that column in records of the positive class, if it isn't the class's name.
    #[arg(long, value_name = "VALUE", requires = "table")]
    positive: Option<String>,
    /// Predictions of the table's records to measure in place of a model's: a file that
    /// `veilcast predict` or `veilcast decrypt` wrote.
    #[arg(long, value_name = "FILE.csv", requires = "table", conflicts_with_all = ["model", "out"])]
    predictions: Option<PathBuf>,
    #[command(flatten)]
    file: OptionalOutFile,
}

#[derive(Serialize)]
struct Evaluation {
    records: usize,
    #[serde(flatten)]
    measured: Measured,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Measured {
    Model {
        collapsed: Quality,
        quantized: Quality,
    },
    Predictions {
        predictions: Quality,
    },
}

#[derive(Serialize)]
struct Quality {
    accuracy: f64,
    /// Of a single score: the area under the ROC curve, if both classes are there.
    #[serde(skip_serializing_if = "Option::is_none")]
    auc: Option<f64>,
    /// Of a single score: the mean square of what its probability is off by.
    #[serde(skip_serializing_if = "Option::is_none")]
    brier: Option<f64>,
}

pub(super) fn run(
    table: &Path,
    args: &TableArgs,
    model: Option<&Path>,
    output: Output,
) -> anyhow::Result<()> {
    let target = args.target.as_deref().unwrap_or_default();
    let evaluation = match (&args.predictions, model) {
        (Some(predictions), _) => measure_predictions(predictions, table, target, args)?,
        (None, Some(model)) => measure_model(&models::load(model)?, table, target, args, output)?,
        (None, None) => bail!("give a model with --model, or predictions with --predictions"),
    };
    output.result(&evaluation)
}

/// Predicts every record in the clear, by floats and by integers.
fn measure_model(
    model: &Model,
    table: &Path,
    target: &str,
    args: &TableArgs,
    output: Output,
) -> anyhow::Result<Evaluation> {
    let card = model.card();
    let (file, force) = (args.file.out.as_deref(), args.file.force);
    let mut predictions = match file {
        Some(_) => Some(Predictions::begin(card, file, force, output)?),
        None => None,
    };
    let options = Options {
        ignore: IgnoredColumns::All,
        keep: vec![target.to_owned()],
    };
    let records = input::open(card, table, &options).map_err(|error| naming(error, table))?;
    let labels = &card.output().labels;
    // A single score is that of the last label.
    let scored = &labels[labels.len() - card.outputs()..];
    let (mut floats, mut integers, mut classes) = (Vec::new(), Vec::new(), Vec::new());
    for record in records {
        let record = record.map_err(|error| naming(error, table))?;
        let scores = model.evaluate(&card.quantize(&record.raw)?.values)?;
        if let Some(predictions) = &mut predictions {
            predictions.add(&scores, &[])?;
        }
        floats.push(model.predict_float(&record.raw)?.scores);
        integers.push(card.dequantize(&scores)?);
        let truth = record.kept.first().map_or("", String::as_str);
        classes.push(class(truth, scored, args)?);
    }
    let evaluation = Evaluation {
        records: classes.len(),
        measured: Measured::Model {
            collapsed: Quality::of(&floats, &classes)?,
            quantized: Quality::of(&integers, &classes)?,
        },
    };
    match predictions {
        Some(predictions) => predictions.finish().map(|_| evaluation),
        None => Ok(evaluation),
    }
}

/// Compares predictions with what is true.
fn measure_predictions(
    predictions: &Path,
    table: &Path,
    target: &str,
    args: &TableArgs,
) -> anyhow::Result<Evaluation> {
    let failed = || format!("can't use the predictions in {}", predictions.display());
    let mut reader = csv::Reader::from_path(predictions).with_context(failed)?;
    let header = reader.headers().with_context(failed)?.clone();
    let scored = header
        .iter()
        .skip(2)
        .map_while(|name| name.strip_prefix(SCORE));
    let scored: Vec<String> = scored.map(str::to_owned).collect();
    if header.iter().take(2).ne(["record", "label"]) || scored.is_empty() {
        return Err(anyhow::anyhow!("its header isn't that of predictions"))
            .with_context(failed)
            .hint("give a file that `veilcast predict` or `veilcast decrypt` wrote");
    }
    let mut scores: Vec<Vec<f64>> = Vec::new();
    for row in reader.records() {
        let row = row.with_context(failed)?;
        let cells = row.iter().skip(2).take(scored.len());
        let numbers: Result<_, _> = cells.map(str::parse).collect();
        scores.push(numbers.with_context(failed)?);
    }
    let truths = column(table, target)?;
    if truths.len() != scores.len() {
        bail!(
            "{} has {} predictions, {} has {} records",
            predictions.display(),
            scores.len(),
            table.display(),
            truths.len()
        );
    }
    let classes = truths.iter().map(|truth| class(truth, &scored, args));
    let classes = classes.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(Evaluation {
        records: classes.len(),
        measured: Measured::Predictions {
            predictions: Quality::of(&scores, &classes)?,
        },
    })
}

/// The cells of one column.
fn column(table: &Path, name: &str) -> anyhow::Result<Vec<String>> {
    let failed = || format!("can't read {}", table.display());
    let mut builder = csv::ReaderBuilder::new();
    let reader = builder.trim(csv::Trim::All).from_path(table);
    let mut reader = reader.with_context(failed)?;
    let header = reader.headers().with_context(failed)?;
    let place = header.iter().position(|title| title == name);
    let place = place.with_context(|| format!("{} has no column {name:?}", table.display()))?;
    let cell = |row: csv::Result<csv::StringRecord>| {
        let row = row.with_context(failed)?;
        Ok(row.get(place).unwrap_or_default().to_owned())
    };
    reader.into_records().map(cell).collect()
}

/// The index of the class that a cell names; of a single score's two 1 is the positive one.
fn class(truth: &str, scored: &[String], args: &TableArgs) -> anyhow::Result<usize> {
    if let [positive] = scored {
        return Ok(usize::from(
            truth == args.positive.as_deref().unwrap_or(positive),
        ));
    }
    let class = scored.iter().position(|label| label == truth);
    class.with_context(|| format!("the model knows no class {truth:?}"))
}

impl Quality {
    fn of(scores: &[Vec<f64>], classes: &[usize]) -> anyhow::Result<Self> {
        if classes.is_empty() {
            bail!("there are no records in the table");
        }
        let records = classes.len() as f64;
        let predicted = |scores: &[f64]| match scores {
            [score] => usize::from(*score > 0.0),
            _ => {
                (0..scores.len()).fold(0, |best, i| if scores[i] > scores[best] { i } else { best })
            }
        };
        let right = scores.iter().zip(classes);
        let right = right.filter(|(scores, class)| predicted(scores) == **class);
        let accuracy = right.count() as f64 / records;
        if scores[0].len() > 1 {
            let (auc, brier) = (None, None);
            return Ok(Self {
                accuracy,
                auc,
                brier,
            });
        }
        let single: Vec<f64> = scores.iter().flatten().copied().collect();
        let positive: Vec<bool> = classes.iter().map(|&class| class == 1).collect();
        if positive.iter().all(|positive| !positive) {
            return Err(anyhow::anyhow!(
                "no record of the table is of the positive class"
            ))
            .hint("name the value that the target has in such records with --positive");
        }
        let off = single.iter().zip(classes).map(|(score, &class)| {
            let probability = 1.0 / (1.0 + (-score).exp());
            (probability - class as f64).powi(2)
        });
        Ok(Self {
            accuracy,
            auc: auc(&single, &positive),
            brier: Some(off.sum::<f64>() / records),
        })
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records", self.records)?;
        match &self.measured {
            Measured::Model {
                collapsed,
                quantized,
            } => {
                write!(f, "\n  collapsed map   {collapsed}")?;
                write!(f, "\n  quantised map   {quantized}")
            }
            Measured::Predictions { predictions } => write!(f, "\n  predictions     {predictions}"),
        }
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "accuracy {:.4}", self.accuracy)?;
        if let Some(auc) = self.auc {
            write!(f, ", area under the ROC curve {auc:.4}")?;
        }
        match self.brier {
            Some(brier) => write!(f, ", Brier score {brier:.4}"),
            None => Ok(()),
        }
    }
}
