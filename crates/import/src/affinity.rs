//! Whether a network is affine: f(αu + βv + γw) = αf(u) + βf(v) + γf(w) wherever α + β + γ = 1.
//!
//! It is tried on random points around the origin at several scales: close enough that small bends
//! show, and far enough out that anything that clips or saturates does so.

use rand::rngs::ChaCha20Rng;
use rand::{RngExt as _, SeedableRng as _};

/// How far out points lie, in units of each feature.
const SCALES: [f64; 4] = [0.1, 1.0, 10.0, LARGEST_SCALE];
/// The largest of them.
pub(super) const LARGEST_SCALE: f64 = 1000.0;
/// Groups of points tried at each scale.
const GROUPS: usize = 4;
/// Points of a group: u, v, w and the one between them.
const POINTS: usize = 4;
/// How far apart values may be, relative to the largest of the group: 32-bit floats lose three or
/// four of their seven digits over many layers.
const TOLERANCE: f64 = 1e-3;

/// Points to try a network on, and what must hold of its values there.
pub(super) struct Trial {
    /// The values of all points, point by point.
    pub(super) points: Vec<f64>,
    /// α, β and γ of each group.
    factors: Vec<[f64; 3]>,
}

impl Trial {
    /// Points whose features have these magnitudes.
    pub(super) fn new(units: &[f64]) -> Self {
        let mut generator = ChaCha20Rng::seed_from_u64(0x0af1_f1e5);
        let (mut points, mut factors) = (Vec::new(), Vec::new());
        for scale in SCALES {
            for _ in 0..GROUPS {
                let mut random = || generator.random_range(-1.0..1.0);
                let (alpha, beta): (f64, f64) = (random(), random());
                let by = [alpha, beta, 1.0 - alpha - beta];
                let mut between = vec![0.0; units.len()];
                for factor in by {
                    for (sum, unit) in between.iter_mut().zip(units) {
                        let value = random() * scale * unit;
                        *sum += factor * value;
                        points.push(value);
                    }
                }
                points.extend(between);
                factors.push(by);
            }
        }
        Self { points, factors }
    }

    /// The points in groups; each allows a test whether values are affine.
    pub(super) fn groups(&self) -> impl Iterator<Item = Group<'_>> {
        let size = self.points.len() / self.factors.len();
        let points = self.points.chunks(size.max(1));
        points
            .zip(&self.factors)
            .map(|(points, factors)| Group { points, factors })
    }

    /// Whether values are affine in the points, given those of each point, point by point.
    pub(super) fn is_affine(&self, values: &[f64]) -> bool {
        let size = values.len() / self.factors.len();
        let values = values.chunks_exact(size.max(1));
        let mut groups = self.groups().zip(values);
        groups.all(|(group, values)| group.is_affine(values))
    }
}

/// Points u, v, w and the one between them.
pub(super) struct Group<'a> {
    /// The values of the points, point by point.
    pub(super) points: &'a [f64],
    factors: &'a [f64; 3],
}

impl Group<'_> {
    /// Whether values are affine in the points, given those of each point, point by point.
    pub(super) fn is_affine(&self, values: &[f64]) -> bool {
        let size = values.len() / POINTS;
        let [u, v, w, between] = [0, 1, 2, 3].map(|point| &values[point * size..][..size]);
        let largest = values
            .iter()
            .fold(0.0, |top: f64, value| top.max(value.abs()));
        let [alpha, beta, gamma] = self.factors;
        let sums = u
            .iter()
            .zip(v)
            .zip(w)
            .map(|((u, v), w)| alpha * u + beta * v + gamma * w);
        let mut apart = sums.zip(between).map(|(sum, value)| (sum - value).abs());
        // Not so for NaN.
        largest.is_finite() && apart.all(|distance| distance <= TOLERANCE * largest)
    }
}
