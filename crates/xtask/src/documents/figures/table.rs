//! [`Table`]: a table of a Markdown file.

use std::ops::Range;

use anyhow::{Context as _, bail};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// A table's rows, without its head.
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
}

/// The texts of a row's cells.
pub(super) struct Row(Vec<String>);

impl Table {
    /// The first table whose head begins with a cell of this text.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn find(text: &str, head: &str) -> anyhow::Result<Self> {
        let (mut rows, mut cells, mut cell): (Vec<Row>, Vec<String>, String) = Default::default();
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Table(_)) => rows.clear(),
                Event::Start(Tag::TableCell) => cell.clear(),
                Event::Text(text) | Event::Code(text) => cell += &text,
                Event::End(TagEnd::TableCell) => cells.push(std::mem::take(&mut cell)),
                Event::End(TagEnd::TableHead | TagEnd::TableRow) => {
                    rows.push(Row(std::mem::take(&mut cells)));
                }
                Event::End(TagEnd::Table) if rows.first().is_some_and(|row| row.0[0] == head) => {
                    rows.remove(0);
                    return Ok(Self { rows });
                }
                _ => {}
            }
        }
        bail!("there is no table with the head {head:?}")
    }
}

impl Row {
    pub(super) fn word(&self, column: usize) -> anyhow::Result<&str> {
        let word = self.0.get(column).map(String::as_str);
        word.with_context(|| format!("a row has no column {column}"))
    }

    /// Several columns, one after another.
    pub(super) fn words(&self, columns: Range<usize>) -> String {
        self.0.get(columns).unwrap_or_default().join(", ")
    }

    /// A number, and how it is written.
    pub(super) fn number(&self, column: usize) -> anyhow::Result<(f64, &str)> {
        let word = self.word(column)?;
        let number = word.replace(',', "").parse();
        Ok((
            number.with_context(|| format!("{word:?} isn't a number"))?,
            word,
        ))
    }

    pub(super) fn numbers(&self, columns: Range<usize>) -> anyhow::Result<Vec<f64>> {
        let numbers = columns.map(|column| Ok(self.number(column)?.0));
        numbers.collect()
    }
}
