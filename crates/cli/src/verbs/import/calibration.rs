//! The records that a model is calibrated with.

use std::path::Path;

use veilcast_model::card::{Input, RawRecord};
use veilcast_model::input::{self, IgnoredColumns, Options};

use crate::output::Output;
use crate::records::naming;

/// Most numbers of records that are calibrated with; they are held in memory.
const MAX_VALUES: usize = 1 << 24;

/// The columns of a CSV file; nothing of other kinds.
pub(super) fn header(path: &Path) -> anyhow::Result<Option<Vec<String>>> {
    input::column_names(path).map_err(|error| naming(error, path))
}

/// The names that a file's header gives columns without names, in its order; nothing if it has columns
/// of those that are there for want of others.
pub(super) fn columns(
    input: &Input,
    header: &[String],
    ignored: &IgnoredColumns,
) -> Option<Vec<String>> {
    let stand_ins = input.features.as_deref().unwrap_or_default();
    if stand_ins.iter().all(|name| header.contains(name)) {
        return None;
    }
    let header = header.iter().filter(|name| !ignored.includes(name));
    Some(header.cloned().collect())
}

/// The records of a file: all, or as many of the first ones as are held in memory.
///
/// Columns that the model doesn't take are left out: often the target is among them.
pub(super) fn read(
    input: &Input,
    path: &Path,
    output: Output,
) -> anyhow::Result<Vec<RawRecord<'static>>> {
    let options = Options {
        ignore: IgnoredColumns::All,
        ..Options::default()
    };
    let most = (MAX_VALUES / input.raw_features().max(1)).max(1);
    let mut records = Vec::new();
    for record in input::open(input, path, &options).map_err(|error| naming(error, path))? {
        if records.len() == most {
            let file = path.display();
            output.note(format!("note: the first {most} records of {file} are used"));
            break;
        }
        records.push(record.map_err(|error| naming(error, path))?.raw);
    }
    Ok(records)
}
