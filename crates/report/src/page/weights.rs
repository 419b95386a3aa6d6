//! The collapsed map's weights as pictures: one image per class, or one bar per column.

use crate::ReportError;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use maud::{Markup, html};
use veilcast_card::Card;
use veilcast_card::InputKind;
use veilcast_model::{FloatMap, Model};

/// Most outputs that are shown.
const OUTPUTS: usize = 64;
/// Most columns that are shown for an output: those with the largest weights.
const COLUMNS: usize = 40;

/// Blue for weights that raise a score.
const RAISES: [u8; 3] = [0x1d, 0x6f, 0xe0];
/// Orange for weights that lower it.
const LOWERS: [u8; 3] = [0xe0, 0x6a, 0x10];

/// The weights of each output.
pub(super) fn section(model: &Model) -> Result<Markup, ReportError> {
    let card = model.card();
    let Some(affine) = model.affine() else {
        return Ok(layers(card));
    };
    let (map, outputs) = (affine.float_map(), card.outputs());
    let shown = match card.input().kind {
        InputKind::Image => images(card, map)?,
        InputKind::Table | InputKind::Array => bars(card, map),
    };
    Ok(html! {
        section {
            h2 { "What the model looks at" }
            p {
                "All layers together are one weighted sum for each score. "
                span.raises { "■" } " Blue weights raise the score, "
                span.lowers { "■" } " orange ones lower it; the stronger, the larger. "
                @if card.input().kind == InputKind::Image {
                    "Where nothing shows, the pixel doesn't count."
                } @else {
                    "A weight shows the effect of one unit of the column after preprocessing: where the "
                    "card standardises it, that is one standard deviation."
                }
            }
            @if outputs > OUTPUTS {
                p.note { "The first " (OUTPUTS) " of " (outputs) " outputs are shown." }
            }
            (shown)
        }
    })
}

/// What a score is in favour of.
pub(super) fn output_name(card: &Card, output: usize) -> &str {
    let labels = &card.output().labels;
    // A single output is in favour of the second of two labels.
    let index = if card.outputs() == 1 {
        labels.len() - 1
    } else {
        output
    };
    &labels[index]
}

/// What is said of a network whose layers are more than one weighted sum.
fn layers(card: &Card) -> Markup {
    let sizes = card.hidden().map_or(&[][..], |hidden| &hidden.sizes);
    let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
    html! {
        section {
            h2 { "What the model looks at" }
            p {
                "The network has hidden layers (" (sizes.join(", ")) " numbers, each squared), so that no single weight says what a \
                 feature counts."
            }
        }
    }
}

fn images(card: &Card, map: &FloatMap) -> Result<Markup, ReportError> {
    let largest = largest(map.weights());
    let pictures = (0..card.outputs().min(OUTPUTS))
        .map(|output| {
            Ok((
                output_name(card, output),
                picture(card, map.row(output), largest)?,
            ))
        })
        .collect::<Result<Vec<_>, ReportError>>()?;
    Ok(html! {
        div.pictures {
            @for (label, png) in &pictures {
                figure {
                    img src={ "data:image/png;base64," (png) } alt={ "weights of " (label) };
                    figcaption { (label) }
                }
            }
        }
    })
}

/// Weights as a PNG, in base64: the colour shows the sign, the opacity the magnitude, so that it
/// can be seen on any ground. The weights of a pixel's colours are added.
fn picture(card: &Card, weights: &[f64], largest: f64) -> Result<String, ReportError> {
    let shape = &card.input().shape;
    let (rows, columns) = (shape[0], shape[1]);
    let channels = shape.get(2).copied().unwrap_or(1);
    let pixels = weights.chunks(channels).flat_map(|weights| {
        let weight: f64 = weights.iter().sum();
        let [red, green, blue] = if weight > 0.0 { RAISES } else { LOWERS };
        // The square root makes small weights visible.
        let opacity = (weight.abs() / largest).min(1.0).sqrt();
        [red, green, blue, (255.0 * opacity) as u8]
    });
    let mut file = Vec::new();
    let pixels_of = |side: usize| {
        let side = u32::try_from(side);
        side.map_err(|error| ReportError::Chart(error.to_string()))
    };
    let mut encoder = png::Encoder::new(&mut file, pixels_of(columns)?, pixels_of(rows)?);
    encoder.set_color(png::ColorType::Rgba);
    let mut writer = encoder.write_header()?;
    let pixels: Vec<u8> = pixels.collect();
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(BASE64_STANDARD.encode(file))
}

fn bars(card: &Card, map: &FloatMap) -> Markup {
    let names = card.input().preprocessed_names();
    html! {
        @for output in 0..card.outputs().min(OUTPUTS) {
            @let row = map.row(output);
            @let ranked = ranked(row);
            @let largest = largest(row);
            h3 { "Score of “" (output_name(card, output)) "”" }
            div.scroll {
                table.bars {
                    thead { tr { th { "column" } th {} th.number { "weight" } } }
                    tbody {
                        @for &feature in ranked.iter().take(COLUMNS) {
                            tr {
                                td { (names[feature]) }
                                td { (bar(row[feature] / largest)) }
                                td.number { (format!("{:+.3}", row[feature])) }
                            }
                        }
                        tr {
                            td { "(bias)" }
                            td {}
                            td.number { (format!("{:+.3}", map.biases()[output])) }
                        }
                    }
                }
            }
            @if row.len() > COLUMNS {
                p.note { "The " (COLUMNS) " largest of " (row.len()) " weights are shown." }
            }
        }
    }
}

/// A bar from the middle to one side; `length` is from −1 to 1.
fn bar(length: f64) -> Markup {
    let (x, class) = if length < 0.0 {
        (length, "lowers")
    } else {
        (0.0, "raises")
    };
    html! {
        svg viewBox="-1 0 2 1" preserveAspectRatio="none" aria-hidden="true" {
            rect class=(class) x=(format!("{x:.4}")) y="0.15" width=(format!("{:.4}", length.abs())) height="0.7" {}
            rect.middle x="-0.003" y="0" width="0.006" height="1" {}
        }
    }
}

/// The features' indices, the largest weight first.
fn ranked(weights: &[f64]) -> Vec<usize> {
    let mut ranked: Vec<usize> = (0..weights.len()).collect();
    ranked.sort_by(|&a, &b| weights[b].abs().total_cmp(&weights[a].abs()));
    ranked
}

fn largest(weights: &[f64]) -> f64 {
    let largest = weights
        .iter()
        .fold(0.0, |most: f64, weight| most.max(weight.abs()));
    if largest > 0.0 { largest } else { 1.0 }
}
