//! Predictions as CSV or JSON lines: the same whether they came over HTTP or through files.

mod overview;
mod unpredicted;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;
use veilcast_card::{Activation, Card, Prediction, Task, chain};
use veilcast_client::AnswerError;

pub(crate) use self::overview::Overview;
pub(crate) use self::unpredicted::{Unpredicted, note};
use crate::files::{OutputFile, Readers};
use crate::output::{self, Output, counted};
use crate::resumable::ResumableFile;

/// What the columns of scores begin with, before the label.
pub(crate) const SCORE: &str = "score_";
/// What the columns of probabilities begin with.
const PROBABILITY: &str = "probability_";

/// The column that says whether a class is in doubt.
const SURE: &str = "sure";
/// What it says then.
const NOT_SURE: &str = "no";

/// Whether a row of a file of predictions says that its record has none: neither a label nor a
/// value is ever empty.
pub(crate) fn is_marked(row: &csv::StringRecord) -> bool {
    row.get(1) == Some("")
}

/// Writes one prediction per record, in input order, as `record,label,<score per class…>,<probability
/// per class…>` or, for quantities, as `record,<value per quantity…>`, then `sure` if the card says when
/// a class is in doubt, and then the kept cells of the record. Scores without a final function have no
/// probabilities.
///
/// A record whose answer can't be right is marked: its label and scores are empty, or in JSON there is
/// an `error` in their place. That is not an error of writing: what is sent to a service must not
/// depend on what it answers.
pub(crate) struct Predictions<'a> {
    card: &'a Card,
    /// The names of the columns that are kept.
    keep: Vec<String>,
    sink: Sink,
    count: u64,
    /// How many of them survive an interruption.
    saved: u64,
    has_header: bool,
    overview: Overview,
    in_doubt: u64,
    unpredicted: Unpredicted,
}

enum Sink {
    /// CSV into a file that appears when all is done.
    File(Box<csv::Writer<OutputFile>>),
    /// CSV into a file that an interrupted run leaves behind, for another run to continue.
    Resumable(Box<csv::Writer<ResumableFile>>),
    /// CSV on standard output.
    Stdout,
    /// One object per line on standard output.
    JsonLines(Output),
}

