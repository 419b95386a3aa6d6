//! Names of features, for people.

use super::{Preprocessing, Tree};
use crate::Input;

impl Input {
    /// One name per feature that preprocessing gives: a column of numbers has one, a column of texts
    /// one per category, and a tree one per leaf but the last, with what leads there.
    pub fn preprocessed_names(&self) -> Vec<String> {
        let columns = (0..self.raw_features()).map(|column| self.feature_name(column));
        let names = columns.flat_map(|column| self.preprocessing.names(column));
        let names: Vec<String> = names.collect();
        match self.preprocessing.trees() {
            None => names,
            Some(trees) => trees.iter().flat_map(|tree| tree.names(&names)).collect(),
        }
    }
}

impl Preprocessing {
    /// The names of a column's numbers.
    fn names(&self, column: String) -> Vec<String> {
        match self.categories(&column) {
            None => vec![column],
            Some((categories, _)) => {
                let name = |category| format!("{column} = {category}");
                categories.iter().map(name).collect()
            }
        }
    }
}

impl Tree {
    /// The names of its features: what is true of a record that reaches the leaf.
    fn names(&self, numbers: &[String]) -> Vec<String> {
        let mut names = vec![None; self.leaves()];
        // What leads to each node that is still to be followed.
        let mut waiting = vec![(0, Vec::new())];
        while let Some((node, path)) = waiting.pop() {
            let (number, threshold) = (&numbers[self.feature[node] as usize], self.threshold[node]);
            let (low, high) = (self.low[node], self.high[node]);
            // A missing number that goes with others isn't worth a name.
            let missing = self.missing.get(node).copied().flatten();
            let missing = missing.filter(|&step| step != low && step != high);
            let ways = [
                (missing, format!("{number} is missing")),
                (Some(high), format!("{number} > {threshold}")),
                (Some(low), format!("{number} ≤ {threshold}")),
            ];
            for (step, condition) in ways {
                let Some(step) = step else { continue };
                let path: Vec<String> = path.iter().cloned().chain([condition]).collect();
                match usize::try_from(step) {
                    Ok(later) => waiting.push((later, path)),
                    Err(_) => names[!step as usize] = Some(path.join(", ")),
                }
            }
        }
        names.truncate(self.features());
        names.into_iter().map(Option::unwrap_or_default).collect()
    }
}
