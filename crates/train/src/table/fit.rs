//! Preprocessing that suits a table, determined only from its training rows.
//!
//! Numbers are clipped to the range that leaves 0.5 % of the rows out at each end, and standardised;
//! texts are one-hot encoded. Missing cells get the median, or the most frequent category. Rows
//! held out only influence whether a column may have missing values.

use std::collections::BTreeMap;

use super::columns::{Categories, Column, MAX_CATEGORIES, Numbers};
use super::findings::{Finding, Reason};
use super::{LabelledTable, TableError};
use veilcast_card::{About, Imputed, InputBits, Preprocessing, Quantization, Step};
use veilcast_files::table::DAYS;

/// What was found out about a table's columns.
pub(super) struct Fitted {
    /// The columns that the model takes.
    pub(super) columns: Vec<String>,
    pub(super) preprocessing: Preprocessing,
    /// What the card says about columns.
    pub(super) about: BTreeMap<String, About>,
    pub(super) findings: Vec<Finding>,
    /// The least and greatest value of each feature.
    pub(super) ranges: Vec<[f64; 2]>,
}

impl Fitted {
    /// Number of features.
    pub(super) fn features(&self) -> usize {
        self.ranges.len()
    }

    /// Integers of some bits over the whole range of each feature.
    pub(super) fn quantization(&self, bits: InputBits) -> Quantization {
        match self.ranges.split_first() {
            Some((first, others)) if others.iter().all(|range| range == first) => {
                Quantization::over_all(bits, *first)
            }
            _ => Quantization::over_each(bits, &self.ranges),
        }
    }
}

/// Finds the preprocessing of every column.
pub(super) fn fit(
    table: &LabelledTable,
    trained_on: &[usize],
    policy: Categories,
) -> Result<Fitted, TableError> {
    let mut values = BTreeMap::new();
    let (mut clips, mut standards) = (BTreeMap::new(), BTreeMap::new());
    let mut all_categories = BTreeMap::new();
    let (mut columns, mut ranges) = (Vec::new(), Vec::new());
    let (mut constant, mut motley) = (Vec::new(), Vec::new());
    let (mut dates, mut codes) = (Vec::new(), Vec::new());
    let mut findings = Vec::new();
    let mut about = table.about().clone();
    for (column, name) in table.columns().iter().enumerate() {
        let fitted = match Column::of(table, trained_on, column, policy.fewest)? {
            Column::Constant => {
                constant.push(name.clone());
                continue;
            }
            Column::Motley { found, example } => {
                motley.push(format!("{name:?} ({found}, such as {example:?})"));
                continue;
            }
            Column::Texts(texts) => {
                ranges.extend(texts.categories.iter().map(|_| [0.0, 1.0]));
                findings.extend(texts.findings(table, column, policy));
                all_categories.insert(name.clone(), texts.categories);
                Imputed::Text(texts.most_frequent)
            }
            Column::Numbers(numbers) => {
                let Numbers { range, median, .. } = numbers;
                let standard = numbers.standard(table, trained_on, column);
                ranges.push(range.map(|end| (end - standard.mean) / standard.std));
                clips.insert(name.clone(), range);
                standards.insert(name.clone(), standard);
                findings.extend(numbers.outlying(table, trained_on, column));
                if numbers.are_dates {
                    dates.push(name.clone());
                    about.entry(name.clone()).or_default().unit = Some(DAYS.to_owned());
                } else if numbers.may_be_codes {
                    codes.push(name.clone());
                }
                if numbers.are_distinct && is_identifier(name) {
                    findings.push(Finding::Identifier(name.clone()));
                }
                Imputed::Number(median)
            }
        };
        columns.push(name.clone());
        let is_text = matches!(fitted, Imputed::Text(_));
        let mut spellings = BTreeMap::new();
        for row in 0..table.len() {
            let cell = table.cell(row, column);
            let is_missing = match is_text {
                true => table.is_missing_text(cell),
                false => table.is_missing(cell),
            };
            if is_missing {
                *spellings.entry(cell.to_owned()).or_default() += 1;
            }
        }
        if !spellings.is_empty() {
            findings.push(Finding::Missing {
                column: name.clone(),
                spellings,
                imputed: Some(match &fitted {
                    Imputed::Number(number) => number.to_string(),
                    Imputed::Text(text) => format!("{text:?}"),
                }),
            });
            values.insert(name.clone(), fitted);
        }
    }
    if !motley.is_empty() {
        return Err(TableError::TooManyCategories {
            columns: motley.join(", "),
            limit: MAX_CATEGORIES,
        });
    }
    if columns.is_empty() {
        return Err(TableError::Constant {
            columns: veilcast_card::list(&constant),
        });
    }
    if !constant.is_empty() {
        findings.push(Finding::LeftOut(constant, Reason::Constant));
    }
    if !dates.is_empty() {
        findings.push(Finding::Dates(dates));
    }
    if !codes.is_empty() {
        findings.push(Finding::Codes(codes));
    }
    about.retain(|name, _| columns.contains(name));
    let steps = [
        (!values.is_empty()).then_some(Step::Impute { values }),
        (!clips.is_empty()).then_some(Step::Clip { ranges: clips }),
        (!standards.is_empty()).then_some(Step::Standardize { columns: standards }),
        (!all_categories.is_empty()).then_some(Step::OneHot {
            categories: all_categories,
            unknown: policy.unknown,
        }),
    ];
    let steps = steps.into_iter().flatten().collect();
    Ok(Fitted {
        columns,
        preprocessing: Preprocessing::new(steps).with_missing(table.missing()),
        about,
        findings,
        ranges,
    })
}

/// Whether a column has a name as identifiers have.
fn is_identifier(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let mut words = words.into_iter();
    words.any(|word| ["id", "ids", "key", "uuid", "guid", "mrn", "ssn"].contains(&word))
        || name.ends_with("number")
        || name.ends_with("nummer")
}
