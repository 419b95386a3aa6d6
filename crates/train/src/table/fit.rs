//! Preprocessing that suits a table, determined only from its training rows.
//!
//! Numbers are clipped to the range that leaves 0.5 % of the rows out at each end, and standardised;
//! texts are one-hot encoded. Missing cells get the median, or the most frequent category. Rows
//! held out only influence whether a column may have missing values.

use std::collections::BTreeMap;

use super::read::shown;
use super::{LabelledTable, TableError};
use veilcast_card::{
    Imputed, InputBits, Preprocessing, Quantization, Standard, Step, UnknownCategory,
};
use veilcast_files::table::{has_decimal_comma, number};

/// The spellings of a missing cell.
pub(super) const MISSING: [&str; 5] = ["", "NA", "NaN", "null", "?"];
/// One in this many training rows is clipped at each end.
const CLIPPED: usize = 200;
/// Most categories of a column.
const MAX_CATEGORIES: usize = 100;

/// What was found out about a table's columns.
pub(super) struct Fitted {
    pub(super) preprocessing: Preprocessing,
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
    unknown: UnknownCategory,
) -> Result<Fitted, TableError> {
    let mut values = BTreeMap::new();
    let (mut clips, mut standards) = (BTreeMap::new(), BTreeMap::new());
    let mut all_categories = BTreeMap::new();
    let mut ranges = Vec::new();
    let (mut constant, mut motley) = (Vec::new(), Vec::new());
    for (column, name) in table.columns().iter().enumerate() {
        let fitted = match Column::of(table, trained_on, column)? {
            Column::Constant => {
                constant.push(name.clone());
                continue;
            }
            Column::Motley { found, example } => {
                motley.push(format!("{name:?} ({found}, such as {example:?})"));
                continue;
            }
            Column::Texts(categories, most_frequent) => {
                ranges.extend(categories.iter().map(|_| [0.0, 1.0]));
                all_categories.insert(name.clone(), categories);
                Imputed::Text(most_frequent)
            }
            Column::Numbers(numbers) => {
                let Numbers { range, median, .. } = numbers;
                let standard = numbers.standard(table, trained_on, column);
                ranges.push(range.map(|end| (end - standard.mean) / standard.std));
                clips.insert(name.clone(), range);
                standards.insert(name.clone(), standard);
                Imputed::Number(median)
            }
        };
        if (0..table.len()).any(|row| MISSING.contains(&table.cell(row, column))) {
            values.insert(name.clone(), fitted);
        }
    }
    if !motley.is_empty() {
        return Err(TableError::TooManyCategories {
            columns: motley.join(", "),
            limit: MAX_CATEGORIES,
        });
    }
    if !constant.is_empty() {
        return Err(TableError::Constant {
            columns: veilcast_card::list(&constant),
        });
    }
    let steps = [
        (!values.is_empty()).then_some(Step::Impute { values }),
        (!clips.is_empty()).then_some(Step::Clip { ranges: clips }),
        (!standards.is_empty()).then_some(Step::Standardize { columns: standards }),
        (!all_categories.is_empty()).then_some(Step::OneHot {
            categories: all_categories,
            unknown,
        }),
    ];
    let steps = steps.into_iter().flatten().collect();
    let missing = MISSING.map(str::to_owned).to_vec();
    Ok(Fitted {
        preprocessing: Preprocessing::new(steps).with_missing(missing),
        ranges,
    })
}

/// What a column holds in the training rows.
enum Column {
    /// One value.
    Constant,
    Numbers(Numbers),
    /// Its categories in byte order, and the most frequent one.
    Texts(Vec<String>, String),
    /// More texts than can be categories.
    Motley {
        found: usize,
        example: String,
    },
}

struct Numbers {
    range: [f64; 2],
    median: f64,
}

impl Column {
    fn of(table: &LabelledTable, trained_on: &[usize], column: usize) -> Result<Self, TableError> {
        let present = |row: &&usize| !MISSING.contains(&table.cell(**row, column));
        let present: Vec<usize> = trained_on.iter().filter(present).copied().collect();
        let cell = |&row: &usize| table.cell(row, column);
        let numbers: Vec<f64> = present.iter().map(cell).filter_map(number).collect();
        if numbers.len() == present.len() {
            return Ok(Numbers::of(numbers).map_or(Self::Constant, Self::Numbers));
        }
        // A column of numbers with a typing error in it would make a category of each number.
        let mostly_numbers = numbers.len() * 2 > present.len();
        let slip = |row: &&usize| {
            let text = cell(row);
            number(text).is_none() && (mostly_numbers || has_decimal_comma(text))
        };
        if let Some(&row) = present.iter().find(slip) {
            return Err(table.not_a_number(row, column));
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for text in present.iter().map(cell) {
            *counts.entry(text).or_default() += 1;
        }
        if counts.len() > MAX_CATEGORIES {
            return Ok(Self::Motley {
                found: counts.len(),
                example: present.first().map(cell).map(shown).unwrap_or_default(),
            });
        }
        // The first of equally frequent ones.
        let most_frequent = counts.iter().rev().max_by_key(|(_, count)| **count);
        match (counts.len(), most_frequent) {
            (2.., Some((&text, _))) => {
                let categories = counts.keys().map(|&text| text.to_owned());
                Ok(Self::Texts(categories.collect(), text.to_owned()))
            }
            _ => Ok(Self::Constant),
        }
    }
}

impl Numbers {
    /// The range and the median; none for numbers that are all the same.
    fn of(mut numbers: Vec<f64>) -> Option<Self> {
        numbers.sort_unstable_by(f64::total_cmp);
        let (first, last) = (*numbers.first()?, *numbers.last()?);
        let clipped = numbers.len() / CLIPPED;
        let mut range = [numbers[clipped], numbers[numbers.len() - 1 - clipped]];
        if range[0] == range[1] {
            range = [first, last];
        }
        (range[0] < range[1]).then(|| Self {
            range,
            median: numbers[(numbers.len() - 1) / 2],
        })
    }

    /// Mean and deviation of the training rows, imputed and clipped.
    fn standard(&self, table: &LabelledTable, trained_on: &[usize], column: usize) -> Standard {
        let [low, high] = self.range;
        let value = |&row: &usize| {
            let number = number(table.cell(row, column));
            number.unwrap_or(self.median).clamp(low, high)
        };
        let rows = trained_on.len() as f64;
        let mean = trained_on.iter().map(value).sum::<f64>() / rows;
        let squares = trained_on.iter().map(|row| (value(row) - mean).powi(2));
        Standard {
            mean,
            std: (squares.sum::<f64>() / rows).sqrt(),
        }
    }
}
