//! What a prediction costs, and the proof that it can't overflow.

use maud::{Markup, html};
use veilcast_engine::planner::Costs;
use veilcast_model::Model;

use super::weights::output_name;
use crate::Plan;
use crate::words::{counted, number};

/// Sizes and predicted times per layout, for one record and for all that were evaluated.
pub(super) fn layouts(model: &Model, costs: &Costs, records: usize) -> Markup {
    let plan = |records| Plan::of_model(model, records, costs);
    let one = plan(1);
    let all = (records > 1).then(|| plan(records));
    html! {
        section {
            h2 { "What a prediction costs" }
            p {
                "Predicted for a key of " (costs.key_bits) " bits, on one core each for client and service, over "
                (one.link_mbit_per_second()) " Mbit/s. A layout says how numbers are packed into ciphertexts. "
                "A seeded upload is made ahead of time, in quiet hours. The row marked ★ is chosen when nothing was "
                "made ahead."
            }
            h3 { "For one record" }
            (table(&one))
            @if let Some(all) = &all {
                h3 { "For " (counted(records as u64, "record")) }
                (table(all))
            }
        }
    }
}

fn table(plan: &Plan) -> Markup {
    let or_dash =
        |number: Option<u32>| number.map_or("–".to_owned(), |number| number.to_string());
    html! {
        div.scroll {
            table {
                thead {
                    tr {
                        th { "layout" }
                        th { "upload" }
                        th.number title="features per ciphertext" { "k" }
                        th.number title="scores per answer" { "scores" }
                        th.number { "up kB" }
                        th.number { "down kB" }
                        th.number { "encrypt ms" }
                        th.number { "service ms" }
                        th.number { "decrypt ms" }
                        th.number { "link ms" }
                        th.number { "total ms" }
                    }
                }
                tbody {
                    @for line in plan.shown() {
                        tr class=[plan.is_chosen(line).then_some("chosen")] {
                            td { (line.layout) @if plan.is_chosen(line) { " ★" } }
                            td { (line.upload) }
                            td.number { (or_dash(line.features_per_ciphertext)) }
                            td.number { (or_dash(line.scores_per_answer)) }
                            td.number { (number(line.bytes_up as f64 / 1e3)) }
                            td.number { (number(line.bytes_down as f64 / 1e3)) }
                            td.number { (number(line.encrypt_ms)) }
                            td.number { (number(line.service_ms)) }
                            td.number { (number(line.decrypt_ms)) }
                            td.number { (number(line.link_ms)) }
                            td.number { (number(line.total_ms)) }
                        }
                    }
                }
            }
        }
        p.note {
            "k: features per ciphertext; scores: scores per answer."
        }
    }
}

/// How many products the weighted sums take.
pub(super) fn products(model: &Model) -> Markup {
    let Some(affine) = model.affine() else {
        return Markup::default();
    };
    let weights = affine.integer_map().weights();
    let nonzero = weights.iter().filter(|&&weight| weight != 0).count();
    let grouped = model.card().layouts().grouped().iter();
    let grouped = grouped.filter_map(|&k| Some((k, affine.grouped_program(k)?)));
    html! {
        section {
            h2 { "How the weighted sums are computed" }
            p {
                "On ciphertexts a sum is a product, and a weight a power. The model's program finds shared parts, "
                "so that a few products are enough."
            }
            dl {
                dt { "Weights" } dd { (weights.len()) ", of which " (nonzero) " aren't 0" }
                @if let Some(report) = model.report() {
                    dt { "Bits of a weight" } dd { (report.weight_bits) ", with its sign" }
                }
                dt { "Products per record" }
                dd { (affine.program().steps().len()) " with one feature per ciphertext" }
                @for (k, program) in grouped {
                    dt {}
                    dd { (program.steps().len()) " with " (k) " features per ciphertext, and squarings" }
                }
            }
        }
    }
}

/// The proven bounds of the scores, and how much of their slots they leave free.
pub(super) fn bounds(model: &Model, largest_scores: &[u64]) -> Markup {
    let (card, certificate) = (model.card(), model.certificate());
    // Scores stay below it; the card allows 62 bits at most.
    let limit = card.slot_bits().edge();
    let rows = certificate.output_bounds.iter().zip(largest_scores);
    html! {
        section {
            h2 { "Why no score can overflow" }
            p {
                "For every possible record, not only those measured, each integer score stays within the proven "
                "bound, and the bound within its slot of " strong { (card.slot_bits()) " bits" } ": below "
                (limit) " on either side of 0. Headroom is the slot's part that no record can reach."
            }
            div.scroll {
                table {
                    thead {
                        tr {
                            th { "score" }
                            th.number { "largest measured" }
                            th.number { "proven bound" }
                            th.number { "headroom" }
                        }
                    }
                    tbody {
                        @for (output, (&bound, &largest)) in rows.enumerate() {
                            tr {
                                td { (output_name(card, output)) }
                                td.number { (largest) }
                                td.number { (bound) }
                                td.number { (headroom(bound, limit)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn headroom(bound: u64, limit: u64) -> String {
    format!("{:.1} %", 100.0 * (1.0 - bound as f64 / limit as f64))
}
