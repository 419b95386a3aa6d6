//! Labelled tables: as a test set, and to measure predictions that a service gave.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Serialize;
use veilcast_model::Model;
use veilcast_model::input::{self, IgnoredColumns, Options};

use super::figures::Quality;
use super::measure::TestSet;
use crate::failure::Hint as _;
use crate::output::Output;
use crate::predictions::SCORE;
use crate::records::naming;

/// A labelled table, and what to measure on it.
#[derive(clap::Args)]
pub(super) struct TableArgs {
    /// CSV file with a header, a row a record; columns that the model doesn't take are left out.
    #[arg(
        long,
        value_name = "FILE.csv",
        conflicts_with = "data",
        requires = "target"
    )]
    table: Option<PathBuf>,
    /// Column of the table that tells what is true.
    #[arg(long, value_name = "COLUMN", requires = "table")]
    target: Option<String>,
    /// Value of that column in records of the positive class, if it isn't the class's name.
    #[arg(long, value_name = "VALUE", requires = "table")]
    positive: Option<String>,
    /// Predictions of the table's records to measure in place of a model's: a file that
    /// `veilcast predict` or `veilcast decrypt` wrote.
    #[arg(
        long,
        value_name = "FILE.csv",
        requires = "table",
        conflicts_with = "model"
    )]
    predictions: Option<PathBuf>,
}

#[derive(Serialize)]
struct Evaluation {
    records: usize,
    predictions: Quality,
}

impl TableArgs {
    /// The table, and the name of its column that tells what is true.
    fn table(&self) -> anyhow::Result<(&Path, &str)> {
        let both = self.table.as_deref().zip(self.target.as_deref());
        both.context("give labelled images with --data, or a table with --table and --target")
    }
}

/// At most `most` of the table's records, with what is true of them.
pub(super) fn test_set(args: &TableArgs, model: &Model, most: usize) -> anyhow::Result<TestSet> {
    let (card, (table, target)) = (model.card(), args.table()?);
    let options = Options {
        ignore: IgnoredColumns::All,
        keep: vec![target.to_owned()],
    };
    let rows = input::open(card, table, &options).map_err(|error| naming(error, table))?;
    let labels = &card.output().labels;
    // A single score is that of the last label.
    let scored = &labels[labels.len() - card.outputs()..];
    let (mut records, mut labels) = (Vec::new(), Vec::new());
    for row in rows.take(most) {
        let row = row.map_err(|error| naming(error, table))?;
        let truth = row.kept.first().map_or("", String::as_str);
        labels.push(class(truth, scored, args)?);
        records.push(row.raw);
    }
    check_classes(&labels, scored)?;
    Ok(TestSet { records, labels })
}

/// Compares predictions with what is true.
pub(super) fn measure_predictions(args: &TableArgs, output: Output) -> anyhow::Result<()> {
    let (table, target) = args.table()?;
    let predictions = args.predictions.as_deref();
    let predictions = predictions.context("give a model with --model, or --predictions")?;
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
    check_classes(&classes, &scored)?;
    output.result(&Evaluation {
        records: classes.len(),
        predictions: Quality::of(scores.iter().map(Vec::as_slice), &classes),
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

/// There must be records, and of a single score some of the positive class: no other value of the
/// target is looked at.
fn check_classes(classes: &[usize], scored: &[String]) -> anyhow::Result<()> {
    if classes.is_empty() {
        bail!("there are no records in the table");
    }
    if scored.len() == 1 && !classes.contains(&1) {
        return Err(anyhow::anyhow!(
            "no record of the table is of the positive class"
        ))
        .hint("name the value that the target has in such records with --positive");
    }
    Ok(())
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} records\n  predictions     {}",
            self.records, self.predictions
        )
    }
}
