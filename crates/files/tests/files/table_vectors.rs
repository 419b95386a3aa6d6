//! The tables that every client shares: the cells that a file holds, and what is said about it.

use std::collections::BTreeMap;
use std::fs;

use base64::Engine as _;
use serde::Deserialize;
use serde_json::Value;
use tempfile::NamedTempFile;
use veilcast_card::{
    About, Cell, Imputed, Input, InputKind, Preprocessing, RawRecord, Step, UnknownCategory,
};
use veilcast_files::table::Unreadable;
use veilcast_files::{self as input, IgnoredColumns, Options, ReadError};

use crate::models;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    text: Option<String>,
    base64: Option<String>,
    columns: Vec<String>,
    #[serde(default)]
    categories: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    unknown: Option<UnknownCategory>,
    missing: Vec<String>,
    #[serde(default)]
    units: BTreeMap<String, String>,
    #[serde(default)]
    cells: Vec<Vec<Value>>,
    #[serde(default)]
    said: Vec<String>,
    error: Option<Fault>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Fault {
    kind: String,
    line: Option<u64>,
    column: Option<String>,
}

impl Case {
    fn bytes(&self) -> Vec<u8> {
        let decode = |text| base64::prelude::BASE64_STANDARD.decode(text).unwrap();
        let text = self.text.as_ref().map(|text| text.clone().into_bytes());
        text.unwrap_or_else(|| decode(self.base64.as_ref().unwrap()))
    }

    fn input(&self) -> Input {
        let imputed = |name: &String| match self.categories.get(name) {
            Some(categories) => Imputed::Text(categories[0].clone()),
            None => Imputed::Number(0.0),
        };
        let values = self
            .columns
            .iter()
            .map(|name| (name.clone(), imputed(name)));
        let mut steps = vec![Step::Impute {
            values: values.collect(),
        }];
        if !self.categories.is_empty() {
            steps.push(Step::OneHot {
                categories: self.categories.clone(),
                unknown: self.unknown.unwrap_or(UnknownCategory::Error),
            });
        }
        let about = self.units.iter().map(|(name, unit)| {
            let about = About {
                unit: Some(unit.clone()),
                ..About::default()
            };
            (name.clone(), about)
        });
        Input {
            kind: InputKind::Table,
            description: String::new(),
            shape: vec![self.columns.len()],
            features: Some(self.columns.clone()),
            fit: None,
            about: about.collect(),
            preprocessing: Preprocessing::new(steps).with_missing(self.missing.clone()),
        }
    }

    /// The cells as JSON and what is said, or the first error.
    fn read(&self) -> Result<(Vec<Vec<Value>>, Vec<String>), ReadError> {
        let file = NamedTempFile::new().unwrap();
        fs::write(file.path(), self.bytes()).unwrap();
        // A client that finds columns by name leaves others out.
        let named = ["note", "x"].map(str::to_owned).to_vec();
        let options = Options {
            ignore: IgnoredColumns::Named(named),
            ..Options::default()
        };
        let records = input::open(&self.input(), file.path(), &options)?;
        let said = records.said().iter().map(ToString::to_string).collect();
        let cells = records.map(|record| {
            let RawRecord::Cells(cells) = record?.raw else {
                panic!("a table has cells");
            };
            Ok(cells.iter().map(json).collect())
        });
        Ok((cells.collect::<Result<_, ReadError>>()?, said))
    }
}

fn json(cell: &Cell) -> Value {
    match cell {
        Cell::Number(number) => (*number).into(),
        Cell::Text(text) => text.clone().into(),
        Cell::Missing => Value::Null,
    }
}

/// An error in the vectors' terms.
fn fault(error: &ReadError) -> Fault {
    let of = |kind: &str, line: Option<u64>, column: Option<&String>| Fault {
        kind: kind.to_owned(),
        line,
        column: column.cloned(),
    };
    match error {
        ReadError::Separator { .. } => of("unclear_separator", None, None),
        ReadError::OtherFormat { .. } | ReadError::NotText { .. } => of("not_a_table", None, None),
        ReadError::RowLength { line, .. } => of("row_length", Some(*line), None),
        ReadError::OpenQuote { line, .. } => of("open_quote", Some(*line), None),
        ReadError::UnknownCategory { line, column, .. } => {
            of("unknown_category", Some(*line), Some(column))
        }
        ReadError::NotANumber {
            line,
            column,
            fault,
            ..
        } => {
            let kind = match fault {
                Unreadable::NotANumber | Unreadable::OtherDecimal => "not_a_number",
                Unreadable::Ambiguous => "ambiguous_number",
                Unreadable::Percent | Unreadable::Currency { .. } => "mixed_units",
            };
            of(kind, Some(*line), Some(column))
        }
        other => panic!("{other}"),
    }
}

#[test]
fn tables_are_read_as_every_client_reads_them() {
    let json = fs::read(models::vector("tables.json")).unwrap();
    let vectors: Vectors = serde_json::from_slice(&json).unwrap();
    assert!(vectors.cases.len() > 50);
    for case in &vectors.cases {
        let name = &case.name;
        match (case.read(), &case.error) {
            (Ok((cells, said)), None) => {
                let numbers = |cells: &Vec<Vec<Value>>| -> Vec<Vec<Value>> {
                    let plain = |cell: &Value| cell.as_f64().map_or(cell.clone(), Value::from);
                    cells
                        .iter()
                        .map(|row| row.iter().map(plain).collect())
                        .collect()
                };
                assert_eq!(numbers(&cells), numbers(&case.cells), "{name}");
                assert_eq!(said, case.said, "{name}");
            }
            (Err(error), Some(expected)) => assert_eq!(&fault(&error), expected, "{name}: {error}"),
            (Ok(found), Some(expected)) => panic!("{name}: {expected:?}, but {found:?}"),
            (Err(error), None) => panic!("{name}: {error}"),
        }
    }
}
