//! What the report shows of a model of classes.

use crate::ReportError;
use maud::{Markup, PreEscaped, html};

use veilcast_model::quality::{BINS, ClassQuality, Predicted, QuantizationError};

use super::charts;
use super::parts::{on_ciphertexts, share, significant};
use crate::Measured;
use crate::classes::ClassFigures;
use crate::evaluation::Evaluation;

/// With more labels the most frequent mistakes are listed instead of all.
const MATRIX_LABELS: usize = 30;
/// Number of mistakes that are listed.
const MISTAKES: usize = 20;

pub(super) fn steps(evaluation: &Evaluation, figures: &ClassFigures) -> Markup {
    let ClassFigures {
        collapsed,
        quantized,
        labels,
        ..
    } = figures;
    let encrypted = &evaluation.encrypted;
    let on_encrypted = encrypted
        .as_ref()
        .and_then(|encrypted| match &encrypted.measured {
            Measured::Classes(quality) => Some((encrypted.key_bits, quality)),
            Measured::Quantities { .. } => None,
        });
    let (has_auc, has_brier) = (quantized.auc.is_some(), quantized.brier.is_some());
    let row = |step: &str, what: &str, quality: &ClassQuality| {
        let figure = |figure: Option<f64>| figure.map_or("–".to_owned(), share);
        html! {
            tr {
                td { strong { (step) } br; span.note { (what) } }
                td.number { (share(quality.accuracy)) }
                @if has_auc { td.number { (figure(quality.auc)) } }
                @if has_brier { td.number { (figure(quality.brier)) } }
            }
        }
    };
    let network = figures.accuracy.network_when_trained;
    let network = network.map(|accuracy| ClassQuality {
        accuracy,
        auc: None,
        brier: None,
    });
    html! {
        section {
            h2 { "How well it does" }
            p {
                "Measured on " strong { (evaluation.records) } " records with known labels. "
                "Each step towards computing on encrypted records might cost accuracy; here is what it is "
                "after each."
            }
            div.scroll {
                table.steps {
                    thead {
                        tr {
                            th { "step" }
                            th.number { "accuracy" }
                            @if has_auc { th.number { "AUC" } }
                            @if has_brier { th.number { "Brier score" } }
                        }
                    }
                    tbody {
                        @if let Some(network) = &network {
                            (row("Float network", "layer by layer, on the whole test set when it was trained", network))
                        }
                        (row("Collapsed", "all layers as one weighted sum, in floating point", collapsed))
                        (row("Quantised", "inputs and weights rounded to integers", quantized))
                        @if let Some((bits, quality)) = on_encrypted {
                            (row("Encrypted", &format!("computed on ciphertexts under a key of {bits} bits"), quality))
                        }
                    }
                }
            }
            @if has_auc {
                p.note {
                    "AUC: how likely a record of “" (labels[1]) "” has a higher score than another; "
                    "0.5 is chance, 1 is perfect."
                    @if has_brier { " Brier score: the mean squared error of probabilities; 0 is perfect." }
                }
            }
            (on_ciphertexts(encrypted.as_ref()))
        }
    }
}

pub(super) fn confusion(figures: &ClassFigures) -> Markup {
    let labels = &figures.labels;
    html! {
        section {
            h2 { "Which labels it confuses" }
            @if labels.len() <= MATRIX_LABELS {
                p {
                    "A row holds the records of one true label, by the label that the quantised model "
                    "predicted. Blue is right, orange is wrong; the stronger, the larger the row's share."
                }
                div.scroll {
                    table.matrix {
                        thead {
                            tr {
                                th { "true ↓ predicted →" }
                                @for label in labels { th.number scope="col" { (label) } }
                            }
                        }
                        tbody {
                            @for (label, row) in figures.confusion.iter().enumerate() {
                                tr {
                                    th scope="row" { (labels[label]) }
                                    @for (predicted, &count) in row.iter().enumerate() {
                                        (cell(count, row.iter().sum(), predicted == label))
                                    }
                                }
                            }
                        }
                    }
                }
            } @else {
                (mistakes(figures))
            }
        }
    }
}

