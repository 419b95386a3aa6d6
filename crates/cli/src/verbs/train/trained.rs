//! What training tells when it is done.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use veilcast_model::search::{SearchReport, Trial};
use veilcast_model::{Accuracy, Aucs, Model, Regression};

use crate::output::{error_figures, significant};

#[derive(Serialize)]
pub(super) struct Trained {
    model: PathBuf,
    card_digest: String,
    slot_bits: u32,
    accuracy: Option<Accuracy>,
    auc: Option<Aucs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    regression: Option<Regression>,
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
            regression: report.and_then(|report| report.regression),
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
        if let Some(regression) = &self.regression {
            write_regression(f, regression)?;
        }
        writeln!(f, "scores have at most {} bits", self.slot_bits)?;
        writeln!(f, "card {}", self.card_digest)?;
        write!(f, "model written to {}", self.model.display())
    }
}

fn write_regression(f: &mut fmt::Formatter<'_>, regression: &Regression) -> fmt::Result {
    let Regression {
        records,
        network,
        collapsed,
        quantized,
        largest_change,
    } = regression;
    writeln!(f, "errors on {records} test records")?;
    writeln!(f, "  float network   {}", error_figures(network))?;
    writeln!(f, "  collapsed map   {}", error_figures(collapsed))?;
    writeln!(f, "  quantised map   {}", error_figures(quantized))?;
    let change = significant(*largest_change, 3);
    writeln!(f, "  no value is changed by more than {change} by rounding")
}

/// What was tried: of those that weren't chosen, each that was better than all cheaper ones.
fn write_search(f: &mut fmt::Formatter<'_>, search: &SearchReport) -> fmt::Result {
    let measure = if search.float_auc.is_some() {
        Some("AUC")
    } else {
        search.float_accuracy.map(|_| "accuracy")
    };
    let changes = search.max_change.is_some();
    writeln!(
        f,
        "quantisations by cost, measured on {} records",
        search.records
    )?;
    write!(f, "  input bits  weight bits (largest)  score bits")?;
    if let Some(measure) = measure {
        write!(f, "  {measure:>8}")?;
    }
    let heading = if changes { "  largest change" } else { "" };
    writeln!(f, "{heading}        cost")?;
    let mut best = f64::MIN;
    for trial in &search.trials {
        if trial.merit() > best || trial.chosen {
            best = trial.merit();
            write_trial(f, trial)?;
        }
    }
    if let Some(float) = search.float_auc.or(search.float_accuracy) {
        writeln!(f, "  float map {float:>45.4}")?;
    }
    if !search.reaches_goal() {
        writeln!(f, "  none is good enough: the best is taken")?;
    }
    Ok(())
}

fn write_trial(f: &mut fmt::Formatter<'_>, trial: &Trial) -> fmt::Result {
    let weights = format!("{} ({})", trial.weight_bits, trial.max_weight);
    write!(
        f,
        "  {:>10}  {weights:>21}  {:>10}",
        trial.input_bits, trial.slot_bits,
    )?;
    if let Some(measured) = trial.auc.or(trial.accuracy) {
        write!(f, "  {measured:>8.4}")?;
    }
    if let Some(change) = trial.largest_change {
        write!(f, "  {change:>14.4}")?;
    }
    let chosen = if trial.chosen { "  chosen" } else { "" };
    writeln!(f, "  {:>10.3e}{chosen}", trial.cost)
}
