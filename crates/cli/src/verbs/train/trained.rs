//! What training tells when it is done.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use veilcast_model::search::SearchReport;
use veilcast_model::{Accuracy, Aucs, Model};

#[derive(Serialize)]
pub(super) struct Trained {
    model: PathBuf,
    card_digest: String,
    slot_bits: u32,
    accuracy: Option<Accuracy>,
    auc: Option<Aucs>,
    search: Option<SearchReport>,
}

impl Trained {
    pub(super) fn new(directory: PathBuf, model: &Model) -> Self {
        let report = model.report();
        Self {
            model: directory,
            card_digest: model.card_digest().to_string(),
            slot_bits: model.card().slot_bits(),
            accuracy: report.and_then(|report| report.accuracy),
            auc: report.and_then(|report| report.auc),
            search: report.and_then(|report| report.search.clone()),
        }
    }
}

impl fmt::Display for Trained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(search) = &self.search {
            write_search(f, search)?;
        }
        if let Some(Accuracy {
            records,
            network,
            collapsed,
            quantized,
        }) = self.accuracy
        {
            writeln!(f, "accuracy on {records} test records")?;
            writeln!(f, "  float network   {network:.4}")?;
            writeln!(f, "  collapsed map   {collapsed:.4}")?;
            writeln!(f, "  quantised map   {quantized:.4}")?;
        }
        if let Some(Aucs {
            collapsed,
            quantized,
            largest_change,
        }) = self.auc
        {
            writeln!(f, "area under the ROC curve on the same records")?;
            writeln!(f, "  collapsed map   {collapsed:.4}")?;
            writeln!(
                f,
                "  quantised map   {quantized:.4}, no probability changed by more than {largest_change:.4}"
            )?;
        }
        writeln!(f, "scores have at most {} bits", self.slot_bits)?;
        writeln!(f, "card {}", self.card_digest)?;
        write!(f, "model written to {}", self.model.display())
    }
}

/// What was tried: of those that weren't chosen, each that was better than all cheaper ones.
fn write_search(f: &mut fmt::Formatter<'_>, search: &SearchReport) -> fmt::Result {
    let SearchReport {
        records,
        float_accuracy,
        float_auc,
        ..
    } = search;
    let (measure, float) = match float_auc {
        Some(area) => ("AUC", area),
        None => ("accuracy", float_accuracy),
    };
    writeln!(f, "quantisations by cost, measured on {records} records")?;
    write!(
        f,
        "  input bits  weight bits (largest)  score bits  {measure:>8}"
    )?;
    let changes = search.max_change.is_some();
    let heading = if changes { "  largest change" } else { "" };
    writeln!(f, "{heading}        cost")?;
    let mut best = f64::MIN;
    for trial in &search.trials {
        let measured = trial.auc.unwrap_or(trial.accuracy);
        let merit = trial.largest_change.map_or(measured, |change| -change);
        if merit <= best && !trial.chosen {
            continue;
        }
        best = merit;
        let weights = format!("{} ({})", trial.weight_bits, trial.max_weight);
        write!(
            f,
            "  {:>10}  {weights:>21}  {:>10}  {measured:>8.4}",
            trial.input_bits, trial.slot_bits,
        )?;
        if let Some(change) = trial.largest_change {
            write!(f, "  {change:>14.4}")?;
        }
        let chosen = if trial.chosen { "  chosen" } else { "" };
        writeln!(f, "  {:>10.3e}{chosen}", trial.cost)?;
    }
    writeln!(f, "  float map {float:>45.4}")?;
    if !search.reaches_goal() {
        writeln!(f, "  none is good enough: the best is taken")?;
    }
    Ok(())
}