fn cell(count: usize, of: usize, is_right: bool) -> Markup {
    let class = if is_right {
        "number right"
    } else {
        "number wrong"
    };
    let share = if of == 0 {
        0.0
    } else {
        count as f64 / of as f64
    };
    // The square root makes rare mistakes visible; numbers stay readable on the strongest.
    let strength = 0.55 * share.sqrt();
    html! {
        td class=(class) style=(format!("--strength:{strength:.2}")) { (count) }
    }
}

/// The most frequent mistakes, for a model with too many labels for a table of all.
fn mistakes(figures: &ClassFigures) -> Markup {
    let rows = figures.confusion.iter().enumerate();
    let mut mistakes: Vec<(usize, usize, usize)> = rows
        .flat_map(|(label, row)| {
            let columns = row.iter().enumerate();
            columns.map(move |(predicted, &count)| (count, label, predicted))
        })
        .filter(|&(count, label, predicted)| count > 0 && label != predicted)
        .collect();
    mistakes.sort_unstable_by_key(|&(count, label, predicted)| {
        (std::cmp::Reverse(count), label, predicted)
    });
    let labels = &figures.labels;
    html! {
        p { "The most frequent mistakes of the quantised model." }
        div.scroll {
            table {
                thead { tr { th { "true" } th { "predicted" } th.number { "records" } } }
                tbody {
                    @for &(count, label, predicted) in mistakes.iter().take(MISTAKES) {
                        tr {
                            td { (labels[label]) }
                            td { (labels[predicted]) }
                            td.number { (count) }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn calibration(figures: &ClassFigures) -> Result<Markup, ReportError> {
    let Some(calibration) = &figures.calibration else {
        return Ok(html! {
            section {
                h2 { "Whether its probabilities come true" }
                p { "The model gives scores only, no probabilities." }
            }
        });
    };
    let of = match calibration.of {
        Predicted::PositiveLabel => format!("the probability of “{}”", figures.labels[1]),
        Predicted::PredictedLabel => "the predicted label's probability".to_owned(),
    };
    let or_dash = |share_: Option<f64>| share_.map_or("–".to_owned(), share);
    Ok(html! {
        section {
            h2 { "Whether its probabilities come true" }
            p {
                "Of the records for which the model says 80 %, about 80 % should come true: then a bar ends at "
                "the diagonal. Here the records are put into " (BINS) " bins by " (of) "; a dot marks a bin's "
                "mean probability. The expected calibration error, the mean distance from the diagonal over "
                "all records, is " strong { (share(calibration.expected_error)) } "."
            }
            div.chart { (PreEscaped(charts::reliability(calibration)?)) }
            details open {
                summary { "The numbers" }
                div.scroll {
                    table {
                        thead {
                            tr {
                                th { "probability" }
                                th.number { "records" }
                                th.number { "mean" }
                                th.number { "came true" }
                            }
                        }
                        tbody {
                            @for bin in &calibration.bins {
                                tr {
                                    td { (format!("{:.1} to {:.1}", bin.from, bin.to)) }
                                    td.number { (bin.records) }
                                    td.number { (or_dash(bin.mean_probability)) }
                                    td.number { (or_dash(bin.true_share)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    })
}

pub(super) fn quantization(error: &QuantizationError) -> Result<Markup, ReportError> {
    Ok(html! {
        section {
            h2 { "What rounding changes" }
            p {
                "Encryption needs integers. The scores by rounded inputs and weights are compared with those in "
                "floating point, in the model's own units of score."
            }
            dl {
                dt { "Records with a different label" } dd { (error.changed_predictions) }
                dt { "Largest change of a score" } dd { (significant(error.largest_score_change)) }
                dt { "Mean change of a score" } dd { (significant(error.mean_score_change)) }
                @if let Some(change) = error.largest_probability_change {
                    dt { "Largest change of a probability" } dd { (significant(change)) }
                }
            }
            div.chart { (PreEscaped(charts::histogram(&error.differences)?)) }
        }
    })
}
