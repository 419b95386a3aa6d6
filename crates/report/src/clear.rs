//! A test set, and what a model predicts for it in the clear, by both its maps.

use crate::ReportError;
use veilcast_card::{Encoder, Prediction, RawRecord};
use veilcast_model::Model;

use crate::changes::Changes;

/// Records, and their true labels or values.
pub struct TestSet {
    /// As they are read.
    pub records: Vec<RawRecord<'static>>,
    /// Theirs.
    pub truth: Truth,
    /// The missing cells of each record, if it is a table's: column and spelling.
    pub missing: Vec<Vec<(usize, String)>>,
    /// What was found out about the file.
    pub notes: Vec<String>,
}

/// The true labels or values of records.
pub enum Truth {
    /// The index of each one's label.
    Classes(Vec<usize>),
    /// The value of each record, for each quantity.
    Quantities(Vec<Vec<f64>>),
}

impl Truth {
    /// The true labels or values of the records for which `kept` holds true.
    pub fn of_those(&self, kept: &[bool]) -> Self {
        fn those<T: Copy>(all: &[T], kept: &[bool]) -> Vec<T> {
            let pairs = all.iter().zip(kept).filter(|(_, kept)| **kept);
            pairs.map(|(one, _)| *one).collect()
        }
        match self {
            Self::Classes(labels) => Self::Classes(those(labels, kept)),
            Self::Quantities(values) => {
                let values = values.iter().map(|values| those(values, kept));
                Self::Quantities(values.collect())
            }
        }
    }
}

/// What a model predicts for each record in the clear.
pub struct Clear {
    /// By the collapsed map in floats.
    pub collapsed: Vec<Prediction>,
    /// By the integer map.
    pub quantized: Vec<Prediction>,
    /// The integer map's scores.
    pub scores: Vec<Vec<i64>>,
    /// What was done to the records' values.
    pub changes: Changes,
}

impl Clear {
    /// `encoder` prepares records for the model.
    ///
    /// # Errors
    /// A record must be one that the model takes.
    pub fn of(model: &Model, encoder: &Encoder, test: &TestSet) -> Result<Self, ReportError> {
        let card = model.card();
        let mut clear = Self {
            collapsed: Vec::with_capacity(test.records.len()),
            quantized: Vec::with_capacity(test.records.len()),
            scores: Vec::with_capacity(test.records.len()),
            changes: Changes::default(),
        };
        for note in &test.notes {
            clear.changes.note(note.clone());
        }
        for (index, record) in test.records.iter().enumerate() {
            let features = encoder.features(record)?;
            clear
                .collapsed
                .push(model.predict_float(&features.features)?);
            let rounded = encoder.round(&features)?;
            let counts = [rounded.clipped(), rounded.imputed(), rounded.unknown()];
            let missing = test.missing.get(index).map_or(&[][..], Vec::as_slice);
            clear
                .changes
                .add(card.input(), counts, rounded.changed(), missing);
            let scores = model.evaluate(&rounded)?;
            clear.quantized.push(card.predict(&scores)?);
            clear.scores.push(scores);
        }
        Ok(clear)
    }

    /// The largest magnitude of each integer score.
    pub fn largest_scores(&self) -> Vec<u64> {
        let mut largest = vec![0; self.scores.first().map_or(0, Vec::len)];
        for scores in &self.scores {
            for (largest, score) in largest.iter_mut().zip(scores) {
                *largest = score.unsigned_abs().max(*largest);
            }
        }
        largest
    }
}
