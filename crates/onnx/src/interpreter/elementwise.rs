//! Operators that compute each number of their result separately.

use super::error::{Fault, malformed, shown};
use super::limits::volume;
use super::plan::{Kernel, Planner};
use super::value::{Floats, Operand};

/// A function applied to each number of a tensor.
pub(super) fn map(
    planner: &mut Planner,
    x: &Floats,
    function: impl Fn(f32) -> f32 + Send + Sync + 'static,
) -> Result<Floats, Fault> {
    planner.add(x.sides.clone(), &[x], Mapped(function))
}

struct Mapped<F>(F);

impl<F: Fn(f32) -> f32 + Send + Sync> Kernel for Mapped<F> {
    fn run(&self, operands: &[&[f32]]) -> Vec<f32> {
        operands[0].iter().map(|&number| self.0(number)).collect()
    }
}

/// A tensor clipped to two limits, each a tensor of a single number, or the default if that is left
/// out. If the limits cross, the upper one counts.
pub(super) fn clip(
    planner: &mut Planner,
    x: &Floats,
    limits: [Option<&Floats>; 2],
    usual: [f32; 2],
) -> Result<Floats, Fault> {
    let mut operands = vec![x];
    let mut found = usual.map(Limit::Number);
    for (found, limit) in found.iter_mut().zip(limits) {
        let Some(limit) = limit else { continue };
        if volume(&limit.sides)? != 1 {
            return malformed(format!(
                "a limit of the shape {} isn't a single number",
                shown(&limit.sides)
            ));
        }
        *found = match &limit.numbers {
            Operand::Constant(numbers) => Limit::Number(numbers[0]),
            Operand::Slot(_) => {
                operands.push(limit);
                Limit::Operand(operands.len() - 1)
            }
        };
    }
    let [least, most] = found;
    planner.add(x.sides.clone(), &operands, Clipped { least, most })
}

struct Clipped {
    least: Limit,
    most: Limit,
}

#[derive(Clone, Copy)]
enum Limit {
    Number(f32),
    /// The only number of an operand.
    Operand(usize),
}

impl Limit {
    fn number(self, operands: &[&[f32]]) -> f32 {
        match self {
            Self::Number(number) => number,
            Self::Operand(place) => operands[place][0],
        }
    }
}

impl Kernel for Clipped {
    fn run(&self, operands: &[&[f32]]) -> Vec<f32> {
        let least = self.least.number(operands);
        let most = self.most.number(operands);
        // NaN stays NaN, and makes what it is compared with NaN.
        if least.is_nan() || most.is_nan() {
            return vec![f32::NAN; operands[0].len()];
        }
        let clipped = operands[0].iter().map(|&number| {
            let raised = if number < least { least } else { number };
            if raised > most { most } else { raised }
        });
        clipped.collect()
    }
}

/// Two tensors joined number by number, with sides of 1 repeated as often as needed.
pub(super) fn join(
    planner: &mut Planner,
    a: &Floats,
    b: &Floats,
    function: impl Fn(f32, f32) -> f32 + Send + Sync + 'static,
) -> Result<Floats, Fault> {
    let Some(sides) = joined_sides(&a.sides, &b.sides) else {
        return malformed(format!(
            "{} and {} don't go together",
            shown(&a.sides),
            shown(&b.sides)
        ));
    };
    let numbers = volume(&sides)?;
    let axes = match numbers {
        0 => Vec::new(),
        _ => axes(&sides, [&a.sides, &b.sides]),
    };
    let joined = Joined {
        numbers,
        axes,
        function,
    };
    planner.add(sides, &[a, b], joined)
}

/// The sides of two tensors joined; none if they don't fit.
pub(super) fn joined_sides(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let sides = (0..rank).map(|axis| match [a, b].map(|own| side(own, rank, axis)) {
        [1, side] | [side, 1] => Some(side),
        [left, right] => (left == right).then_some(left),
    });
    sides.collect()
}

/// A side of a tensor that is padded to a rank with sides of 1 in front.
fn side(own: &[usize], rank: usize, axis: usize) -> usize {
    let missing = rank - own.len();
    axis.checked_sub(missing).map_or(1, |axis| own[axis])
}

/// A side of a result, with how far apart its neighbours are in both operands: 0 where they repeat.
#[derive(Clone, Copy)]
struct Axis {
    side: usize,
    strides: [usize; 2],
}

/// The sides to walk along, from the outermost: sides of 1 are left out, and neighbours that are
/// contiguous in both operands are merged. The result must not be empty.
fn axes(sides: &[usize], operands: [&[usize]; 2]) -> Vec<Axis> {
    let rank = sides.len();
    let mut strides = [1; 2];
    // From the innermost.
    let mut axes: Vec<Axis> = Vec::new();
    for axis in (0..rank).rev() {
        let own = operands.map(|operand| side(operand, rank, axis));
        let found = Axis {
            side: sides[axis],
            strides: std::array::from_fn(|i| if own[i] == 1 { 0 } else { strides[i] }),
        };
        for (stride, own) in strides.iter_mut().zip(own) {
            *stride *= own;
        }
        if found.side == 1 {
            continue;
        }
        match axes.last_mut() {
            Some(last) if continues(last, &found) => last.side *= found.side,
            _ => axes.push(found),
        }
    }
    axes.reverse();
    axes
}

/// Whether a side continues where the one inside it ends, in both operands.
fn continues(inner: &Axis, outer: &Axis) -> bool {
    let pairs = inner.strides.iter().zip(outer.strides);
    pairs.into_iter().all(|(stride, outer)| match stride {
        0 => outer == 0,
        stride => stride * inner.side == outer,
    })
}

struct Joined<F> {
    numbers: usize,
    axes: Vec<Axis>,
    function: F,
}

impl<F: Fn(f32, f32) -> f32 + Send + Sync> Kernel for Joined<F> {
    fn run(&self, operands: &[&[f32]]) -> Vec<f32> {
        let mut result = Vec::with_capacity(self.numbers);
        if self.numbers == 0 {
            return result;
        }
        let (a, b) = (operands[0], operands[1]);
        let Some((inner, outer)) = self.axes.split_last() else {
            return vec![(self.function)(a[0], b[0])];
        };
        let mut at = [0; 2];
        let mut places = vec![0; outer.len()];
        loop {
            self.row(&mut result, inner, &a[at[0]..], &b[at[1]..]);
            let mut axes = outer.iter().zip(&mut places).rev();
            let moved = axes.any(|(axis, place)| {
                *place += 1;
                let is_inside = *place < axis.side;
                for (at, stride) in at.iter_mut().zip(axis.strides) {
                    match is_inside {
                        true => *at += stride,
                        false => *at -= stride * (axis.side - 1),
                    }
                }
                if !is_inside {
                    *place = 0;
                }
                is_inside
            });
            if !moved {
                return result;
            }
        }
    }
}

impl<F: Fn(f32, f32) -> f32> Joined<F> {
    /// Adds the numbers along the innermost side.
    fn row(&self, result: &mut Vec<f32>, inner: &Axis, a: &[f32], b: &[f32]) {
        let function = &self.function;
        match inner.strides {
            [0, _] => result.extend(b[..inner.side].iter().map(|&b| function(a[0], b))),
            [_, 0] => result.extend(a[..inner.side].iter().map(|&a| function(a, b[0]))),
            _ => {
                let pairs = a[..inner.side].iter().zip(b);
                result.extend(pairs.map(|(&a, &b)| function(a, b)));
            }
        }
    }
}
