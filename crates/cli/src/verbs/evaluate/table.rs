//! Labelled tables: as a test set, and to measure predictions from a service.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use csv::StringRecord;
use serde::Serialize;
use veilcast_card::{Input, RawRecord, Task};
use veilcast_files::table::{Reading, category, number};
use veilcast_files::{self as files, IgnoredColumns, Options};
use veilcast_model::Model;
use veilcast_model::quality::{ClassQuality, RegressionErrors};
use veilcast_report::{Measured, TestSet, Truth};

use crate::args::{ColumnNames, ReadingArgs};
use crate::failure::Hint as _;
use crate::output::{Output, counted};
use crate::predictions::{SCORE, is_marked};
use crate::records::naming;

/// A labelled table, and what to measure on it.
#[derive(clap::Args)]
pub(super) struct TableArgs {
    /// Table with a header, one row per record (CSV, Parquet, Arrow or a workbook); columns that the
    /// model doesn't take are left out.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "data",
        requires = "target"
    )]
    table: Option<PathBuf>,
    /// Column of the table with the true label or value; one for each quantity of a model of
    /// several, separated by commas.
    #[arg(long, value_name = "COLUMN", requires = "table")]
    target: Option<String>,
    /// File of the records, if they aren't the table's rows: arrays or images in NPY or IDX. The
    /// table has a row for each, in the same order.
    #[arg(
        long,
        value_name = "FILE",
        requires = "table",
        conflicts_with = "predictions"
    )]
    records: Option<PathBuf>,
    /// Value of that column in records of the positive class, if it isn't the class's name.
    #[arg(long, value_name = "VALUE", requires = "table")]
    positive: Option<String>,
    /// Predictions of the table's records to measure instead of a model's: a file that `veilcast
    /// predict` or `veilcast decrypt` wrote. Records without a prediction in it are left out, and
    /// counted.
    #[arg(
        long,
        value_name = "FILE.csv",
        requires = "table",
        conflicts_with = "model"
    )]
    predictions: Option<PathBuf>,
    #[command(flatten)]
    reading: ReadingArgs,
}

#[derive(Serialize)]
struct Evaluation {
    /// Those that are measured.
    records: usize,
    /// Those that aren't.
    without_prediction: usize,
    predictions: Measured,
}

impl TableArgs {
    /// The table, and the name of its column with the true values.
    fn table(&self) -> anyhow::Result<(&Path, &str)> {
        let both = self.table.as_deref().zip(self.target.as_deref());
        both.context(
            "give labelled images with --data, or a table with --table and --target; for arrays \
             also --records",
        )
    }

    /// The columns with the true values of this many quantities.
    fn targets(&self, quantities: usize) -> anyhow::Result<Vec<String>> {
        let (_, target) = self.table()?;
        if self.positive.is_some() {
            bail!("--positive is for classes, but the model predicts quantities");
        }
        if quantities == 1 {
            return Ok(vec![target.to_owned()]);
        }
        match ColumnNames::parse(target) {
            Ok(names) if names.0.len() == quantities => Ok(names.0),
            _ => bail!(
                "the model predicts {quantities} quantities; name a column for each with --target, \
                 with commas between"
            ),
        }
    }
}

/// At most `most` of the table's records, with their true labels or values.
pub(super) fn test_set(args: &TableArgs, model: &Model, most: usize) -> anyhow::Result<TestSet> {
    let (card, (table, target)) = (model.card(), args.table()?);
    let targets = match card.task() {
        Task::Quantities => args.targets(card.outputs())?,
        Task::Classes | Task::Probability => vec![target.to_owned()],
    };
    let read = match &args.records {
        None => read(card.input(), table, &targets, args, most)?,
        Some(path) => Read {
            cells: columns(table, &args.reading.reading(), &targets)?,
            ..read(card.input(), path, &[], args, usize::MAX)?
        },
    };
    let Read {
        records,
        cells,
        missing,
        notes,
    } = read.first(most, args)?;
    let truth = match card.task() {
        Task::Quantities => Truth::Quantities(numbers(table, &targets, &cells)?),
        Task::Classes | Task::Probability => {
            Truth::Classes(classes(&cells[0], card.output().scored_labels(), args)?)
        }
    };
    Ok(TestSet {
        records,
        truth,
        missing,
        notes,
    })
}

/// The records of a file, and the cells of its columns that are named, column by column.
struct Read {
    records: Vec<RawRecord<'static>>,
    cells: Vec<Vec<String>>,
    missing: Vec<Vec<(usize, String)>>,
    notes: Vec<String>,
}

