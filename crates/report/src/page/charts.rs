//! Charts as SVG to be embedded in a page, whose style sheet gives them the colours of its scheme.
//!
//! The colours drawn here are names: the style sheet replaces each, for light and for dark pages.

use crate::ReportError;
use plotters::prelude::*;

use veilcast_model::quality::Calibration;

/// Text and axes.
const INK: RGBColor = RGBColor(1, 1, 1);
/// Lines of the grid.
const GRID: RGBColor = RGBColor(2, 2, 2);
/// Bars.
const BAR: RGBColor = RGBColor(3, 3, 3);
/// What is drawn over the bars.
const MARK: RGBColor = RGBColor(4, 4, 4);

/// Small, so that text stays readable when a chart is as wide as a phone.
const SIZE: (u32, u32) = (370, 290);
const FONT: (&str, i32) = ("sans-serif", 14);
/// The histogram's bars; odd, so that one is about 0.
const BARS: usize = 31;
/// Most dots of a scatter plot; if there are more records, a share is drawn.
const DOTS: usize = 2000;

/// Probabilities against what came true: one bar per bin, and the diagonal where both are equal.
pub(super) fn reliability(calibration: &Calibration) -> Result<String, ReportError> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(10)
            .margin_right(18)
            .x_label_area_size(42)
            .y_label_area_size(52)
            .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
        chart
            .configure_mesh()
            .axis_style(INK)
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .label_style(FONT.into_font().color(&INK))
            .axis_desc_style(FONT.into_font().color(&INK))
            .x_labels(6)
            .y_labels(6)
            .x_label_formatter(&|x| format!("{x:.1}"))
            .y_label_formatter(&|y| format!("{y:.1}"))
            .x_desc("predicted probability")
            .y_desc("share that came true")
            .draw()?;
        let bars = calibration.bins.iter().filter_map(|bin| {
            let corners = [(bin.from + 0.005, 0.0), (bin.to - 0.005, bin.true_share?)];
            Some(Rectangle::new(corners, BAR.filled()))
        });
        chart.draw_series(bars)?;
        chart.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], INK))?;
        let points = calibration.bins.iter().filter_map(|bin| {
            let place = (bin.mean_probability?, bin.true_share?);
            Some(Circle::new(place, 4, MARK.filled()))
        });
        chart.draw_series(points)?;
        area.present()?;
    }
    Ok(in_page(
        &svg,
        "Reliability diagram: predicted probability against the share that came true",
    ))
}

/// Predicted values over true ones: one dot per record, and the diagonal where both are equal.
pub(super) fn scatter(pairs: &[(f64, f64)]) -> Result<String, ReportError> {
    let values = || {
        pairs
            .iter()
            .flat_map(|&(truth, predicted)| [truth, predicted])
    };
    let low = values().fold(f64::INFINITY, f64::min);
    let high = values().fold(f64::NEG_INFINITY, f64::max);
    // If all values are the same, there is room around them.
    let margin = if high > low { 0.03 * (high - low) } else { 1.0 };
    let (low, high) = (low - margin, high + margin);
    let digits = (1.0 - (high - low).log10().floor()).clamp(0.0, 12.0) as usize;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(10)
            .margin_right(18)
            .x_label_area_size(42)
            .y_label_area_size(66)
            .build_cartesian_2d(low..high, low..high)?;
        chart
            .configure_mesh()
            .axis_style(INK)
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .label_style(FONT.into_font().color(&INK))
            .axis_desc_style(FONT.into_font().color(&INK))
            .x_labels(5)
            .y_labels(5)
            .x_label_formatter(&|x| format!("{x:.digits$}"))
            .y_label_formatter(&|y| format!("{y:.digits$}"))
            .x_desc("true value")
            .y_desc("predicted value")
            .draw()?;
        let every = pairs.len().div_ceil(DOTS).max(1);
        let dots = pairs.iter().step_by(every);
        chart.draw_series(dots.map(|&pair| Circle::new(pair, 2, BAR.filled())))?;
        chart.draw_series(LineSeries::new([(low, low), (high, high)], INK))?;
        area.present()?;
    }
    Ok(in_page(&svg, "Predicted values over true ones"))
}

/// How often differences of each size occur.
pub(super) fn histogram(differences: &[f64]) -> Result<String, ReportError> {
    let largest = differences
        .iter()
        .fold(0.0, |most: f64, difference| most.max(difference.abs()));
    // For a map without any error there is one bar.
    let edge = if largest > 0.0 { largest } else { 1.0 };
    let width = 2.0 * edge / BARS as f64;
    let mut counts = [0_usize; BARS];
    for difference in differences {
        counts[(((difference + edge) / width) as usize).min(BARS - 1)] += 1;
    }
    let top = counts.iter().max().copied().unwrap_or(0).max(1) as f64 * 1.05;
    let digits = (1.0 - edge.log10().floor()).clamp(0.0, 12.0) as usize;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(10)
            .margin_right(18)
            .x_label_area_size(42)
            .y_label_area_size(66)
            .build_cartesian_2d(-edge..edge, 0.0..top)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .axis_style(INK)
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .label_style(FONT.into_font().color(&INK))
            .axis_desc_style(FONT.into_font().color(&INK))
            .x_labels(5)
            .y_labels(5)
            .x_label_formatter(&|x| format!("{x:.digits$}"))
            .y_label_formatter(&|y| format!("{y:.0}"))
            .x_desc("float score − quantised score")
            .y_desc("scores")
            .draw()?;
        let bars = counts.iter().enumerate().map(|(bar, &count)| {
            let left = -edge + bar as f64 * width;
            let corners = [
                (left + 0.05 * width, 0.0),
                (left + 0.95 * width, count as f64),
            ];
            Rectangle::new(corners, BAR.filled())
        });
        chart.draw_series(bars)?;
        area.present()?;
    }
    Ok(in_page(
        &svg,
        "Histogram of the differences of float and quantised scores",
    ))
}

/// The SVG as an element of a page: with a name for those who can't see it, and without the
/// namespace, which HTML implies.
fn in_page(svg: &str, name: &str) -> String {
    let named = format!(r#"role="img" aria-label="{name}""#);
    svg.replacen(r#"xmlns="http://www.w3.org/2000/svg""#, &named, 1)
}
