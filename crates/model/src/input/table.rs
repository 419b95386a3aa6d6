//! CSV files: a header, then a row a record.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::BufReader;

use csv::StringRecord;

use super::{ReadError, Source};
use crate::Card;

/// Most names listed in an error.
const NAMES_SHOWN: usize = 5;

pub(super) fn read(card: &Card, name: &str, file: BufReader<File>) -> Result<Source, ReadError> {
    let file_name = name.to_owned();
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(file);
    let failed = |source| ReadError::Csv {
        file: file_name.clone(),
        source,
    };
    let header = reader.headers().map_err(failed)?.clone();
    let columns = columns(card, &header).map_err(|problem| ReadError::Header {
        file: file_name.clone(),
        problem,
    })?;
    let rows = reader.into_records().map(move |row| {
        let row = row.map_err(|source| ReadError::Csv {
            file: file_name.clone(),
            source,
        })?;
        let cell = |&column: &usize| {
            let text = row.get(column).unwrap_or_default();
            let number = text.parse().ok().filter(|number: &f64| number.is_finite());
            number.ok_or_else(|| ReadError::Cell {
                file: file_name.clone(),
                line: row.position().map_or(0, csv::Position::line),
                column: header.get(column).unwrap_or_default().to_owned(),
                found: text.chars().take(40).collect(),
            })
        };
        columns.iter().map(cell).collect()
    });
    Ok(Box::new(rows))
}

/// For each raw feature the column that holds it.
fn columns(card: &Card, header: &StringRecord) -> Result<Vec<usize>, String> {
    let features = card.raw_features();
    if header.iter().all(|title| title.parse::<f64>().is_ok()) {
        return Err("is missing: the first line is all numbers; it must name the columns".into());
    }
    let names: Vec<String> = (0..features)
        .map(|index| card.feature_name(index))
        .collect();
    let mut places = HashMap::with_capacity(header.len());
    for (place, title) in header.iter().enumerate() {
        if places.insert(title, place).is_some() {
            return Err(format!("has the column {title:?} twice"));
        }
    }
    let missing: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| !places.contains_key(name))
        .collect();
    let any_names = card.input().features.is_none();
    if any_names && missing.len() == features {
        return match header.len() == features {
            true => Ok((0..features).collect()),
            false => Err(format!(
                "has {} columns; the model takes {features}",
                header.len()
            )),
        };
    }
    let known: HashSet<&str> = names.iter().map(String::as_str).collect();
    let extra: Vec<&str> = header
        .iter()
        .filter(|title| !known.contains(title))
        .collect();
    match (missing.is_empty(), extra.is_empty()) {
        (true, true) => Ok(names.iter().map(|name| places[name.as_str()]).collect()),
        (false, true) => Err(format!("lacks {}", list(&missing))),
        (true, false) => Err(format!(
            "has {}, which the model doesn't take; remove them",
            list(&extra)
        )),
        (false, false) => Err(format!(
            "lacks {}, and has {}, which the model doesn't take",
            list(&missing),
            list(&extra)
        )),
    }
}

fn list(names: &[&str]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(NAMES_SHOWN)
        .map(|name| format!("{name:?}"))
        .collect();
    let rest = names.len().saturating_sub(NAMES_SHOWN);
    match rest {
        0 => shown.join(", "),
        _ => format!("{} and {rest} more columns", shown.join(", ")),
    }
}
