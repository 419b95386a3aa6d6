//! The summary of a model that was just made: how it was quantised, and how well it does.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use veilcast_card::{SlotBits, list};
use veilcast_model::search::{SearchReport, Trial};
use veilcast_model::{Accuracy, Aucs, ImportReport, Model, Regression};

use crate::models::origin;
use crate::output::{counted, error_figures, significant};

#[derive(Serialize)]
pub(crate) struct Summary {
    model: PathBuf,
    card_digest: String,
    slot_bits: SlotBits,
    accuracy: Option<Accuracy>,
    /// The accuracy of always predicting the most frequent class.
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<f64>,
    auc: Option<Aucs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    regression: Option<Regression>,
    #[serde(skip_serializing_if = "Option::is_none")]
    import: Option<ImportReport>,
    search: Option<SearchReport>,
    /// The penalty on the weights, if it was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    penalty: Option<f64>,
    /// What was found out about the data.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

impl Summary {
    pub(crate) fn new(directory: PathBuf, model: &Model) -> Self {
        let report = model.report();
        Self {
            model: directory,
            card_digest: model.card_digest().to_string(),
            slot_bits: model.card().slot_bits(),
            accuracy: report.and_then(|report| report.accuracy),
            baseline: report.and_then(|report| report.baseline),
            auc: report.and_then(|report| report.auc),
            regression: report.and_then(|report| report.regression),
            penalty: report.and_then(|report| report.training.as_ref()?.penalty),
            notes: Vec::new(),
            import: report.and_then(|report| report.import.clone()),
            search: report.and_then(|report| report.search.clone()),
        }
    }
}

impl Summary {
    /// With what was found out about the data.
    #[cfg(feature = "train")]
    pub(crate) fn with_notes(self, notes: Vec<String>) -> Self {
        Self { notes, ..self }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(import) = &self.import {
            write_import(f, import)?;
        }
        if let Some(search) = &self.search {
            write_search(f, search, self.import.is_some())?;
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
            if let Some(baseline) = self.baseline {
                writeln!(
                    f,
                    "  most frequent   {baseline:.4}, if that class is always predicted"
                )?;
            }
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
        if let Some(import) = &self.import {
            write_agreement(f, import)?;
        }
        if let Some(penalty) = self.penalty {
            writeln!(
                f,
                "trained until it had converged, with a penalty of {penalty} on the weights"
            )?;
        }
        writeln!(f, "scores have at most {} bits", self.slot_bits)?;
        writeln!(f, "card {}", self.card_digest)?;
        write!(f, "model written to {}", self.model.display())
    }
}

/// What was found in the file, and what was done with it.
fn write_import(f: &mut fmt::Formatter<'_>, import: &ImportReport) -> fmt::Result {
    let counts = import.operators.iter().map(|(name, count)| match count {
        1 => name.clone(),
        count => format!("{count} {name}"),
    });
    let counts: Vec<String> = counts.collect();
    writeln!(f, "written by {}", origin(import))?;
    writeln!(f, "  operators       {}", counts.join(", "))?;
    if !import.removed.is_empty() {
        writeln!(f, "  left out        {}", import.removed.join(", "))?;
    }
    if !import.other_outputs.is_empty() {
        writeln!(
            f,
            "  not imported    {}, as it may be another function of the scores",
            list(&import.other_outputs)
        )?;
    }
    if let Some(node) = &import.split_at {
        writeln!(
            f,
            "  public part     up to {node:?}: in public.onnx, for every client to read and run"
        )?;
        writeln!(f, "  private head    everything after it")?;
    }
    let deviation = import.deviation;
    writeln!(
        f,
        "  collapsed map   its scores deviate by at most {deviation:.0e} of the largest one"
    )
}

/// How well the integers predict what the network does.
fn write_agreement(f: &mut fmt::Formatter<'_>, import: &ImportReport) -> fmt::Result {
    let kind = if import.random_records {
        "random"
    } else {
        "calibration"
    };
    let records = counted(import.records as u64, &format!("{kind} record"));
    writeln!(f, "on {records}")?;
    if let Some(agreement) = import.agreement {
        writeln!(
            f,
            "  argmax          the same as the network's for {:.2} %",
            100.0 * agreement
        )?;
    }
    writeln!(
        f,
        "  scores          deviate by at most {:.2} % of the largest one",
        100.0 * import.rounding
    )
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

/// What was tried: the chosen one, and every other one that was better than all cheaper ones.
///
/// An imported model is compared with the network, a trained one with the truth.
fn write_search(f: &mut fmt::Formatter<'_>, search: &SearchReport, is_import: bool) -> fmt::Result {
    let measure = match (search.float_auc, search.float_accuracy) {
        (Some(_), _) => Some("AUC"),
        (None, Some(_)) if is_import => Some("agreement"),
        (None, accuracy) => accuracy.map(|_| "accuracy"),
    };
    let changes = search.max_change.is_some();
    writeln!(
        f,
        "quantisations by cost, measured on {} records",
        search.records
    )?;
    write!(f, "  input bits  weight bits (largest)  score bits")?;
    if let Some(measure) = measure {
        write!(f, "  {measure:>9}")?;
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
    let float = search.float_auc.or(search.float_accuracy);
    if let Some(float) = float.filter(|_| !is_import) {
        writeln!(f, "  float map {float:>46.4}")?;
    }
    if !search.reaches_goal() {
        writeln!(f, "  none is good enough: the best one is used")?;
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
        write!(f, "  {measured:>9.4}")?;
    }
    if let Some(change) = trial.largest_change {
        write!(f, "  {change:>14.4}")?;
    }
    let chosen = if trial.chosen { "  chosen" } else { "" };
    writeln!(f, "  {:>10.3e}{chosen}", trial.cost)
}
