//! The report: an evaluation as one HTML page, without scripts or external resources.

mod charts;
mod classes;
mod cost;
mod parts;
mod quantities;
mod weights;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use veilcast_card::{Card, Task};
use veilcast_engine::planner::Costs;
use veilcast_model::Model;

use self::cost::{bounds, layouts, products};
use crate::ReportError;
use crate::evaluation::{Evaluation, Figures};

const STYLE: &str = include_str!("page/style.css");
/// The page runs nothing and loads nothing: its pictures are inline.
const POLICY: &str = "script-src 'none'; connect-src 'none'; img-src data:; font-src 'none'; \
    frame-src 'none'; object-src 'none'; media-src 'none'";

/// An evaluation as one HTML page, without scripts or external resources; what predictions cost is predicted by `costs`, for their
/// keys.
///
/// # Errors
/// If a chart can't be drawn.
pub fn page(model: &Model, evaluation: &Evaluation, costs: &Costs) -> Result<String, ReportError> {
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
                    @match &evaluation.figures {
                        Figures::Classes(figures) => {
                            (classes::steps(evaluation, figures))
                            (classes::confusion(figures))
                            (classes::calibration(figures)?)
                            (weights::section(model)?)
                            (classes::quantization(&figures.quantization_error)?)
                        }
                        Figures::Quantities(figures) => {
                            (quantities::steps(evaluation, figures)?)
                            (weights::section(model)?)
                            (quantities::quantization(figures)?)
                        }
                    }
                    (layouts(model, costs, evaluation.records))
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
            "and give clients only the card."
        }
        h1 { (card.name()) " " span.version { (card.version()) } }
        p { (card.description()) }
        dl {
            @match card.task() {
                Task::Quantities => dt { "Predicts" },
                Task::Classes | Task::Probability => dt { "Labels" },
            }
            dd { (card.output().labels.join(", ")) }
            dt { "A record" }
            dd { (card.raw_features()) " values, encrypted as " (card.features()) " integers of "
                (card.quantization().bits) " bits" }
            dt { "Card" } dd { code { (card.digest()) } }
        }
    }
}
