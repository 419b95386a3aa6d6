//! Markdown tables.

/// A table that prints itself row by row.
pub(crate) struct Table;

impl Table {
    /// Prints a title, a sentence about what is compared, and the head of the table.
    pub(crate) fn start(title: &str, about: &str, columns: &[&str]) -> Self {
        println!("## {title}\n\n{about}\n");
        println!("| {} |", columns.join(" | "));
        println!("|{}", "---|".repeat(columns.len()));
        Self
    }

    pub(crate) fn row(&self, cells: &[String]) {
        println!("| {} |", cells.join(" | "));
    }

    pub(crate) fn end(self) {
        println!();
    }
}

/// A ratio with two decimals, or a dash where the peer was not measured.
pub(crate) fn ratio(value: Option<f64>) -> String {
    value.map_or("–".into(), |value| format!("{value:.2}"))
}

/// A time with a unit that suits it.
pub(crate) fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ..1e3 => format!("{nanoseconds:.0} ns"),
        1e3..1e6 => format!("{:.2} µs", nanoseconds / 1e3),
        _ => format!("{:.2} ms", nanoseconds / 1e6),
    }
}
