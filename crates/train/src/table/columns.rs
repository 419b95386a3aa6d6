//! What a column holds in the training rows: numbers, dates, or texts.

use std::collections::{BTreeMap, HashSet};

use super::findings::Finding;
use super::read::shown;
use super::{LabelledTable, TableError};
use veilcast_card::{Standard, UnknownCategory};
use veilcast_files::table::{Unreadable, days, is_other_date};

/// One in this many training rows is clipped at each end.
const CLIPPED: usize = 200;
/// Most categories of a column.
pub(super) const MAX_CATEGORIES: usize = 100;
/// Most whole numbers that may be codes.
const MAX_CODES: usize = 10;
/// Numbers further from the quartiles than this many times their distance are clipped, however many
/// there are: they would leave no room for the others.
const FAR: f64 = 100.0;

/// What happens to categories that are rare, or unknown.
#[derive(Clone, Copy)]
pub(super) struct Categories {
    pub(super) unknown: UnknownCategory,
    /// Fewest training rows of a category that is learnt.
    pub(super) fewest: usize,
}

/// What a column holds in the training rows.
pub(super) enum Column {
    /// One value.
    Constant,
    Numbers(Numbers),
    Texts(Texts),
    /// More texts than can be categories.
    Motley {
        found: usize,
        example: String,
    },
}

pub(super) struct Numbers {
    pub(super) range: [f64; 2],
    pub(super) median: f64,
    pub(super) are_dates: bool,
    /// Whether there are a few whole numbers.
    pub(super) may_be_codes: bool,
    /// Whether there are only whole numbers, and none twice.
    pub(super) are_distinct: bool,
}

pub(super) struct Texts {
    /// In byte order.
    pub(super) categories: Vec<String>,
    pub(super) most_frequent: String,
    /// How many texts are too rare, and how many training rows have one of them.
    rare: (usize, usize),
}

impl Column {
    pub(super) fn of(
        table: &LabelledTable,
        trained_on: &[usize],
        column: usize,
        fewest: usize,
    ) -> Result<Self, TableError> {
        if table.holds_categories(column) {
            return Ok(Self::texts(table, trained_on, column, fewest));
        }
        let cell = |&row: &usize| table.cell(row, column);
        let present = |row: &&usize| !table.is_missing(cell(row));
        let present: Vec<usize> = trained_on.iter().filter(present).copied().collect();
        let numbers = present.iter().map(|&row| table.number(row, column));
        let numbers: Vec<f64> = numbers.filter_map(Result::ok).collect();
        if numbers.len() == present.len() {
            return Ok(Numbers::of(numbers, false).map_or(Self::Constant, Self::Numbers));
        }
        let dates: Vec<f64> = present.iter().map(cell).filter_map(days).collect();
        if dates.len() == present.len() {
            return Ok(Numbers::of(dates, true).map_or(Self::Constant, Self::Numbers));
        }
        let others = present.iter().map(cell).filter(|text| is_other_date(text));
        if others.count() * 2 > present.len() {
            return Err(TableError::OtherDates {
                column: table.columns()[column].clone(),
                example: present.first().map(cell).map(shown).unwrap_or_default(),
            });
        }
        // A column of numbers with a typing error in it would make a category of each number.
        let mostly_numbers = numbers.len() * 2 > present.len();
        for &row in &present {
            match table.number(row, column) {
                Ok(_) => {}
                Err(Unreadable::NotANumber) if !mostly_numbers => {}
                Err(fault) => return Err(table.not_a_number(row, column, fault)),
            }
        }
        Ok(Self::texts(table, trained_on, column, fewest))
    }

    fn texts(table: &LabelledTable, trained_on: &[usize], column: usize, fewest: usize) -> Self {
        // No text in a card has line breaks.
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let texts = trained_on.iter().map(|&row| table.cell(row, column));
        for text in texts.filter(|text| !table.is_missing_text(text)) {
            *counts.entry(text.replace('\n', " ")).or_default() += 1;
        }
        let all = counts.len();
        let rare = counts.values().filter(|count| **count < fewest);
        let rare = rare.fold((0, 0), |(texts, rows), count| (texts + 1, rows + count));
        counts.retain(|_, count| *count >= fewest);
        if counts.len() > MAX_CATEGORIES {
            return Self::Motley {
                found: all,
                example: counts
                    .keys()
                    .next()
                    .map(|text| shown(text))
                    .unwrap_or_default(),
            };
        }
        // The first of equally frequent ones.
        let most_frequent = counts.iter().rev().max_by_key(|(_, count)| **count);
        match (counts.len(), most_frequent) {
            (count, Some((text, _))) if count > 1 || rare.0 > 0 => Self::Texts(Texts {
                categories: counts.keys().cloned().collect(),
                most_frequent: text.clone(),
                rare,
            }),
            _ => Self::Constant,
        }
    }
}

