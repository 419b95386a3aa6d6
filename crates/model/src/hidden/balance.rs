//! How hidden numbers are scaled before they are rounded.
//!
//! A hidden number's weights may be multiplied by c, and those of its square divided by c²: the network stays the same, but rounding
//! errs otherwise. Let c be 1 where a number's largest weight becomes the largest that there may be, and let its square then have an
//! influence of I on what follows. The errors of its own weights then make a difference in proportion to I/c, and those of its square's
//! to c², whatever it is for. Both together are least for c in proportion to the cube root of I.
//!
//! With c = 1 throughout, the squares that matter most make all other squares' weights small, and those are lost; what is lost in one layer
//! is squared in the next. `models/digits-cryptonets` has a ring of 59 bits where it would have one of 61; a network of the same shape that
//! had been trained worse kept 0.989 of its predictions with weights of 5 bits, in place of 0.969. With a single hidden layer there is next
//! to nothing in it, and numbers stay as they are.

use crate::FloatMap;
use veilcast_card::PerFeature;

/// Each scaling changes what the others weigh; after this many turns nothing changes much.
const TURNS: usize = 4;
/// The least influence, relative to the largest one in a layer.
const LEAST: f64 = 1e-9;

/// c of each hidden number, layer by layer, at most 1; none if there is only one hidden layer.
pub(super) fn shares(parts: &[FloatMap], steps: &PerFeature) -> Vec<Vec<f64>> {
    let Some(layers @ [_, _, ..]) = parts.split_last().map(|(_, hidden)| hidden) else {
        return Vec::new();
    };
    let mut shares: Vec<Vec<f64>> = layers
        .iter()
        .map(|part| vec![1.0; part.outputs()])
        .collect();
    for _ in 0..TURNS {
        let mut steps = steps.clone();
        for (layer, next) in parts[1..].iter().enumerate() {
            let largest = largest(&parts[layer], &steps);
            let influences = influences(next, &largest, &shares[layer]);
            let most = influences.iter().copied().fold(0.0, f64::max);
            let share = |influence: f64| match most > 0.0 && influence.is_finite() {
                true => (influence / most).max(LEAST).cbrt(),
                false => 1.0,
            };
            shares[layer] = influences.into_iter().map(share).collect();
            let worth = largest.iter().zip(&shares[layer]);
            steps = PerFeature::Each(worth.map(|(largest, c)| (largest / c).powi(2)).collect());
        }
    }
    shares
}

/// The largest weight of each output, for inputs in these steps.
fn largest(part: &FloatMap, steps: &PerFeature) -> Vec<f64> {
    let of_row = |output: usize| {
        let row = part.row(output).iter().enumerate();
        let largest = row.fold(0.0, |most: f64, (i, w)| most.max((w * steps.at(i)).abs()));
        // What doesn't depend on the record is a constant.
        match largest > 0.0 {
            true => largest,
            false => 1.0,
        }
    };
    (0..part.outputs()).map(of_row).collect()
}

/// What the squares of numbers with these largest weights count in the next part at c = 1: the root of the mean square over the outputs,
/// each relative to the largest weight that it has at present.
fn influences(next: &FloatMap, largest: &[f64], shares: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0; largest.len()];
    for output in 0..next.outputs() {
        let at_one = next.row(output).iter().zip(largest);
        let at_one: Vec<f64> = at_one.map(|(w, l)| (w * l * l).abs()).collect();
        let now = at_one.iter().zip(shares).map(|(w, c)| w / (c * c));
        let most = now.fold(0.0, f64::max);
        if most > 0.0 {
            for (sum, weight) in sums.iter_mut().zip(at_one) {
                *sum += (weight / most).powi(2);
            }
        }
    }
    sums.into_iter().map(f64::sqrt).collect()
}
