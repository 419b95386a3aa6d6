//! Everything that is known about a model after an evaluation.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use veilcast_card::InputKind;
use veilcast_model::Model;

use crate::changes::Changes;
use crate::classes::ClassFigures;
use crate::clear::{Clear, TestSet, Truth};
use crate::quantities::QuantityFigures;
use crate::words::counted;
use crate::{Encrypted, ReportError};

/// A model's figures on a test set.
#[derive(Serialize)]
pub struct Evaluation {
    pub(crate) model: String,
    pub(crate) version: String,
    pub(crate) records: usize,
    #[serde(flatten)]
    pub(crate) figures: Figures,
    /// The largest magnitude of each integer score.
    pub(crate) largest_scores: Vec<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// The figures on ciphertexts, if they were measured.
    pub encrypted: Option<Encrypted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// Where the page was written, if it was.
    pub report: Option<PathBuf>,
    /// What was done to the records' values.
    #[serde(flatten)]
    pub changes: Changes,
    /// The word for a record.
    #[serde(skip)]
    pub(crate) noun: &'static str,
}

/// How well a model does.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Figures {
    Classes(Box<ClassFigures>),
    Quantities(QuantityFigures),
}

impl Evaluation {
    /// What the predictions of a test set in the clear show.
    ///
    /// # Errors
    /// The test set must hold what the model predicts, for a record at least.
    pub fn of(model: &Model, test: &TestSet, clear: &Clear) -> Result<Self, ReportError> {
        let card = model.card();
        let figures = match &test.truth {
            Truth::Classes(labels) => ClassFigures::of(model, clear, labels)
                .map(|figures| Figures::Classes(Box::new(figures)))
                .ok_or(ReportError::TestSet)?,
            Truth::Quantities(values) => QuantityFigures::of(model, clear, values)
                .map(Figures::Quantities)
                .ok_or(ReportError::TestSet)?,
        };
        Ok(Self {
            model: card.name().to_owned(),
            version: card.version().to_owned(),
            records: test.records.len(),
            figures,
            largest_scores: clear.largest_scores(),
            encrypted: None,
            report: None,
            changes: clear.changes.clone(),
            noun: match card.input().kind {
                InputKind::Image => "image",
                InputKind::Table | InputKind::Array => "record",
            },
        })
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = counted(self.records as u64, self.noun);
        writeln!(f, "{} {} on {on}", self.model, self.version)?;
        match &self.figures {
            Figures::Classes(figures) => figures.fmt(f)?,
            Figures::Quantities(figures) => figures.fmt(f)?,
        }
        if !self.changes.is_none() {
            write!(f, "\n{}", self.changes)?;
        }
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
