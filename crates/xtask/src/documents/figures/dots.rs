//! [`Dots`]: numbers as dots on a logarithmic scale, a row for each subject.

use super::picture::{LEFT, Picture, RIGHT, TOP};
use super::scale::Scale;

/// Dots of one or two series, in groups of rows.
pub(super) struct Dots<'a> {
    title: &'a str,
    unit: &'a str,
    series: Vec<Series<'a>>,
    lines: Vec<Line>,
}

/// What dots of one colour are.
#[derive(Clone, Copy)]
pub(super) struct Series<'a> {
    name: &'a str,
    class: &'a str,
    /// How far above the row's middle the dots are.
    above: f64,
}

enum Line {
    Group(String),
    /// A row's name and dots: the series, the number, and how it is written.
    Row(String, Vec<(usize, f64, String)>),
}

/// Where the scale begins, and ends: a number follows the last dot.
const START: f64 = LEFT + 270.0;
const END: f64 = RIGHT - 60.0;

const GROUP: f64 = 28.0;
const ROW: f64 = 28.0;

/// How far apart the dots of two series are in a row.
const APART: f64 = 14.0;

impl<'a> Series<'a> {
    pub(super) fn new(name: &'a str, class: &'a str) -> Self {
        let above = 0.0;
        Self { name, class, above }
    }

    pub(super) fn above(self) -> Self {
        Self {
            above: APART / 2.0,
            ..self
        }
    }

    pub(super) fn below(self) -> Self {
        Self {
            above: -APART / 2.0,
            ..self
        }
    }
}

impl<'a> Dots<'a> {
    pub(super) fn new(title: &'a str, unit: &'a str, series: &[Series<'a>]) -> Self {
        Self {
            title,
            unit,
            series: series.to_vec(),
            lines: Vec::new(),
        }
    }

    /// Begins a group; one without a name takes no room.
    pub(super) fn group(&mut self, name: &str) {
        self.lines.push(Line::Group(name.to_owned()));
    }

    /// A row of dots: for each the series, the number, and how it is written.
    pub(super) fn row(&mut self, name: &str, dots: &[(usize, (f64, &str))]) {
        let dots = dots
            .iter()
            .map(|&(series, (number, word))| (series, number, word.to_owned()));
        self.lines.push(Line::Row(name.to_owned(), dots.collect()));
    }

    pub(super) fn draw(&self) -> String {
        let legend: Vec<_> = self
            .series
            .iter()
            .map(|series| (series.name, series.class))
            .collect();
        let mut picture = Picture::new(self.title, &legend);
        let dots = self.lines.iter().flat_map(|line| match line {
            Line::Group(_) => &[][..],
            Line::Row(_, dots) => dots,
        });
        let scale = Scale::logarithmic(dots.map(|(_, number, _)| *number), [START, END]);
        let height = |line: &Line| match line {
            Line::Group(name) if name.is_empty() => 0.0,
            Line::Group(_) => GROUP,
            Line::Row(_, dots) => ROW + APART * (dots.len() as f64 - 1.0),
        };
        let bottom = TOP + self.lines.iter().map(height).sum::<f64>() + 8.0;
        for (number, word) in scale.marks() {
            let x = scale.place(number);
            picture.line("grid", &[(x, TOP - 8.0), (x, bottom)]);
            picture.text("note middle", x, bottom + 18.0, &word);
        }
        picture.text("note middle", (START + END) / 2.0, bottom + 38.0, self.unit);
        let mut y = TOP;
        for line in &self.lines {
            let middle = y + height(line) / 2.0;
            match line {
                Line::Group(name) => picture.text("group", LEFT, middle + 6.0, name),
                Line::Row(name, dots) => {
                    picture.text("note", LEFT, middle + 4.5, name);
                    picture.line("grid", &[(START, middle), (END, middle)]);
                    for (series, number, word) in dots {
                        let Series { class, above, .. } = self.series[*series];
                        let (x, y) = (scale.place(*number), middle - above);
                        picture.circle(class, x, y);
                        picture.text("value", x + 10.0, y + 4.5, word);
                    }
                }
            }
            y += height(line);
        }
        picture.finish(bottom + 56.0)
    }
}
