//! The values that features may have, over which their integers are spread.

use rand::rngs::ChaCha20Rng;
use rand::{RngExt as _, SeedableRng as _};

use veilcast_card::{Input, InputBits, InputKind, Quantization, Step};

/// One in this many records is clipped at each end.
const CLIPPED: usize = 200;
/// How many deviations from the mean standardised columns are taken to reach.
const DEVIATIONS: f64 = 4.0;
/// How many times as long as that of most numbers of an array a range for all may be.
const ALIKE: f64 = 8.0;
/// Records drawn at random where none are given.
const RANDOM_RECORDS: usize = 1000;

/// The range of all features, or of each.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ranges {
    All([f64; 2]),
    Each(Vec<[f64; 2]>),
}

impl Ranges {
    /// What is known about an input without any record: an image's pixels run from 0 to 255, and
    /// columns that preprocessing standardises or one-hot encodes have ranges too. Otherwise the
    /// columns whose ranges aren't known.
    pub(super) fn known(input: &Input) -> Result<Self, Vec<String>> {
        let preprocessing = &input.preprocessing;
        if input.kind == InputKind::Image {
            let factors = preprocessing.steps.iter().map(|step| match step {
                Step::Scale { factor } => *factor,
                _ => 1.0,
            });
            let end = 255.0 * factors.product::<f64>();
            return Ok(Self::All([end.min(0.0), end.max(0.0)]));
        }
        if input.kind == InputKind::Array {
            return Err(Vec::new());
        }
        let (mut ranges, mut unknown) = (Vec::new(), Vec::new());
        for column in input.features.iter().flatten() {
            let standardized = |step: &Step| matches!(step, Step::Standardize { columns } if columns.contains_key(column));
            match preprocessing.categories(column) {
                Some((categories, _)) => ranges.extend(categories.iter().map(|_| [0.0, 1.0])),
                None if preprocessing.steps.iter().any(standardized) => {
                    ranges.push([-DEVIATIONS, DEVIATIONS]);
                }
                None => unknown.push(column.clone()),
            }
        }
        match unknown.is_empty() {
            true => Ok(Self::Each(ranges)),
            false => Err(unknown),
        }
    }

    /// The ranges of records' features, their ends rounded outwards: a card shows them to
    /// everybody, and the exact ends would be individual records' values.
    pub(super) fn of(records: &[Vec<f64>]) -> Self {
        Self::each(records, |values| {
            rounded_outwards([values[0], values[values.len() - 1]])
        })
    }

    /// The ranges of the numbers of arrays: one for all, since few records say little about each number;
    /// unless that is many times as long as most numbers' own, as if they had different units.
    pub(super) fn of_array(records: &[Vec<f64>]) -> Self {
        let each = Self::of(records);
        let Self::Each(ranges) = &each else {
            return each;
        };
        let low = ranges.iter().map(|range| range[0]).fold(f64::MAX, f64::min);
        let high = ranges.iter().map(|range| range[1]).fold(f64::MIN, f64::max);
        let mut lengths: Vec<f64> = ranges.iter().map(|[low, high]| high - low).collect();
        lengths.sort_unstable_by(f64::total_cmp);
        let median = lengths.get(lengths.len() / 2).copied().unwrap_or_default();
        match high - low <= ALIKE * median {
            true => Self::All([low, high]),
            false => each,
        }
    }

    /// The same without the outer 0.5 % at each end, if anything is left: for features whose rare
    /// extremes would leave too few steps for the rest.
    pub(super) fn clipped(records: &[Vec<f64>]) -> Self {
        Self::each(records, |values| {
            let clipped = values.len() / CLIPPED;
            let inner = [values[clipped], values[values.len() - 1 - clipped]];
            match inner[0] < inner[1] {
                true => inner,
                false => [values[0], values[values.len() - 1]],
            }
        })
    }

