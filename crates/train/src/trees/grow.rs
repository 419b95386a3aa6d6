//! Growing one tree.

use rayon::prelude::*;
use veilcast_model::trees::{Missing, Node, TooManyNodes, ValuedTree};

use super::bins::Column;
use super::loss::Derivatives;
use super::options::TreesOptions;

/// How strongly a leaf's value is drawn to 0: as if the second derivatives had this much more.
const SHRINKAGE: f64 = 1.0;

/// A tree that was grown.
pub(super) struct Grown {
    /// The root first.
    nodes: Vec<Place>,
}

/// A node.
enum Place {
    /// With a value per output.
    Leaf(Vec<f64>),
    Split {
        cut: Cut,
        low: usize,
        high: usize,
    },
}

/// Which rows go where.
#[derive(Clone, Copy)]
struct Cut {
    column: usize,
    /// The last bin that goes low.
    bin: u16,
    is_missing_low: bool,
}

/// Sums of rows' derivatives, a pair per output.
#[derive(Clone)]
struct Sums {
    rows: usize,
    derivatives: Vec<[f64; 2]>,
}

/// What a tree is grown from.
struct Growth<'a> {
    columns: &'a [Column],
    derivatives: &'a Derivatives,
    outputs: usize,
    options: &'a TreesOptions,
    nodes: Vec<Place>,
}

/// Grows a tree on some rows.
pub(super) fn grow(
    columns: &[Column],
    rows: &[u32],
    derivatives: &Derivatives,
    outputs: usize,
    options: &TreesOptions,
) -> Grown {
    let mut growth = Growth {
        columns,
        derivatives,
        outputs,
        options,
        nodes: Vec::new(),
    };
    growth.grow(rows, 0);
    Grown {
        nodes: growth.nodes,
    }
}

impl Growth<'_> {
    /// Grows what some rows reach, and returns its node.
    fn grow(&mut self, rows: &[u32], depth: usize) -> usize {
        let node = self.nodes.len();
        let sums = self.sums(rows);
        self.nodes.push(Place::Leaf(self.leaf(&sums)));
        let cut = (depth < self.options.depth).then(|| self.best_cut(rows, &sums));
        if let Some(cut) = cut.flatten() {
            let column = &self.columns[cut.column];
            let is_low = |row: &&u32| cut.is_low(column.bin(**row as usize));
            let (low, high): (Vec<u32>, Vec<u32>) = rows.iter().partition(is_low);
            let (low, high) = (self.grow(&low, depth + 1), self.grow(&high, depth + 1));
            self.nodes[node] = Place::Split { cut, low, high };
        }
        node
    }

    /// The values of a leaf that rows with these sums reach.
    fn leaf(&self, sums: &Sums) -> Vec<f64> {
        let value =
            |[first, second]: &[f64; 2]| -self.options.learning_rate * first / (second + SHRINKAGE);
        sums.derivatives.iter().map(value).collect()
    }

    /// The cut that lowers the loss most, if one does; the first of equally good ones.
    fn best_cut(&self, rows: &[u32], total: &Sums) -> Option<Cut> {
        let columns = (0..self.columns.len()).into_par_iter();
        let cuts = columns.filter_map(|column| self.best_cut_of(column, rows, total));
        let better =
            |a: &(f64, Cut), b: &(f64, Cut)| a.0.total_cmp(&b.0).then(b.1.column.cmp(&a.1.column));
        cuts.max_by(better).map(|(_, cut)| cut)
    }

    fn best_cut_of(&self, column: usize, rows: &[u32], total: &Sums) -> Option<(f64, Cut)> {
        let bins = self.columns[column].len();
        let mut by_bin = vec![Sums::none(self.outputs); bins];
        let mut missing = Sums::none(self.outputs);
        for &row in rows {
            let bin = self.columns[column].bin(row as usize);
            let sums = by_bin.get_mut(usize::from(bin)).unwrap_or(&mut missing);
            self.add(sums, row);
        }
        let before = total.merit();
        let mut best: Option<(f64, Cut)> = None;
        let mut low = Sums::none(self.outputs);
        for (bin, sums) in by_bin.iter().enumerate().take(bins - 1) {
            low.extend(sums);
            if sums.rows == 0 {
                continue;
            }
            let with_missing = low.with(&missing);
            // Where no row is missing its number, those that do later go the way of most rows.
            let choices: &[(bool, &Sums)] = match (missing.rows, low.rows * 2 > total.rows) {
                (0, is_low) => &[(is_low, &low)],
                _ => &[(false, &low), (true, &with_missing)],
            };
            for &(is_missing_low, low) in choices {
                let high = total.without(low);
                if low.rows.min(high.rows) < self.options.leaf_rows {
                    continue;
                }
                let gain = low.merit() + high.merit() - before;
                if gain > best.map_or(1e-9, |(best, _)| best) {
                    let bin = bin as u16;
                    let cut = Cut {
                        column,
                        bin,
                        is_missing_low,
                    };
                    best = Some((gain, cut));
                }
            }
        }
        best
    }

    fn sums(&self, rows: &[u32]) -> Sums {
        let mut sums = Sums::none(self.outputs);
        rows.iter().for_each(|&row| self.add(&mut sums, row));
        sums
    }

    fn add(&self, sums: &mut Sums, row: u32) {
        sums.rows += 1;
        let at = row as usize * self.outputs;
        let (first, second) = (
            &self.derivatives.first[at..],
            &self.derivatives.second[at..],
        );
        for (sum, (first, second)) in sums.derivatives.iter_mut().zip(first.iter().zip(second)) {
            sum[0] += first;
            sum[1] += second;
        }
    }
}

