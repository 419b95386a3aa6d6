//! Fitting a picture of a digit, such as a photo, to the form of MNIST's images.
//!
//! MNIST's digits were scaled to fit a box of 20 × 20 pixels, keeping their proportions, and put
//! into 28 × 28 with their centre of mass in the middle, light on dark (LeCun et al.). Steps:
//!
//! 1. The [ink](ink::find) is found, on a ground that is judged locally.
//! 2. Its bounding box is scaled, and placed by its centre of mass.
//!
//! Until the last step all numbers are whole, so that every client computes the same.

mod connected;
mod error;
mod ink;
mod local_median;
mod ruled_lines;

pub use error::DrawingError;

use crate::grey::{Area, GreyImage};
use ink::{Ink, MIN_CONTRAST};

/// The most pixels of a side that the ink is looked for in; of larger pictures, means are taken.
const MAX_SIDE: usize = 128;
/// The ground of a picture that is in MNIST's form already is no lighter than this.
const DARK: u8 = 32;

/// Fits a picture of a digit to `(rows, columns)` in MNIST's form: 0 is the ground, 255 the
/// strongest ink. One that has it already, light ink on a dark ground in the right size, is
/// returned as it is.
///
/// # Errors
/// [`DrawingError`] if the picture is blank, shows several digits or is too uneven to tell one from
/// the ground.
pub fn fit_mnist(
    picture: &GreyImage,
    (rows, columns): (usize, usize),
) -> Result<GreyImage, DrawingError> {
    if (picture.height(), picture.width()) == (rows, columns) && has_dark_ground(picture)? {
        return Ok(picture.clone());
    }
    let ink = closest(picture)?;
    let (box_width, box_height) = ((columns * 20 / 28).max(1), (rows * 20 / 28).max(1));
    let ratio = f64::min(
        box_width as f64 / ink.width() as f64,
        box_height as f64 / ink.height() as f64,
    );
    let side = |length: usize, most| ((length as f64 * ratio).round() as usize).clamp(1, most);
    let (width, height) = (side(ink.width(), box_width), side(ink.height(), box_height));
    let scaled = ink.resized(width, height);
    let (x, y) = centre_of_mass(&scaled);
    let offset = |size: usize, centre: f64, length: usize| {
        let start = (size as f64 / 2.0 - centre).round();
        start.clamp(0.0, (size - length) as f64) as usize
    };
    let (left, top) = (offset(columns, x, width), offset(rows, y, height));
    let mut fitted = vec![0; rows * columns];
    for (y, row) in scaled.pixels().chunks(width).enumerate() {
        fitted[(top + y) * columns + left..][..width].copy_from_slice(row);
    }
    Ok(GreyImage::new(columns, fitted))
}

/// Whether most of a picture is dark; an error if nothing on it is light.
fn has_dark_ground(picture: &GreyImage) -> Result<bool, DrawingError> {
    let mut levels = picture.pixels().to_vec();
    levels.sort_unstable();
    let (median, largest) = (levels[levels.len() / 2], levels[levels.len() - 1]);
    let contrast = largest - median;
    match (median <= DARK, contrast < MIN_CONTRAST) {
        (false, _) => Ok(false),
        (true, false) => Ok(true),
        (true, true) => Err(DrawingError::Blank { contrast }),
    }
}

/// The ink of a picture, cut out; a small digit is looked at again from near.
fn closest(picture: &GreyImage) -> Result<GreyImage, DrawingError> {
    let step = step_for(picture);
    let small = picture.reduced(step);
    let Ink { ink, area } = ink::find(&small)?;
    let longest = area.width().max(area.height());
    if step == 1 || 2 * longest >= small.width().max(small.height()) {
        return Ok(ink.cropped(&area));
    }
    let margin = longest.div_ceil(2);
    let near = picture.cropped(&Area {
        left: area.left.saturating_sub(margin) * step,
        top: area.top.saturating_sub(margin) * step,
        right: ((area.right + margin) * step).min(picture.width()),
        bottom: ((area.bottom + margin) * step).min(picture.height()),
    });
    let Ink { ink, area } = ink::find(&near.reduced(step_for(&near)))?;
    Ok(ink.cropped(&area))
}

/// The sides of the squares that means are taken of.
fn step_for(picture: &GreyImage) -> usize {
    picture.width().max(picture.height()).div_ceil(MAX_SIDE)
}

/// The centre of mass (x, y), counted in pixels from the middle of the first. In MNIST's own images
/// it lies within half a pixel of (14, 14) counted so.
fn centre_of_mass(ink: &GreyImage) -> (f64, f64) {
    let (mut mass, mut x_sum, mut y_sum) = (0.0, 0.0, 0.0);
    for (y, x, level) in ink.places() {
        let weight = f64::from(level);
        mass += weight;
        x_sum += weight * x as f64;
        y_sum += weight * y as f64;
    }
    (x_sum / mass, y_sum / mass)
}
