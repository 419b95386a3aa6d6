//! The report: an evaluation as one HTML page for people, without scripts or anything from elsewhere.

mod charts;
mod cost;
mod weights;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use veilcast_model::{Card, Model};

use self::cost::{bounds, layouts, products};
use self::weights::output_name;
use super::Evaluation;
use super::figures::{BINS, Predicted, Quality, QuantizationError};
use crate::output;

const STYLE: &str = include_str!("report/style.css");
/// The page runs nothing and loads nothing: its pictures stand in it.
const POLICY: &str = "script-src 'none'; connect-src 'none'; img-src data:; font-src 'none'; \
    frame-src 'none'; object-src 'none'; media-src 'none'";
/// Of more labels the most frequent mistakes are listed instead of all.
const MATRIX_LABELS: usize = 30;
/// So many mistakes are listed.
const MISTAKES: usize = 20;

/// The page; costs are predicted for keys of `key_bits`.
pub(super) fn page(
    model: &Model,
    evaluation: &Evaluation,
    key_bits: u32,
) -> anyhow::Result<String> {
    let card = model.card();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (card.name()) " " (card.version()) " – evaluation" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (heading(card))
                    (steps(evaluation))
                    (confusion(evaluation))
                    (calibration(evaluation)?)
                    (weights::section(model)?)
                    (quantization(&evaluation.quantization_error)?)
                    (layouts(model, key_bits, evaluation.records)?)
                    (products(model))
                    (bounds(model, &evaluation.largest_scores))
                }
            }
        }
    };
    Ok(page.into_string())
}

fn heading(card: &Card) -> Markup {
    html! {
        p.private role="note" {
            strong { "Private. " }
            "This report shows the model's weights: it is as private as they are. Keep it with the model, "
            "and give clients the card only."
        }
        h1 { (card.name()) " " span.version { (card.version()) } }
        p { (card.description()) }
        dl {
            dt { "Labels" } dd { (card.output().labels.join(", ")) }
            dt { "A record" }
            dd { (card.raw_features()) " values, encrypted as " (card.features()) " integers of "
                (card.quantization().bits) " bits" }
            dt { "Card" } dd { code { (card.digest()) } }
        }
    }
}

fn steps(evaluation: &Evaluation) -> Markup {
    let Evaluation {
        collapsed,
        quantized,
        encrypted,
        ..
    } = evaluation;
    let (has_auc, has_brier) = (quantized.auc.is_some(), quantized.brier.is_some());
    let row = |step: &str, what: &str, quality: &Quality| {
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
    let network = evaluation.accuracy.network_when_trained;
    let network = network.map(|accuracy| Quality {
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
                        @if let Some(encrypted) = encrypted {
                            (row("Encrypted", &format!("computed on ciphertexts under a key of {} bits", encrypted.key_bits),
                                &encrypted.quality))
                        }
                    }
                }
            }
            @if has_auc {
                p.note {
                    "AUC: how likely a record of “" (evaluation.labels[1]) "” has a higher score than another; "
                    "0.5 is chance, 1 is perfect."
                    @if has_brier { " Brier score: the mean square of what probabilities are off by; 0 is perfect." }
                }
            }
            @match encrypted {
                Some(encrypted) => {
                    p class=(if encrypted.agreeing == encrypted.records { "good" } else { "bad" }) {
                        "Every encrypted score equals the quantised one for "
                        strong { (encrypted.agreeing) " of " (encrypted.records) } " records."
                    }
                    p {
                        "In the layout " code { (encrypted.layout) } ", a record took "
                        (significant(encrypted.encrypt_ms)) " ms to encrypt, "
                        (significant(encrypted.compute_ms)) " ms to compute and "
                        (significant(encrypted.decrypt_ms)) " ms to decrypt on this machine."
                    }
                }
                None => p.note {
                    "Not measured on ciphertexts; with " code { "--encrypted" } " it would be."
                }
            }
        }
    }
}

fn confusion(evaluation: &Evaluation) -> Markup {
    let labels = &evaluation.labels;
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
                            @for (label, row) in evaluation.confusion.iter().enumerate() {
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
                (mistakes(evaluation))
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
    // The root lets rare mistakes be seen; numbers stay readable on the strongest.
    let strength = 0.55 * share.sqrt();
    html! {
        td class=(class) style=(format!("--strength:{strength:.2}")) { (count) }
    }
}

/// The most frequent mistakes, of a model with too many labels for a table of all.
fn mistakes(evaluation: &Evaluation) -> Markup {
    let rows = evaluation.confusion.iter().enumerate();
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
    let labels = &evaluation.labels;
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

fn calibration(evaluation: &Evaluation) -> anyhow::Result<Markup> {
    let Some(calibration) = &evaluation.calibration else {
        return Ok(html! {
            section {
                h2 { "Whether its probabilities come true" }
                p { "The model gives scores only, no probabilities." }
            }
        });
    };
    let of = match calibration.of {
        Predicted::PositiveLabel => format!("the probability of “{}”", evaluation.labels[1]),
        Predicted::PredictedLabel => "the predicted label's probability".to_owned(),
    };
    let or_dash = |share_: Option<f64>| share_.map_or("–".to_owned(), share);
    Ok(html! {
        section {
            h2 { "Whether its probabilities come true" }
            p {
                "Of the records for which the model says 80 %, about 80 % should come true: then a bar ends at "
                "the diagonal. Here the records are put into " (BINS) " bins by " (of) "; a dot stands at a bin's "
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

fn quantization(error: &QuantizationError) -> anyhow::Result<Markup> {
    Ok(html! {
        section {
            h2 { "What rounding changes" }
            p {
                "Encryption needs integers. The scores by rounded inputs and weights are compared with those in "
                "floating point, in the model's own units of score."
            }
            dl {
                dt { "Records given another label" } dd { (error.changed_predictions) }
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

/// A share from 0 to 1.
fn share(share: f64) -> String {
    format!("{share:.4}")
}

/// A number with three significant digits.
fn significant(number: f64) -> String {
    output::significant(number, 3)
}
