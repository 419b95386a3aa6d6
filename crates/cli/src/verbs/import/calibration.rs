//! The records that a model is calibrated with.

use std::path::Path;

use veilcast_model::card::{Input, RawRecord};
use veilcast_model::input::{self, IgnoredColumns, Options};

use crate::output::Output;
use crate::records::naming;

/// Most numbers of records that are calibrated with; they are held in memory.
const MAX_VALUES: usize = 1 << 24;

/// The names that a CSV file gives columns without names, in its order; nothing if it has columns of
/// those that are there for want of others, or is of another kind.
pub(super) fn columns(
    input: &Input,
    path: &Path,
    ignored: &IgnoredColumns,
) -> anyhow::Result<Option<Vec<String>>> {
    let header = input::column_names(path).map_err(|error| naming(error, path))?;
    let stand_ins = input.features.as_deref().unwrap_or_default();
    let Some(mut header) = header else {
        return Ok(None);
    };
    if stand_ins.iter().all(|name| header.contains(name)) {
        return Ok(None);
    }
    header.retain(|name| !ignored.includes(name));
    Ok(Some(header))
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
