//! Maxima and means of windows.

use super::attributes::Attributes;
use super::error::Fault;
use super::limits::volume;
use super::plan::{Kernel, Planner};
use super::value::Floats;
use super::windows::Windows;

/// What is computed from the pixels that a window sees.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pooling {
    /// Their maximum.
    Maximum,
    /// Their mean.
    Mean {
        /// Whether padding counts, as pixels of 0.
        counts_padding: bool,
    },
}

/// Images in which what each window sees of a channel has become one pixel.
pub(super) fn pool(
    planner: &mut Planner,
    x: &Floats,
    pooling: Pooling,
    attributes: &mut Attributes<'_>,
) -> Result<Floats, Fault> {
    let windows = Windows::over(x, attributes, None)?;
    let sides = vec![
        windows.records,
        windows.channels,
        windows.rows.places,
        windows.columns.places,
    ];
    let numbers = volume(&sides)?;
    planner.budget().take_products(&[numbers, windows.taps()])?;
    planner.add(sides, &[x], Pooled { windows, pooling })
}

struct Pooled {
    windows: Windows,
    pooling: Pooling,
}

impl Kernel for Pooled {
    fn run(&self, operands: &[&[f32]]) -> Vec<f32> {
        let x = operands[0];
        match self.pooling {
            Pooling::Maximum => {
                let start = (f32::NEG_INFINITY, false);
                self.slide(x, start, larger, |(most, has_nan), _| match has_nan {
                    true => f32::NAN,
                    false => most,
                })
            }
            Pooling::Mean { counts_padding } => {
                let all = counts_padding.then_some(self.windows.taps());
                let sum = |sum: f64, number| sum + f64::from(number);
                self.slide(x, 0.0, sum, |sum, seen| {
                    (sum / all.unwrap_or(seen) as f64) as f32
                })
            }
        }
    }
}

/// The larger of two numbers, and whether any so far was NaN: kept separately so that the maximum
/// is one instruction.
fn larger((most, has_nan): (f32, bool), number: f32) -> (f32, bool) {
    let most = if number > most { number } else { most };
    (most, has_nan | number.is_nan())
}

impl Pooled {
    /// Joins what each window sees to a start, and finishes it, given how many pixels it sees.
    fn slide<T: Copy>(
        &self,
        x: &[f32],
        start: T,
        join: impl Fn(T, f32) -> T,
        finish: impl Fn(T, usize) -> f32,
    ) -> Vec<f32> {
        let Windows {
            records,
            channels,
            rows,
            columns,
        } = self.windows;
        let pixels = self.windows.pixels();
        let mut result = Vec::with_capacity(records * channels * self.windows.places());
        for image in 0..records * channels {
            let image = &x[image * pixels..][..pixels];
            for row in 0..rows.places {
                let down = rows.inside(row);
                for column in 0..columns.places {
                    let across = columns.inside(column);
                    let mut joined = start;
                    for y in down.clone() {
                        let y = row * rows.step + y * rows.spread - rows.before;
                        let seen = &image[y * columns.side..][..columns.side];
                        for x in across.clone() {
                            let x = column * columns.step + x * columns.spread - columns.before;
                            joined = join(joined, seen[x]);
                        }
                    }
                    result.push(finish(joined, down.len() * across.len()));
                }
            }
        }
        result
    }
}
