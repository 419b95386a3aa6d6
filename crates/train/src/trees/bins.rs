//! Numbers sorted into few bins.

use rayon::prelude::*;

/// Most bins of a column, without the one of missing numbers.
const MAX_BINS: usize = 256;

/// A column of numbers, each known by the bin that it is in.
pub(super) struct Column {
    /// The greatest number of each bin but the last, ascending; or one before the next bin's least.
    edges: Vec<f64>,
    /// The bin of each row; [`MISSING`](Self::MISSING) where there is no number.
    bins: Vec<u16>,
    /// Whether some record may have no number.
    pub(super) has_missing: bool,
}

impl Column {
    /// The bin of a missing number.
    pub(super) const MISSING: u16 = u16::MAX;

    /// The columns of some rows, at least one; `gaps` are those that may have no number in others.
    pub(super) fn all(rows: &[Vec<Option<f64>>], gaps: &[usize]) -> Vec<Self> {
        let columns = rows.first().map_or(0, Vec::len);
        let column = |column| {
            let mut made = Self::of(rows.iter().map(|row| row[column]).collect());
            made.has_missing |= gaps.contains(&column);
            made
        };
        (0..columns).into_par_iter().map(column).collect()
    }

    fn of(numbers: Vec<Option<f64>>) -> Self {
        let edges = edges(numbers.iter().copied().flatten().collect());
        let bin = |number: &Option<f64>| match number {
            Some(number) => edges.partition_point(|edge| edge < number) as u16,
            None => Self::MISSING,
        };
        Self {
            bins: numbers.iter().map(bin).collect(),
            has_missing: numbers.iter().any(Option::is_none),
            edges,
        }
    }

    /// Number of bins, without the one of missing numbers.
    pub(super) fn len(&self) -> usize {
        self.edges.len() + 1
    }

    /// The bin of a row.
    pub(super) fn bin(&self, row: usize) -> u16 {
        self.bins[row]
    }

    /// The number that those of a bin, and of the bins before, don't exceed.
    pub(super) fn threshold(&self, bin: u16) -> f64 {
        self.edges[usize::from(bin)]
    }
}

/// The ends of the bins: between neighbouring numbers, or if there are too many between those that
/// leave equally many in each bin.
fn edges(mut numbers: Vec<f64>) -> Vec<f64> {
    numbers.sort_unstable_by(f64::total_cmp);
    let mut distinct = numbers.clone();
    distinct.dedup();
    let mut ends: Vec<f64> = match distinct.len() <= MAX_BINS {
        true => distinct.clone(),
        false => {
            let end = |bin| numbers[bin * numbers.len() / MAX_BINS];
            (1..MAX_BINS).map(end).collect()
        }
    };
    ends.dedup();
    let next = |end: f64| distinct.get(distinct.partition_point(|&number| number <= end));
    let between = |end: f64| next(end).map(|&next| plain_between(end, next));
    ends.into_iter().filter_map(between).collect()
}

/// A number with as few digits as possible that is at least `low` and less than `high`. It is read
/// easily in a card, and says no more about single rows than it must.
fn plain_between(low: f64, high: f64) -> f64 {
    let middle = low.midpoint(high);
    let rounded = (0..17).filter_map(|digits| format!("{middle:.digits$e}").parse().ok());
    let fits = |number: &f64| (low..high).contains(number);
    rounded.into_iter().find(fits).unwrap_or(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_plain_numbers_between_the_rows() {
        for (low, high, plain) in [
            (63.9, 64.1, 64.0),
            (1.0, 2.0, 1.5),
            (0.0, 1.0, 0.5),
            (-0.31, -0.29, -0.3),
            (1e-300, 3e-300, 2e-300),
            (1.0, 1.0 + f64::EPSILON, 1.0),
            (-5.0, 1.0, -2.0),
        ] {
            assert_eq!(plain_between(low, high), plain, "{low} {high}");
        }
    }

    #[test]
    fn bins_keep_the_order_and_are_few() {
        let numbers: Vec<f64> = (0..5000).map(|i| f64::from(i * 7919 % 5000)).collect();
        let rows: Vec<_> = numbers.iter().map(|&x| vec![Some(x), None]).collect();
        let columns = Column::all(&rows, &[]);
        assert!(columns[0].len() > 250 && columns[0].len() <= MAX_BINS);
        for (row, number) in numbers.iter().enumerate() {
            let bin = columns[0].bin(row);
            let last = usize::from(bin) + 1 == columns[0].len();
            assert!(last || *number <= columns[0].threshold(bin));
            assert!(bin == 0 || *number > columns[0].threshold(bin - 1));
        }
        assert_eq!((columns[1].len(), columns[1].has_missing), (1, true));
        assert_eq!(columns[1].bin(0), Column::MISSING);
    }
}
