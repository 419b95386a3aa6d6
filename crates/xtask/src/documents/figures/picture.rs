//! [`Picture`]: the parts of an SVG file, in the book's colours.

use std::fmt::Write as _;

/// A picture of this width, to which parts are added from top to bottom.
pub(super) struct Picture {
    title: String,
    body: String,
}

/// Every picture's width.
pub(super) const WIDTH: f64 = 760.0;

/// Where things end on the left and on the right.
pub(super) const LEFT: f64 = 28.0;
pub(super) const RIGHT: f64 = WIDTH - 28.0;

/// Where a picture's content begins, below its title and its legend.
pub(super) const TOP: f64 = 92.0;

const STYLE: &str = "
  <!-- Everything is on a filled shape, so that the picture reads on light and on dark grounds. -->
  <style>
    .ground { fill: #ffffff; stroke: #7d8794; stroke-width: 1.5 }
    .grid { fill: none; stroke: #dfe3e8; stroke-width: 1 }
    .head { font-weight: 700; font-size: 17px }
    .group { font-weight: 700 }
    .note { font-size: 13px; fill: #454f5e }
    .value { font-size: 13px }
    .value, .group { paint-order: stroke; stroke: #ffffff; stroke-width: 4px }
    .middle { text-anchor: middle }
    .end { text-anchor: end }
    .client { fill: #11756a; stroke: #11756a }
    .service { fill: #6a59b8; stroke: #6a59b8 }
    .later { fill: #7cc7bb; stroke: #7cc7bb }
    .other { fill: #b4601b; stroke: #b4601b }
    .curve { fill: none; stroke-width: 2.5 }
    .bar { stroke: none }
    text { fill: #1d2430 }
  </style>";

impl Picture {
    pub(super) fn new(title: &str, legend: &[(&str, &str)]) -> Self {
        let mut picture = Self {
            title: title.to_owned(),
            body: String::new(),
        };
        picture.text("head", LEFT, 38.0, title);
        let mut x = LEFT;
        for (name, class) in legend {
            picture.circle(class, x + 6.0, 60.0);
            picture.text("note", x + 18.0, 64.5, name);
            x += 44.0 + 7.0 * name.chars().count() as f64;
        }
        picture
    }

    pub(super) fn text(&mut self, class: &str, x: f64, y: f64, text: &str) {
        let text = escaped(text);
        self.add(&format!(
            r#"<text class="{class}" x="{x:.1}" y="{y:.1}">{text}</text>"#
        ));
    }

    pub(super) fn bar(&mut self, class: &str, x: f64, y: f64, [width, height]: [f64; 2]) {
        self.add(&format!(
            r#"<rect class="bar {class}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}"/>"#
        ));
    }

    pub(super) fn circle(&mut self, class: &str, x: f64, y: f64) {
        self.add(&format!(
            r#"<circle class="{class}" cx="{x:.1}" cy="{y:.1}" r="5"/>"#
        ));
    }

    /// A line through these points.
    pub(super) fn line(&mut self, class: &str, points: &[(f64, f64)]) {
        let points: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        self.add(&format!(
            r#"<polyline class="{class}" points="{}"/>"#,
            points.join(" ")
        ));
    }

    fn add(&mut self, part: &str) {
        self.body.extend(["  ", part, "\n"]);
    }

    /// The file of the picture that ends at this height.
    pub(super) fn finish(self, height: f64) -> String {
        let (title, inner) = (escaped(&self.title), [WIDTH - 8.0, height - 8.0]);
        let mut file = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0} {height:.0}" role="img" aria-labelledby="title"
     font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="14">
  <title id="title">{title}</title>
  <!-- Drawn by `cargo xtask figures`. -->{STYLE}
"#
        );
        // Writing to a string doesn't fail.
        let _ = writeln!(
            file,
            r#"  <rect class="ground" x="4" y="4" width="{:.0}" height="{:.0}" rx="12"/>"#,
            inner[0], inner[1]
        );
        file + &self.body + "</svg>\n"
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