impl Sums {
    fn none(outputs: usize) -> Self {
        Self {
            rows: 0,
            derivatives: vec![[0.0; 2]; outputs],
        }
    }

    /// How much lower the loss becomes, doubled, if these rows reach a leaf of their own.
    fn merit(&self) -> f64 {
        let merit = |[first, second]: &[f64; 2]| first * first / (second + SHRINKAGE);
        self.derivatives.iter().map(merit).sum()
    }

    fn extend(&mut self, other: &Self) {
        self.rows += other.rows;
        for (sum, other) in self.derivatives.iter_mut().zip(&other.derivatives) {
            *sum = [sum[0] + other[0], sum[1] + other[1]];
        }
    }

    fn with(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.extend(other);
        both
    }

    fn without(&self, part: &Self) -> Self {
        let both = self.derivatives.iter().zip(&part.derivatives);
        Self {
            rows: self.rows - part.rows,
            derivatives: both.map(|(a, b)| [a[0] - b[0], a[1] - b[1]]).collect(),
        }
    }
}

impl Cut {
    fn is_low(self, bin: u16) -> bool {
        match bin {
            Column::MISSING => self.is_missing_low,
            bin => bin <= self.bin,
        }
    }
}

impl Grown {
    /// What the tree gives a row.
    pub(super) fn values(&self, columns: &[Column], row: usize) -> &[f64] {
        let mut node = 0;
        loop {
            match &self.nodes[node] {
                Place::Leaf(values) => return values,
                Place::Split { cut, low, high } => {
                    let is_low = cut.is_low(columns[cut.column].bin(row));
                    node = if is_low { *low } else { *high };
                }
            }
        }
    }

    /// The tree as it acts on numbers. Records whose number is missing are refused where no
    /// row's was.
    pub(super) fn valued(&self, columns: &[Column]) -> ValuedTree {
        let node = |node: usize| {
            Ok::<_, TooManyNodes>(match &self.nodes[node] {
                Place::Leaf(values) => Node::Leaf(values.clone()),
                Place::Split { cut, low, high } => {
                    let column = &columns[cut.column];
                    Node::Split {
                        feature: cut.column as u32,
                        threshold: column.threshold(cut.bin),
                        low: *low,
                        high: *high,
                        missing: match (column.has_missing, cut.is_missing_low) {
                            (false, _) => Missing::Refused,
                            (true, true) => Missing::Low,
                            (true, false) => Missing::High,
                        },
                    }
                }
            })
        };
        ValuedTree::from_root(0, node).expect("a tree of eight levels has few nodes")
    }
}
