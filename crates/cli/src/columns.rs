//! Tables for people: columns side by side, under their names.

use std::fmt;

/// Rows of text, the first of which names the columns.
pub(crate) struct Columns<const N: usize>(pub(crate) Vec<[String; N]>);

impl<const N: usize> fmt::Display for Columns<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            let cells = self.0.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or_default()
        };
        let widths: [usize; N] = std::array::from_fn(width);
        for (i, row) in self.0.iter().enumerate() {
            let cells = row.iter().zip(widths);
            let padded = cells.map(|(cell, width)| format!("{cell:width$}"));
            let line = padded.collect::<Vec<_>>().join("  ");
            let end = if i == 0 { "" } else { "\n" };
            write!(f, "{end}{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
        let columns = Columns(vec![
            row("token", "records"),
            row("a", "1"),
            row("clinic-7", ""),
        ]);
        assert_eq!(
            columns.to_string(),
            "token     records\na         1\nclinic-7"
        );
    }
}
