//! What people should know about a table's columns, from a file.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use veilcast_card::About;
use veilcast_files::table::Reading;

use crate::records::naming;

/// Reads a CSV file with the columns `column`, and `label`, `unit` or `description`.
pub(super) fn read(path: &Path) -> anyhow::Result<BTreeMap<String, About>> {
    let rows = veilcast_files::open_table(path, &Reading::default());
    let mut rows = rows.map_err(|error| naming(error, path))?;
    let header = rows.header().to_vec();
    let place = |title: &str| header.iter().position(|name| name == title);
    let column = place("column");
    let column = column.with_context(|| format!("{} has no column \"column\"", path.display()))?;
    let [label, unit, description] = ["label", "unit", "description"].map(place);
    if [label, unit, description].iter().all(Option::is_none) {
        bail!(
            "{} has none of the columns \"label\", \"unit\" and \"description\"",
            path.display()
        );
    }
    let mut about = BTreeMap::new();
    while let Some(row) = rows.next_row().map_err(|error| naming(error, path))? {
        let text = |place: Option<usize>| -> anyhow::Result<Option<String>> {
            let cell = place.map(|place| row.cell(place)).transpose()?;
            Ok(cell.filter(|cell| !cell.is_empty()).map(str::to_owned))
        };
        let of_column = About {
            label: text(label)?,
            unit: text(unit)?,
            description: text(description)?,
        };
        about.insert(row.cell(column)?.to_owned(), of_column);
    }
    Ok(about)
}
