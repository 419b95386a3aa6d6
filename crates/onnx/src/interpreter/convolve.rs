//! Convolutions, as products of matrices: the weights times what the windows see.
//!
//! What they see is gathered for a panel of places at a time, so that it stays in the processor's
//! cache and takes little memory.

use super::attributes::Attributes;
use super::error::{Fault, malformed, shown, unsupported};
use super::limits::volume;
use super::plan::{Kernel, Planner};
use super::product::{COLUMNS, Rows};
use super::value::{Floats, Operand};
use super::windows::Windows;

/// A convolution of images with weights `[channels out, channels in of a group, height, width]`.
pub(super) fn convolve(
    planner: &mut Planner,
    x: &Floats,
    weights: &Floats,
    biases: Option<&Floats>,
    attributes: &mut Attributes<'_>,
) -> Result<Floats, Fault> {
    if x.sides.len() != 4 {
        return unsupported(format!("its input has the shape {}", shown(&x.sides)));
    }
    let wrong = || {
        malformed(format!(
            "its weights {} do not suit {}",
            shown(&weights.sides),
            shown(&x.sides)
        ))
    };
    let [outputs, depth, height, width] = weights.sides[..] else {
        return wrong();
    };
    let groups = usize::try_from(attributes.integer("group", 1)?).unwrap_or(0);
    let windows = Windows::over(x, attributes, Some([height, width]))?;
    let suits = [windows.rows.window, windows.columns.window] == [height, width]
        && groups > 0
        && depth.checked_mul(groups) == Some(windows.channels)
        && outputs.is_multiple_of(groups)
        && biases.is_none_or(|biases| biases.sides == [outputs]);
    if !suits {
        return wrong();
    }
    let (places, taps) = (windows.places(), windows.taps());
    let sides = vec![
        windows.records,
        outputs,
        windows.rows.places,
        windows.columns.places,
    ];
    volume(&sides)?;
    let budget = planner.budget();
    budget.take_products(&[windows.records, places, outputs, depth, taps])?;
    // The packed weights, a panel, and where its windows' pixels are.
    budget.take_numbers(&[outputs, depth, taps])?;
    budget.take_numbers(&[COLUMNS, depth, taps])?;
    budget.take_numbers(&[COLUMNS + 1, taps])?;
    let shape = Shape {
        windows,
        depth,
        groups,
        outputs: outputs / groups,
    };
    let mut operands = vec![x];
    operands.extend(biases);
    match &weights.numbers {
        Operand::Constant(numbers) => {
            let weights = shape.pack(numbers);
            planner.add(sides, &operands, Convolved { shape, weights })
        }
        Operand::Slot(_) => {
            operands.insert(0, weights);
            planner.add(sides, &operands, BothConvolved { shape })
        }
    }
}

struct Shape {
    windows: Windows,
    /// Channels that each output of a group sees.
    depth: usize,
    groups: usize,
    /// Outputs of each group.
    outputs: usize,
}

/// With constant weights: of an image, and maybe biases.
struct Convolved {
    shape: Shape,
    weights: Rows,
}

impl Kernel for Convolved {
    fn run(&self, operands: &[&[f32]]) -> Vec<f32> {
        let biases = operands.get(1).copied();
        self.shape.convolve(operands[0], &self.weights, biases)
    }
}

/// With weights that are computed too: of weights, an image, and maybe biases.
struct BothConvolved {
    shape: Shape,
}

impl Kernel for BothConvolved {
    fn run(&self, operands: &[&[f32]]) -> Vec<f32> {
        let weights = self.shape.pack(operands[0]);
        let biases = operands.get(2).copied();
        self.shape.convolve(operands[1], &weights, biases)
    }
}

impl Shape {
    /// Numbers of the weights of an output.
    fn inner(&self) -> usize {
        self.depth * self.windows.taps()
    }

    fn pack(&self, weights: &[f32]) -> Rows {
        Rows::pack(weights, self.outputs, self.inner())
    }

    /// For eight places at a time: finds where the windows see pixels, which is the same for all
    /// channels, gathers the pixels, and multiplies them by the weights of all outputs.
    fn convolve(&self, x: &[f32], weights: &Rows, biases: Option<&[f32]>) -> Vec<f32> {
        let places = self.windows.places();
        if self.windows.records == 0 || self.outputs == 0 {
            return Vec::new();
        }
        let (seen, given) = (self.depth * self.windows.pixels(), self.outputs * places);
        let groups = self.windows.records * self.groups;
        let mut result = vec![0.0; groups * given];
        let mut taps = Vec::new();
        let mut panel = vec![[0.0; COLUMNS]; self.inner()];
        for at in (0..places).step_by(COLUMNS) {
            let width = COLUMNS.min(places - at);
            if self.depth > 0 {
                self.aim(&mut taps, at, width);
            }
            for index in 0..groups {
                let group = index % self.groups;
                self.gather(&mut panel, &taps, &x[index * seen..][..seen]);
                let biases = biases.map(|biases| &biases[group * self.outputs..]);
                let out = &mut result[index * given..][..given];
                weights.multiply(group, &panel, biases, out, (places, at, width));
            }
        }
        result
    }

    /// Finds the pixels that the windows at `width` places from `first` see of a channel.
    fn aim(&self, taps: &mut Vec<Tap>, first: usize, width: usize) {
        let Windows { rows, columns, .. } = self.windows;
        let (row, column) = (first / columns.places, first % columns.places);
        // Then neighbouring places see neighbouring pixels, and only the ends may lie in padding.
        let is_row = columns.step == 1 && width == COLUMNS && column + width <= columns.places;
        taps.clear();
        for y in 0..rows.window {
            for x in 0..columns.window {
                let ends = [column, column + width - 1].map(|column| columns.pixel(column, x));
                taps.push(match (rows.pixel(row, y), ends) {
                    (Some(y), [Some(x), Some(_)]) if is_row => Tap::Row(y * columns.side + x),
                    _ => Tap::Pixels(std::array::from_fn(|i| {
                        let place = first + i;
                        let y = rows.pixel(place / columns.places, y);
                        let pixel = y.zip(columns.pixel(place % columns.places, x));
                        let pixel = pixel.map(|(y, x)| y * columns.side + x);
                        pixel
                            .filter(|_| i < width)
                            .map_or(PADDING, |pixel| pixel as u32)
                    })),
                });
            }
        }
    }

    /// Gathers what windows see of all channels.
    fn gather(&self, panel: &mut [[f32; COLUMNS]], taps: &[Tap], x: &[f32]) {
        if panel.is_empty() {
            return;
        }
        let pixels = self.windows.pixels();
        for (channel, panel) in panel.chunks_exact_mut(taps.len()).enumerate() {
            let seen = &x[channel * pixels..][..pixels];
            for (to, tap) in panel.iter_mut().zip(taps) {
                match tap {
                    &Tap::Row(first) => to.copy_from_slice(&seen[first..first + COLUMNS]),
                    Tap::Pixels(places) => {
                        let found = places.map(|place| seen.get(place as usize).copied());
                        *to = found.map(Option::unwrap_or_default);
                    }
                }
            }
        }
    }
}

/// Where the pixels of a channel are that one pixel of a window sees, at the places of a panel.
enum Tap {
    /// From this pixel on, one after another.
    Row(usize),
    /// At these pixels.
    Pixels([u32; COLUMNS]),
}

/// Beyond any image: values there are 0.
const PADDING: u32 = u32::MAX;