impl Texts {
    /// What people should know about these categories.
    pub(super) fn findings(
        &self,
        table: &LabelledTable,
        column: usize,
        policy: Categories,
    ) -> Vec<Finding> {
        let name = &table.columns()[column];
        let kept = self.categories.iter().filter(|text| table.is_missing(text));
        let kept = kept.map(|text| Finding::KeptAsCategory {
            column: name.clone(),
            text: text.clone(),
            cells: (0..table.len())
                .filter(|&row| table.cell(row, column) == text)
                .count(),
        });
        let (categories, rows) = self.rare;
        let rare =
            (categories > 0 && policy.unknown == UnknownCategory::Zeros).then(|| Finding::Rare {
                column: name.clone(),
                categories,
                rows,
            });
        kept.chain(rare).collect()
    }
}

impl Numbers {
    /// The range and the median; none for numbers that are all the same.
    fn of(mut numbers: Vec<f64>, are_dates: bool) -> Option<Self> {
        numbers.sort_unstable_by(f64::total_cmp);
        let (first, last) = (*numbers.first()?, *numbers.last()?);
        let clipped = numbers.len() / CLIPPED;
        let mut range = [numbers[clipped], numbers[numbers.len() - 1 - clipped]];
        if range[0] == range[1] {
            range = [first, last];
        }
        if let Some([low, high]) = near(&numbers) {
            range = [range[0].max(low), range[1].min(high)];
        }
        let are_whole = numbers.iter().all(|number| number.fract() == 0.0);
        let distinct: HashSet<u64> = numbers.iter().map(|number| number.to_bits()).collect();
        let distinct = distinct.len();
        (range[0] < range[1]).then(|| Self {
            range,
            median: numbers[(numbers.len() - 1) / 2],
            are_dates,
            may_be_codes: are_whole
                && (3..=MAX_CODES).contains(&distinct)
                && distinct * 10 <= numbers.len(),
            are_distinct: are_whole && distinct == numbers.len(),
        })
    }

    /// Mean and deviation of the training rows, imputed and clipped.
    pub(super) fn standard(
        &self,
        table: &LabelledTable,
        trained_on: &[usize],
        column: usize,
    ) -> Standard {
        let [low, high] = self.range;
        let value = |&row: &usize| {
            let number = self.value(table, row, column);
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

    /// The number in a cell; none if it is missing.
    fn value(&self, table: &LabelledTable, row: usize, column: usize) -> Option<f64> {
        match self.are_dates {
            true => days(table.cell(row, column)),
            false => table.number(row, column).ok(),
        }
    }

    /// A number such as −999 at an end, several times, further from all others than these are from
    /// each other; or one as far as 1e30.
    pub(super) fn outlying(
        &self,
        table: &LabelledTable,
        trained_on: &[usize],
        column: usize,
    ) -> Option<Finding> {
        let numbers = trained_on
            .iter()
            .filter_map(|&row| self.value(table, row, column));
        let mut numbers: Vec<f64> = numbers.collect();
        numbers.sort_unstable_by(f64::total_cmp);
        let (&first, &last) = (numbers.first()?, numbers.last()?);
        let is_code = |number: f64| {
            let digits = number.abs().to_string();
            digits.bytes().all(|byte| byte == b'9') && digits.len() > 1
        };
        let lone = [first, last].into_iter().find(|&end| {
            let others: Vec<f64> = numbers.iter().copied().filter(|&n| n != end).collect();
            let (Some(low), Some(high)) = (others.first(), others.last()) else {
                return false;
            };
            let gap = (end - low).abs().min((end - high).abs());
            let is_several = others.len() + 1 < numbers.len();
            let is_far = near(&numbers).is_some_and(|[low, high]| !(low..=high).contains(&end));
            is_far || (is_code(end) && is_several && gap > high - low)
        })?;
        let rows = (0..table.len()).filter(|&row| self.value(table, row, column) == Some(lone));
        let mut rows = rows.peekable();
        let text = rows.peek().map(|&row| shown(table.cell(row, column)));
        Some(Finding::Outlying {
            column: table.columns()[column].clone(),
            text: text.unwrap_or_default(),
            cells: rows.count(),
        })
    }
}

/// The ends of what isn't far from the quartiles of sorted numbers, moved to the numbers inside; none
/// if the quartiles are the same.
fn near(numbers: &[f64]) -> Option<[f64; 2]> {
    let quartiles = [numbers[numbers.len() / 4], numbers[numbers.len() * 3 / 4]];
    let far = FAR * (quartiles[1] - quartiles[0]);
    let inside = |number: &&f64| (quartiles[0] - far..=quartiles[1] + far).contains(*number);
    let (low, high) = (numbers.iter().find(inside)?, numbers.iter().rfind(inside)?);
    (far > 0.0).then_some([*low, *high])
}
