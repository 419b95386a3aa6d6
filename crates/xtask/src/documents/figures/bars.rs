//! [`Bars`]: bars of several parts, in groups.

use super::picture::{LEFT, Picture, RIGHT, TOP};
use super::scale::Scale;

/// Bars across, each divided into the same parts, in groups of two.
pub(super) struct Bars<'a> {
    title: &'a str,
    unit: &'a str,
    /// The parts' names and classes.
    parts: [(&'a str, &'a str); 3],
    lines: Vec<Line>,
}

enum Line {
    Group(String),
    Bar(String, Vec<f64>),
}

/// Where bars begin, and where the longest may end: a number follows it.
const START: f64 = LEFT + 170.0;
const END: f64 = RIGHT - 50.0;

const GROUP: f64 = 30.0;
const BAR: f64 = 24.0;

impl<'a> Bars<'a> {
    pub(super) fn new(title: &'a str, unit: &'a str, parts: [(&'a str, &'a str); 3]) -> Self {
        Self {
            title,
            unit,
            parts,
            lines: Vec::new(),
        }
    }

    pub(super) fn group(&mut self, name: &str) {
        self.lines.push(Line::Group(name.to_owned()));
    }

    pub(super) fn bar(&mut self, name: &str, parts: &[f64]) {
        self.lines.push(Line::Bar(name.to_owned(), parts.to_vec()));
    }

    pub(super) fn draw(&self) -> String {
        let mut picture = Picture::new(self.title, &self.parts);
        let sums = self.lines.iter().map(|line| match line {
            Line::Group(_) => 0.0,
            Line::Bar(_, parts) => parts.iter().sum(),
        });
        let scale = Scale::linear(sums.fold(0.0, f64::max), [START, END]);
        let height = |line: &Line| match line {
            Line::Group(_) => GROUP,
            Line::Bar(..) => BAR,
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
            match line {
                Line::Group(name) => picture.text("group", LEFT, y + 20.0, name),
                Line::Bar(name, parts) => {
                    picture.text("note", LEFT, y + 15.0, name);
                    let mut sum = 0.0;
                    for (part, (_, class)) in parts.iter().zip(&self.parts) {
                        let (from, to) = (scale.place(sum), scale.place(sum + part));
                        picture.bar(class, from, y + 2.0, [to - from, BAR - 6.0]);
                        sum += part;
                    }
                    let end = scale.place(sum) + 8.0;
                    picture.text("value", end, y + 15.5, &format!("{sum:.1}"));
                }
            }
            y += height(line);
        }
        picture.finish(bottom + 56.0)
    }
}
