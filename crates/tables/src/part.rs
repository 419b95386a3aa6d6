//! [`Part`]: some rows of a table, and where they are from.

use arrow_array::RecordBatch;

use crate::fault::Place;

/// Some rows of a table, and where they are from.
#[derive(Clone, Debug)]
pub struct Part {
    /// The rows.
    pub rows: RecordBatch,
    /// The file, if they are from one.
    pub file: Option<String>,
    /// Its row group, from 0.
    pub row_group: Option<usize>,
    /// The place of the first row in the row group, from 0.
    pub first_row: usize,
}

impl From<RecordBatch> for Part {
    fn from(rows: RecordBatch) -> Self {
        Self {
            rows,
            file: None,
            row_group: None,
            first_row: 0,
        }
    }
}

impl Part {
    /// Where it is.
    pub(crate) fn place(&self) -> Place {
        Place {
            file: self.file.clone(),
            row_group: self.row_group,
            ..Place::default()
        }
    }

    /// Where one of its rows is.
    pub(crate) fn place_of(&self, row: usize) -> Place {
        Place {
            row: Some(self.first_row + row),
            ..self.place()
        }
    }
}
