//! Columns from which alone the target can be told: often they are only known after it is.

use super::findings::Finding;
use super::rows::Rows;
use super::target::Truth;
use veilcast_card::Input;
use veilcast_model::quality::auc;

/// An area under the ROC curve that no honest column has.
const SUSPICIOUS: f64 = 0.99;

/// The columns from which alone the classes of training rows can be told.
pub(super) fn find(rows: &Rows, input: &Input, classes: usize) -> Vec<Finding> {
    let Truth::Classes(truth) = &rows.truth else {
        return Vec::new();
    };
    let names = input.features.as_deref().unwrap_or_default();
    let mut found = Vec::new();
    let mut first = 0;
    for name in names {
        let categories = input.preprocessing.categories(name);
        let width = categories.map_or(1, |(categories, _)| categories.len());
        let of_classes = (0..classes).filter_map(|class| {
            let is_class: Vec<bool> = truth.iter().map(|&other| other == class).collect();
            let scores = match categories {
                None => rows.features.iter().map(|row| row[first]).collect(),
                Some(_) => shares(rows, first, width, &is_class),
            };
            let area = auc(&scores, &is_class)?;
            Some(area.max(1.0 - area))
        });
        let least = of_classes.reduce(f64::min);
        if let Some(auc) = least.filter(|&least| least > SUSPICIOUS) {
            found.push(Finding::TellsTarget {
                column: name.clone(),
                auc,
            });
        }
        first += width;
    }
    found
}

/// For each row, which share of the rows of its category is in a class.
fn shares(rows: &Rows, first: usize, width: usize, is_class: &[bool]) -> Vec<f64> {
    let category = |row: &Vec<f64>| {
        let own = row[first..first + width].iter().position(|&hot| hot == 1.0);
        own.unwrap_or(width)
    };
    let mut counts = vec![(0.0, 0.0); width + 1];
    for (row, &is_class) in rows.features.iter().zip(is_class) {
        let (inside, all) = &mut counts[category(row)];
        *inside += f64::from(u8::from(is_class));
        *all += 1.0;
    }
    let share = |row| {
        let (inside, all) = counts[category(row)];
        inside / all
    };
    rows.features.iter().map(share).collect()
}
