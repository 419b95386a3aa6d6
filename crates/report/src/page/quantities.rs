//! What the report shows of a model of quantities.

use crate::ReportError;
use maud::{Markup, PreEscaped, html};
use veilcast_model::RegressionErrors;

use super::charts;
use super::parts::{on_ciphertexts, share};
use crate::Measured;
use crate::evaluation::Evaluation;
use crate::quantities::{Quantity, QuantityFigures};
use crate::words;

pub(super) fn steps(
    evaluation: &Evaluation,
    figures: &QuantityFigures,
) -> Result<Markup, ReportError> {
    let encrypted = &evaluation.encrypted;
    let on_encrypted = |index: usize| match &encrypted.as_ref()?.measured {
        Measured::Quantities { quantities } => quantities.get(index),
        Measured::Classes(_) => None,
    };
    let charts = figures
        .quantities
        .iter()
        .map(|quantity| charts::scatter(&quantity.pairs));
    let charts = charts.collect::<Result<Vec<_>, ReportError>>()?;
    Ok(html! {
        section {
            h2 { "How well it does" }
            p {
                "Measured on " strong { (evaluation.records) } " records with known values. "
                "Each step towards computing on encrypted records might add to the errors; here is what they "
                "are after each."
            }
            @for ((index, quantity), chart) in figures.quantities.iter().enumerate().zip(&charts) {
                h3 { (quantity.name()) }
                (errors(quantity, on_encrypted(index)))
                div.chart { (PreEscaped(chart)) }
            }
            p.note {
                "R²: 1 minus the share of the true values' variance that is left; 1 is perfect, 0 is no "
                "better than always predicting their mean. A dot is a record; on the diagonal its value is "
                "predicted exactly."
            }
            (on_ciphertexts(encrypted.as_ref()))
        }
    })
}

fn errors(quantity: &Quantity, encrypted: Option<&RegressionErrors>) -> Markup {
    let row = |step: &str, what: &str, errors: &RegressionErrors| {
        html! {
            tr {
                td { strong { (step) } br; span.note { (what) } }
                td.number { (size(errors.mean_absolute_error)) }
                td.number { (size(errors.root_mean_squared_error)) }
                td.number { (errors.r_squared.map_or("–".to_owned(), share)) }
            }
        }
    };
    html! {
        div.scroll {
            table.steps {
                thead {
                    tr {
                        th { "step" }
                        th.number { "mean absolute error" }
                        th.number { "root mean squared error" }
                        th.number { "R²" }
                    }
                }
                tbody {
                    @if let Some(network) = &quantity.network_when_trained {
                        (row("Float network", "layer by layer, on the whole test set when it was trained", network))
                    }
                    (row("Collapsed", "all layers as one weighted sum, in floating point", &quantity.collapsed))
                    (row("Quantised", "inputs and weights rounded to integers", &quantity.quantized))
                    @if let Some(encrypted) = encrypted {
                        (row("Encrypted", "computed on ciphertexts", encrypted))
                    }
                }
            }
        }
    }
}

pub(super) fn quantization(figures: &QuantityFigures) -> Result<Markup, ReportError> {
    let quantities = figures.quantities.iter();
    let charts = quantities.map(|quantity| charts::histogram(&quantity.differences));
    let charts = charts.collect::<Result<Vec<_>, ReportError>>()?;
    Ok(html! {
        section {
            h2 { "What rounding changes" }
            p {
                "Encryption needs integers. The values by rounded inputs and weights are compared with those in "
                "floating point."
            }
            @for (quantity, chart) in figures.quantities.iter().zip(&charts) {
                h3 { (quantity.name()) }
                dl {
                    dt { "Largest change of a value" } dd { (size(quantity.largest_change)) }
                    dt { "Mean change of a value" } dd { (size(quantity.mean_change)) }
                }
                div.chart { (PreEscaped(chart)) }
            }
        }
    })
}

/// A number with four significant digits.
fn size(number: f64) -> String {
    words::significant(number, 4)
}
