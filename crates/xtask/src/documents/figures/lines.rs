//! [`Lines`]: curves and points on two logarithmic scales.

use super::picture::{LEFT, Picture, RIGHT, TOP};
use super::scale::Scale;

/// Curves, and what the scales are of.
pub(super) struct Lines<'a> {
    pub(super) title: &'a str,
    pub(super) across: &'a str,
    pub(super) up: &'a str,
    pub(super) curves: Vec<Curve<'a>>,
}

/// Points, with a line through them or without.
pub(super) struct Curve<'a> {
    name: &'a str,
    class: &'a str,
    points: Vec<(f64, f64)>,
    has_line: bool,
}

/// Where the scale across begins.
const START: f64 = LEFT + 56.0;

/// The height of the scale upwards.
const HEIGHT: f64 = 250.0;

impl<'a> Curve<'a> {
    pub(super) fn line(name: &'a str, class: &'a str, points: Vec<(f64, f64)>) -> Self {
        Self {
            name,
            class,
            points,
            has_line: true,
        }
    }

    pub(super) fn points(name: &'a str, class: &'a str, points: Vec<(f64, f64)>) -> Self {
        Self {
            has_line: false,
            ..Self::line(name, class, points)
        }
    }
}

impl Lines<'_> {
    pub(super) fn draw(&self) -> String {
        let legend: Vec<_> = self
            .curves
            .iter()
            .map(|curve| (curve.name, curve.class))
            .collect();
        let mut picture = Picture::new(self.title, &legend);
        let (top, bottom) = (TOP + 16.0, TOP + 16.0 + HEIGHT);
        let points = self.curves.iter().flat_map(|curve| &curve.points);
        let across = Scale::logarithmic(points.clone().map(|point| point.0), [START, RIGHT - 20.0]);
        let up = Scale::logarithmic(points.map(|point| point.1), [bottom, top]);
        picture.text("note", LEFT, TOP, self.up);
        for (number, word) in up.marks() {
            let y = up.place(number);
            picture.line("grid", &[(START, y), (RIGHT - 20.0, y)]);
            picture.text("note end", START - 10.0, y + 4.5, &word);
        }
        for (number, word) in across.marks() {
            let x = across.place(number);
            picture.line("grid", &[(x, top), (x, bottom)]);
            picture.text("note middle", x, bottom + 18.0, &word);
        }
        picture.text(
            "note middle",
            (START + RIGHT - 20.0) / 2.0,
            bottom + 38.0,
            self.across,
        );
        for curve in &self.curves {
            let place = |&(x, y): &(f64, f64)| (across.place(x), up.place(y));
            let places: Vec<_> = curve.points.iter().map(place).collect();
            if curve.has_line {
                picture.line(&format!("curve {}", curve.class), &places);
            }
            for (x, y) in places {
                picture.circle(curve.class, x, y);
            }
        }
        picture.finish(bottom + 56.0)
    }
}
