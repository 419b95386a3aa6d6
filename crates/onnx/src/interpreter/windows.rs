//! Where the windows of convolutions and pools are in images.

use std::ops::Range;

use super::attributes::Attributes;
use super::error::{Fault, malformed, shown, unsupported};
use super::limits::{MAX_NUMBERS, volume};
use super::value::Floats;

/// Images, and the windows that are moved over each of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
    pub(super) records: usize,
    pub(super) channels: usize,
    pub(super) rows: Axis,
    pub(super) columns: Axis,
}

/// A side of the images, and the windows along it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// Pixels.
    pub(super) side: usize,
    /// How many places the window has.
    pub(super) places: usize,
    /// Pixels from one place to the next.
    pub(super) step: usize,
    /// Pixels of padding before the image.
    pub(super) before: usize,
    /// Pixels that the window looks at, at each place.
    pub(super) window: usize,
    /// Pixels from one of them to the next.
    pub(super) spread: usize,
}

impl Windows {
    /// The windows over `x` that the attributes describe; `kernel` is their height and width where the
    /// attributes don't say.
    pub(super) fn over(
        x: &Floats,
        attributes: &mut Attributes<'_>,
        kernel: Option<[usize; 2]>,
    ) -> Result<Self, Fault> {
        let [records, channels, height, width] = x.sides[..] else {
            return unsupported(format!(
                "it takes images [records, channels, height, width], not {}",
                shown(&x.sides)
            ));
        };
        attributes.only_text("auto_pad", &["NOTSET", "VALID"])?;
        attributes.only_integer("ceil_mode", 0)?;
        let kernel = attributes.list("kernel_shape", kernel.unwrap_or([0, 0]), 1)?;
        let step = attributes.list("strides", [1, 1], 1)?;
        let spread = attributes.list("dilations", [1, 1], 1)?;
        let pads = attributes.list("pads", [0; 4], 0)?;
        if volume(&kernel)? == 0 {
            return malformed("its window has no pixels; it may lack its kernel_shape");
        }
        if pads.iter().any(|&pad| pad >= MAX_NUMBERS) {
            let problem = format!("its pads are {}, of at least {MAX_NUMBERS}", shown(&pads));
            return Err(Fault::TooLarge(problem));
        }
        let axis = |axis: usize, side: usize| Axis {
            side,
            places: 0,
            step: step[axis],
            before: pads[axis],
            window: kernel[axis],
            spread: spread[axis],
        };
        let placed = axis(0, height).placed(pads[2]);
        match placed.zip(axis(1, width).placed(pads[3])) {
            Some((rows, columns)) => Ok(Self {
                records,
                channels,
                rows,
                columns,
            }),
            None => malformed(format!(
                "its window of {} does not go into {}",
                shown(&kernel),
                shown(&x.sides)
            )),
        }
    }

    /// Pixels of a channel of an image.
    pub(super) fn pixels(&self) -> usize {
        self.rows.side * self.columns.side
    }

    /// Places that a window has on an image.
    pub(super) fn places(&self) -> usize {
        self.rows.places * self.columns.places
    }

    /// Pixels of a channel that a window looks at.
    pub(super) fn taps(&self) -> usize {
        self.rows.window * self.columns.window
    }
}

impl Axis {
    /// With as many places as there are up to the end of `after` pixels of padding; none if there is
    /// no place.
    fn placed(self, after: usize) -> Option<Self> {
        let reach = self.spread.checked_mul(self.window.checked_sub(1)?)?;
        let padded = self.before + self.side + after;
        let left = padded.checked_sub(reach.checked_add(1)?)?;
        Some(Self {
            places: left / self.step + 1,
            ..self
        })
    }

    /// The pixel that the `k`th of the window lies on; none if that is padding.
    pub(super) fn pixel(&self, place: usize, k: usize) -> Option<usize> {
        let pixel = (place * self.step + k * self.spread).checked_sub(self.before)?;
        (pixel < self.side).then_some(pixel)
    }

    /// Which pixels of the window lie on the image.
    pub(super) fn inside(&self, place: usize) -> Range<usize> {
        let start = place * self.step;
        let end = (self.before + self.side).saturating_sub(start);
        let end = self.count(end).min(self.window);
        self.count(self.before.saturating_sub(start)).min(end)..end
    }

    /// How many pixels of a window come before a distance from its first.
    fn count(&self, distance: usize) -> usize {
        match self.spread {
            1 => distance,
            spread => distance.div_ceil(spread),
        }
    }
}
