//! Everything that is known about a model after an evaluation.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;
use veilcast_card::InputKind;
use veilcast_model::Model;

use super::classes::ClassFigures;
use super::clear::{Clear, TestSet, Truth};
use super::measure::Encrypted;
use super::quantities::QuantityFigures;
use crate::changes::Changes;
use crate::output::counted;

#[derive(Serialize)]
pub(super) struct Evaluation {
    pub(super) model: String,
    pub(super) version: String,
    pub(super) records: usize,
    #[serde(flatten)]
    pub(super) figures: Figures,
    /// The largest magnitude of each integer score.
    pub(super) largest_scores: Vec<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) encrypted: Option<Encrypted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) report: Option<PathBuf>,
    /// What was done to the records' values.
    #[serde(flatten)]
    pub(super) changes: Changes,
    /// The word for a record.
    #[serde(skip)]
    pub(super) noun: &'static str,
}

/// How well a model does.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Figures {
    Classes(Box<ClassFigures>),
    Quantities(QuantityFigures),
}

impl Evaluation {
    pub(super) fn of(model: &Model, test: &TestSet, clear: &Clear) -> anyhow::Result<Self> {
        let card = model.card();
        let figures = match &test.truth {
            Truth::Classes(labels) => ClassFigures::of(model, clear, labels)
                .map(|figures| Figures::Classes(Box::new(figures)))
                .context("the model doesn't predict classes")?,
            Truth::Quantities(values) => QuantityFigures::of(model, clear, values)
                .map(Figures::Quantities)
                .context("there are no records to measure with")?,
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
                InputKind::Table => "record",
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