fn read(
    input: &Input,
    path: &Path,
    columns: &[String],
    args: &TableArgs,
    most: usize,
) -> anyhow::Result<Read> {
    let options = Options {
        ignore: IgnoredColumns::All,
        keep: columns.to_vec(),
        reading: args.reading.reading(),
    };
    let rows = files::open(input, path, &options).map_err(|error| naming(error, path))?;
    let said = rows.said().iter();
    let mut read = Read {
        records: Vec::new(),
        cells: vec![Vec::new(); columns.len()],
        missing: Vec::new(),
        notes: said
            .map(|said| format!("{}: {said}", path.display()))
            .collect(),
    };
    for row in rows.take(most) {
        let row = row.map_err(|error| naming(error, path))?;
        for (cells, cell) in read.cells.iter_mut().zip(row.kept) {
            cells.push(cell);
        }
        read.records.push(row.raw);
        read.missing.push(row.missing);
    }
    Ok(read)
}

impl Read {
    /// The first records, `most` of them at most.
    ///
    /// # Errors
    /// If the table of the truth doesn't have a row for each record.
    fn first(mut self, most: usize, args: &TableArgs) -> anyhow::Result<Self> {
        let rows = self.cells.first().map_or(0, Vec::len);
        if let (Some(path), Some(table)) = (&args.records, &args.table)
            && rows != self.records.len()
        {
            bail!(
                "{} has {}, {} has {}; the table must have a row for each record",
                path.display(),
                counted(self.records.len() as u64, "record"),
                table.display(),
                counted(rows as u64, "row"),
            );
        }
        self.records.truncate(most);
        self.missing.truncate(most);
        self.cells.iter_mut().for_each(|cells| cells.truncate(most));
        Ok(self)
    }
}

/// Compares predictions with the truth.
pub(super) fn measure_predictions(args: &TableArgs, output: Output) -> anyhow::Result<()> {
    let (table, target) = args.table()?;
    let path = args.predictions.as_deref();
    let path = path.context("give a model with --model, or --predictions")?;
    let failed = || format!("can't use the predictions in {}", path.display());
    let mut reader = csv::Reader::from_path(path).with_context(failed)?;
    let header = reader.headers().with_context(failed)?.clone();
    let rows = reader.records().collect::<Result<Vec<_>, _>>();
    let mut rows = rows.with_context(failed)?;
    let has_prediction: Vec<bool> = rows.iter().map(|row| !is_marked(row)).collect();
    rows.retain(|row| !is_marked(row));
    let without_prediction = has_prediction.len() - rows.len();
    if rows.is_empty() && without_prediction > 0 {
        bail!("no record has a prediction in {}", path.display());
    }
    let reading = args.reading.reading();
    let truth_of = |targets: &[String]| truth_of(table, &reading, targets, &has_prediction, path);
    let header: Vec<&str> = header.iter().collect();
    let is_score = |name: &&str| name.starts_with(SCORE);
    let (records, predictions) = match header.as_slice() {
        ["record", "label", scores @ ..] if scores.first().is_some_and(is_score) => {
            let scored = scores.iter().map_while(|name| name.strip_prefix(SCORE));
            let scored: Vec<String> = scored.map(str::to_owned).collect();
            let truth = truth_of(&[target.to_owned()])?;
            let classes = classes(&truth[0], &scored, args)?;
            let quality = quality(&rows, &scored, &classes).with_context(failed)?;
            (rows.len(), Measured::Classes(quality))
        }
        ["record", values @ ..] if !values.is_empty() => {
            let targets = match column(table, &reading, target) {
                Ok(_) => vec![target.to_owned()],
                Err(_) => ColumnNames::parse(target).map_err(anyhow::Error::msg)?.0,
            };
            if targets.len() > values.len() {
                bail!(
                    "there are {} targets for the values {values:?}",
                    targets.len()
                );
            }
            let truth = numbers(table, &targets, &truth_of(&targets)?)?;
            let columns = (1..=targets.len()).map(|place| scores_at(&rows, place));
            let columns = columns.collect::<anyhow::Result<Vec<_>>>();
            let pairs = columns.with_context(failed)?.into_iter().zip(&truth);
            let quantities = pairs.map(|(values, truth)| RegressionErrors::of(&values, truth));
            let quantities = quantities.collect::<Option<Vec<_>>>();
            let quantities = quantities.context("there are no records in the table")?;
            (rows.len(), Measured::Quantities { quantities })
        }
        _ => {
            return Err(anyhow::anyhow!("its header isn't that of predictions"))
                .with_context(failed)
                .hint("give a file that `veilcast predict` or `veilcast decrypt` wrote");
        }
    };
    output.result(&Evaluation {
        records,
        without_prediction,
        predictions,
    })
}

