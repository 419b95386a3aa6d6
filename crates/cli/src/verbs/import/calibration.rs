//! The records that a model is calibrated with.

use std::path::Path;

use veilcast_card::{Input, RawRecord};
use veilcast_files::table::Reading;
use veilcast_files::{self as input, IgnoredColumns, Options};

use crate::output::Output;
use crate::records::naming;

/// Most numbers of records that are calibrated with; they are held in memory.
const MAX_VALUES: usize = 1 << 24;

/// The columns of a CSV file except those named to be left out; nothing for other files.
pub(super) fn header(path: &Path, ignored: &IgnoredColumns) -> anyhow::Result<Option<Vec<String>>> {
    let header =
        input::column_names(path, &Reading::default()).map_err(|error| naming(error, path))?;
    let is_left_out = |name: &String| match ignored {
        IgnoredColumns::Named(names) => names.contains(name),
        // The network's own names say which those are.
        IgnoredColumns::All => false,
    };
    Ok(header.map(|mut header| {
        header.retain(|name| !is_left_out(name));
        header
    }))
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