    /// For each feature, the result of a function of its sorted values.
    fn each(records: &[Vec<f64>], find: impl Fn(&[f64]) -> [f64; 2]) -> Self {
        let features = records.first().map_or(0, Vec::len);
        let range = |feature: usize| {
            let mut values: Vec<f64> = records.iter().map(|record| record[feature]).collect();
            values.sort_unstable_by(f64::total_cmp);
            match find(&values) {
                [low, high] if low < high => [low, high],
                // It is the same in all these records, but may be larger in others.
                [low, _] => [low.min(0.0), low.max(low.min(0.0) + 1.0)],
            }
        };
        Self::Each((0..features).map(range).collect())
    }

    /// Integers of some bits over the whole range.
    pub(super) fn quantization(&self, bits: InputBits) -> Quantization {
        match self {
            Self::All(range) => Quantization::over_all(bits, *range),
            Self::Each(ranges) => Quantization::over_each(bits, ranges),
        }
    }

    /// How large each feature may be.
    pub(super) fn magnitudes(&self, features: usize) -> Vec<f64> {
        let magnitude = |[low, high]: &[f64; 2]| low.abs().max(high.abs());
        match self {
            Self::All(range) => vec![magnitude(range); features],
            Self::Each(ranges) => ranges.iter().map(magnitude).collect(),
        }
    }

    /// Records of features drawn at random, evenly over their ranges.
    pub(super) fn random(&self, features: usize) -> Vec<Vec<f64>> {
        let mut generator = ChaCha20Rng::seed_from_u64(1);
        let mut value = |feature: usize| {
            let [low, high] = match self {
                Self::All(range) => *range,
                Self::Each(ranges) => ranges[feature],
            };
            generator.random_range(low..=high)
        };
        (0..RANDOM_RECORDS)
            .map(|_| (0..features).map(&mut value).collect())
            .collect()
    }
}

/// A range whose ends are multiples of a tenth of its length's first digit's place.
fn rounded_outwards([low, high]: [f64; 2]) -> [f64; 2] {
    let unit = 10_f64.powf((high - low).log10().floor() - 1.0);
    match unit.is_normal() {
        true => [(low / unit).floor() * unit, (high / unit).ceil() * unit],
        false => [low, high],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(values: impl IntoIterator<Item = f64>) -> Vec<Vec<f64>> {
        values.into_iter().map(|value| vec![value]).collect()
    }

    #[test]
    fn ranges_hold_all_records_and_tell_none() {
        let ranges = Ranges::of(&records([61.23, -7.89, 12.0]));
        assert_eq!(ranges, Ranges::Each(vec![[-8.0, 62.0]]));
        let ranges = Ranges::of(&records([0.0, 1.0, 1.0]));
        assert_eq!(ranges, Ranges::Each(vec![[0.0, 1.0]]));
        let ranges = Ranges::of(&records([-1e308, 1e308]));
        assert_eq!(ranges, Ranges::Each(vec![[-1e308, 1e308]]));
    }

    #[test]
    fn what_never_changes_gets_a_range() {
        for (value, range) in [(0.0, [0.0, 1.0]), (5.0, [0.0, 5.0]), (-5.0, [-5.0, -4.0])] {
            assert_eq!(Ranges::of(&records([value; 3])), Ranges::Each(vec![range]));
            assert_eq!(
                Ranges::clipped(&records([value; 3])),
                Ranges::Each(vec![range])
            );
        }
    }

    #[test]
    fn rare_extremes_are_clipped() {
        let values = (0..1000).map(f64::from).chain([1e9]);
        let ranges = Ranges::clipped(&records(values));
        assert_eq!(ranges, Ranges::Each(vec![[5.0, 995.0]]));
        let ranges = Ranges::clipped(&records((0..1000).map(|i| f64::from(u8::from(i == 7)))));
        assert_eq!(ranges, Ranges::Each(vec![[0.0, 1.0]]));
    }
}