/// The table's cells of each target, for the records that have a prediction; the file must have a
/// row for each record.
fn truth_of(
    table: &Path,
    reading: &Reading,
    targets: &[String],
    has_prediction: &[bool],
    path: &Path,
) -> anyhow::Result<Vec<Vec<String>>> {
    let columns = columns(table, reading, targets)?;
    let records = columns.first().map_or(0, Vec::len);
    if records != has_prediction.len() {
        bail!(
            "{} has {} predictions, {} has {records} records",
            path.display(),
            has_prediction.len(),
            table.display(),
        );
    }
    let of_those = |column: Vec<String>| {
        let cells = column.into_iter().zip(has_prediction);
        let cells = cells.filter(|(_, has_prediction)| **has_prediction);
        cells.map(|(cell, _)| cell).collect()
    };
    Ok(columns.into_iter().map(of_those).collect())
}

/// How good predictions of classes are.
fn quality(
    rows: &[StringRecord],
    scored: &[String],
    classes: &[usize],
) -> anyhow::Result<ClassQuality> {
    let places = 2..2 + scored.len();
    let scores = places.map(|place| scores_at(rows, place));
    let scores = scores.collect::<anyhow::Result<Vec<_>>>()?;
    let predicted = rows.iter().map(|row| {
        let label = row.get(1).unwrap_or_default();
        match scored {
            [positive] => Ok(usize::from(label == positive)),
            _ => {
                let class = scored.iter().position(|name| name == label);
                class.with_context(|| format!("{label:?} is none of the labels {scored:?}"))
            }
        }
    });
    let predicted = predicted.collect::<anyhow::Result<Vec<_>>>()?;
    let scores = |row| scores.iter().map(|column| column[row]).collect::<Vec<_>>();
    let scores: Vec<Vec<f64>> = (0..rows.len()).map(scores).collect();
    let predictions = predicted.into_iter().zip(scores.iter().map(Vec::as_slice));
    Ok(ClassQuality::of(predictions, classes))
}

/// The numbers in one column of predictions.
fn scores_at(rows: &[StringRecord], place: usize) -> anyhow::Result<Vec<f64>> {
    let cells = rows.iter().map(|row| row.get(place).unwrap_or_default());
    let parsed = |cell: &str| number(cell).with_context(|| format!("{cell:?} isn't a score"));
    cells.map(parsed).collect()
}

/// The numbers in the targets' cells.
fn numbers(
    table: &Path,
    targets: &[String],
    cells: &[Vec<String>],
) -> anyhow::Result<Vec<Vec<f64>>> {
    let columns = targets.iter().zip(cells).map(|(target, cells)| {
        let numbers = cells.iter().enumerate().map(|(record, cell)| {
            number(cell).with_context(|| {
                format!(
                    "record {record} (from 0) of {}: the target {target:?} is {cell:?}, which isn't a \
                     finite number",
                    table.display()
                )
            })
        });
        numbers.collect()
    });
    columns.collect()
}

/// The cells of some columns.
fn columns(table: &Path, reading: &Reading, names: &[String]) -> anyhow::Result<Vec<Vec<String>>> {
    let columns = names.iter().map(|name| column(table, reading, name));
    columns.collect()
}

/// The cells of one column.
fn column(table: &Path, reading: &Reading, name: &str) -> anyhow::Result<Vec<String>> {
    let rows = files::open_table(table, reading);
    let mut rows = rows.map_err(|error| naming(error, table))?;
    let place = rows.header().iter().position(|title| title == name);
    let place = place.with_context(|| format!("{} has no column {name:?}", rows.name()))?;
    let mut cells = Vec::new();
    while let Some(row) = rows.next_row().map_err(|error| naming(error, table))? {
        cells.push(row.cell(place)?.to_owned());
    }
    Ok(cells)
}

/// The classes that cells name; for a single score, 1 is the positive one of two.
///
/// There must be records, and for a single score some of the positive class: no other value of the
/// target is considered.
fn classes(truth: &[String], scored: &[String], args: &TableArgs) -> anyhow::Result<Vec<usize>> {
    let class = |truth: &String| {
        if let [positive] = scored {
            let positive = args.positive.as_ref().unwrap_or(positive);
            let known = std::slice::from_ref(positive);
            return Ok(usize::from(category(known, truth).is_some()));
        }
        let known = category(scored, truth);
        let class = scored
            .iter()
            .position(|label| Some(label.as_str()) == known);
        class.with_context(|| format!("the model doesn't know the class {truth:?}"))
    };
    let classes = truth
        .iter()
        .map(class)
        .collect::<anyhow::Result<Vec<_>>>()?;
    if classes.is_empty() {
        bail!("there are no records in the table");
    }
    if scored.len() == 1 && !classes.contains(&1) {
        return Err(anyhow::anyhow!(
            "no record of the table is of the positive class"
        ))
        .hint("name the value that the target has in such records with --positive");
    }
    Ok(classes)
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&counted(self.records as u64, "record"))?;
        if self.without_prediction > 0 {
            write!(f, ", and {} without a prediction", self.without_prediction)?;
        }
        write!(f, "\n  predictions     {}", self.predictions)
    }
}