#[derive(Serialize)]
struct Line<'a> {
    record: u64,
    #[serde(flatten)]
    predicted: Predicted<'a>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    kept: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Predicted<'a> {
    /// By the quantity's name.
    Values { values: BTreeMap<&'a str, f64> },
    Label {
        label: &'a str,
        scores: &'a [f64],
        #[serde(skip_serializing_if = "Option::is_none")]
        probabilities: Option<&'a [f64]>,
        /// If the card says when a class is in doubt.
        #[serde(skip_serializing_if = "Option::is_none")]
        sure: Option<bool>,
    },
    /// What is wrong with the answer.
    Nothing { error: &'a str },
}

impl<'a> Predicted<'a> {
    fn of(card: &'a Card, prediction: &'a Result<Prediction, String>) -> Self {
        let prediction = match prediction {
            Ok(prediction) => prediction,
            Err(error) => return Self::Nothing { error },
        };
        match prediction {
            Prediction::Class(class) => Self::Label {
                label: &class.label,
                scores: &class.scores,
                probabilities: class.probabilities.as_deref(),
                sure: card.output().doubt.map(|_| !class.in_doubt),
            },
            Prediction::Quantities(values) => {
                let names = card.output().labels.iter().map(String::as_str);
                Self::Values {
                    values: names.zip(values.iter().copied()).collect(),
                }
            }
        }
    }
}

impl<'a> Predictions<'a> {
    /// Prepares the place. Without a file, predictions go to standard output.
    pub(crate) fn begin(
        card: &'a Card,
        file: Option<&Path>,
        force: bool,
        output: Output,
    ) -> anyhow::Result<Self> {
        let sink = match file {
            Some(path) => {
                let file = OutputFile::create(path, force, Readers::Usual)?;
                Sink::File(Box::new(csv::Writer::from_writer(file)))
            }
            None if output.is_json() => Sink::JsonLines(output),
            None => Sink::Stdout,
        };
        Ok(Self::into_sink(card, sink))
    }

    /// Continues the predictions that an earlier run of this task has left next to a file, or
    /// begins anew.
    pub(crate) fn resume(
        card: &'a Card,
        file: &Path,
        force: bool,
        task: &str,
    ) -> anyhow::Result<Self> {
        let (file, rows) = ResumableFile::open(file, force, task)?;
        let sink = Sink::Resumable(Box::new(csv::Writer::from_writer(file)));
        let mut predictions = Self::into_sink(card, sink);
        // The first row is the header, which is there if any row is.
        for row in rows.iter().skip(1) {
            let record = predictions.count;
            predictions.count += 1;
            if is_marked(row) {
                predictions.unpredicted.add(record, None);
                continue;
            }
            predictions.in_doubt += u64::from(row_in_doubt(card, row));
            let counted = predictions.overview.add_row(row);
            counted.context("what an earlier run has left next to --out isn't predictions")?;
        }
        predictions.has_header = !rows.is_empty();
        predictions.saved = predictions.count;
        Ok(predictions)
    }

    fn into_sink(card: &'a Card, sink: Sink) -> Self {
        Self {
            card,
            keep: Vec::new(),
            sink,
            count: 0,
            saved: 0,
            has_header: false,
            overview: Overview::new(card),
            in_doubt: 0,
            unpredicted: Unpredicted::default(),
        }
    }

    /// The card of the first prediction.
    pub(crate) fn card(&self) -> &Card {
        self.card
    }

    /// The number of records so far, including those of an earlier run.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// An overview of the predictions so far.
    pub(crate) fn overview(&self) -> &Overview {
        &self.overview
    }

    /// How many records are in doubt so far; none if the card doesn't say when one is.
    pub(crate) fn in_doubt(&self) -> Option<u64> {
        self.card.output().doubt.map(|_| self.in_doubt)
    }

    /// The records so far that are marked, including those of an earlier run.
    pub(crate) fn unpredicted(&self) -> &Unpredicted {
        &self.unpredicted
    }

    /// Makes what was added so far survive an interruption, if the file can be continued.
    pub(crate) fn save(&mut self) -> anyhow::Result<()> {
        match &mut self.sink {
            Sink::Resumable(csv) => {
                csv.flush().context("can't write the predictions")?;
                self.saved = self.count;
                Ok(())
            }
            Sink::File(_) | Sink::Stdout | Sink::JsonLines(_) => Ok(()),
        }
    }

    /// What is kept of them if the run ends here, for people; nothing if they have seen everything.
    /// `replaced` says whether some are by a model that was replaced meanwhile.
    pub(crate) fn kept(&self, replaced: bool) -> Option<String> {
        match &self.sink {
            Sink::Resumable(csv) => {
                let rows = counted(self.saved, "row");
                let kept = format!("{rows} kept in {}", csv.get_ref().partial().display());
                Some(if replaced {
                    format!(
                        "{kept}; some are by a model that was replaced, so --resume can't continue them"
                    )
                } else {
                    format!("{kept}: run again with --resume")
                })
            }
            Sink::File(_) => Some(
                "no predictions are kept; --resume would have kept the finished ones".to_owned(),
            ),
            Sink::Stdout | Sink::JsonLines(_) => None,
        }
    }

    /// With columns that are copied from the records.
    pub(crate) fn keeping(self, keep: Vec<String>) -> Self {
        Self { keep, ..self }
    }

    /// Adds the prediction of the next record, and its kept cells; or marks the record,
    /// if its answer could not be used or its scores can't be right.
    pub(crate) fn add(
        &mut self,
        scores: Result<&[i64], &AnswerError>,
        kept: &[String],
    ) -> anyhow::Result<()> {
        self.add_by(self.card, scores, kept)
    }

    /// The same, by another card that [predicts in the same form](Card::predicts_as) as the first.
    pub(crate) fn add_by(
        &mut self,
        card: &Card,
        scores: Result<&[i64], &AnswerError>,
        kept: &[String],
    ) -> anyhow::Result<()> {
        let record = self.count;
        let prediction = match scores {
            Ok(scores) => card.predict(scores).map_err(|error| chain(&error)),
            Err(error) => Err(chain(error)),
        };
        if !self.has_header {
            self.has_header = true;
            let mut header = header(self.card);
            header.extend(self.keep.iter().cloned());
            self.row(header)?;
        }
        self.count += 1;
        match &prediction {
            Ok(prediction) => {
                let class = prediction.class();
                self.in_doubt += u64::from(class.is_some_and(|class| class.in_doubt));
                self.overview.add(prediction);
            }
            Err(fault) => self.unpredicted.add(record, Some(fault.clone())),
        }
        if let Sink::JsonLines(output) = self.sink {
            let names = self.keep.iter().map(String::as_str);
            return output.json(&Line {
                record,
                predicted: Predicted::of(self.card, &prediction),
                kept: names.zip(kept.iter().map(String::as_str)).collect(),
            });
        }
        let mut row = vec![record.to_string()];
        match prediction {
            Ok(Prediction::Class(class)) => {
                row.push(class.label);
                row.extend(class.scores.iter().map(f64::to_string));
                let probabilities = class.probabilities.iter().flatten();
                let scored = self.card.output().scored_labels().len();
                // Of two classes by a single score, the second's.
                let probabilities: Vec<&f64> = probabilities.collect();
                let first = probabilities.len().saturating_sub(scored);
                // The last digits depend on who computes the exponential function.
                row.extend(probabilities[first..].iter().map(|p| format!("{p:.6}")));
                if self.card.output().doubt.is_some() {
                    row.push(sure(class.in_doubt).to_owned());
                }
            }
            Ok(Prediction::Quantities(values)) => row.extend(values.iter().map(f64::to_string)),
            Err(_) => {
                let cells = header(self.card).len() - row.len();
                row.extend(std::iter::repeat_n(String::new(), cells));
            }
        }
        row.extend_from_slice(kept);
        self.row(row)
    }

    /// Completes the output; returns the number of records.
    pub(crate) fn finish(self) -> anyhow::Result<u64> {
        const FAILED: &str = "can't write the predictions";
        match self.sink {
            Sink::File(csv) => {
                let file = csv.into_inner().map_err(|error| error.into_error());
                file.context(FAILED)?.finish()?;
            }
            Sink::Resumable(csv) => {
                let file = csv.into_inner().map_err(|error| error.into_error());
                file.context(FAILED)?.finish()?;
            }
            Sink::Stdout | Sink::JsonLines(_) => {}
        }
        Ok(self.count)
    }

    fn row(&mut self, row: Vec<String>) -> anyhow::Result<()> {
        match &mut self.sink {
            Sink::File(csv) => csv.write_record(row).context("can't write the predictions"),
            Sink::Resumable(csv) => csv.write_record(row).context("can't write the predictions"),
            Sink::Stdout => {
                let mut line = csv::Writer::from_writer(Vec::new());
                line.write_record(row)
                    .context("can't write the predictions")?;
                output::print(&line.into_inner().map_err(|error| error.into_error())?)
            }
            Sink::JsonLines(_) => Ok(()),
        }
    }
}

/// Whether a row that an earlier run has written is in doubt.
fn row_in_doubt(card: &Card, row: &csv::StringRecord) -> bool {
    card.output().doubt.is_some() && row.get(header(card).len() - 1) == Some(NOT_SURE)
}

/// How many records are in doubt, for people.
pub(crate) fn doubts(in_doubt: u64) -> String {
    format!("not sure of {}", counted(in_doubt, "record"))
}

/// The columns' names: a label, one score and one probability per output, named by its label, or the
/// quantities; and whether a class is sure.
fn header(card: &Card) -> Vec<String> {
    let scored = card.output().scored_labels();
    let mut header = vec!["record".to_owned()];
    match card.task() {
        Task::Quantities => header.extend_from_slice(scored),
        Task::Classes | Task::Probability => {
            header.push("label".to_owned());
            header.extend(scored.iter().map(|label| format!("{SCORE}{label}")));
            if card.output().activation != Activation::None {
                header.extend(scored.iter().map(|label| format!("{PROBABILITY}{label}")));
            }
        }
    }
    header.extend(card.output().doubt.map(|_| SURE.to_owned()));
    header
}

/// What the column [`SURE`] says.
fn sure(in_doubt: bool) -> &'static str {
    if in_doubt { NOT_SURE } else { "yes" }
}
