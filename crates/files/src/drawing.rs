//! Fitting a picture of a drawing to the form of MNIST's images.
//!
//! MNIST's digits were scaled to fit a box of 20 × 20 pixels, keeping their proportions, and put
//! into 28 × 28 with their centre of mass in the middle, light on dark (LeCun et al.). Steps:
//!
//! 1. The ground is the median of the picture's rim, and must be plain there.
//! 2. The ink is whatever differs from it, towards dark or light, whichever goes further.
//!    Contrast is stretched so that the ground is 0 and the strongest ink 255; faint noise is 0.
//! 3. The ink's bounding box is scaled, and placed by its centre of mass.

use std::ops::Range;

use crate::grey::GreyImage;

/// Least difference between ground and ink, of 255.
const MIN_CONTRAST: u8 = 48;
/// How far the rim of a plain ground may differ from its median, as a part of the contrast.
const RIM_TOLERANCE: f32 = 0.35;
/// Share of the rim that may differ more, where a drawing runs over it.
const RIM_EXCEPTIONS: f32 = 0.1;
/// Largest share of a picture that can be ink.
const MAX_INK: f32 = 0.6;
/// The difference that counts as ink, as a part of the contrast.
const INK: f32 = 0.2;

/// A picture isn't a drawing on a plain ground.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DrawingError {
    /// No pixel differs enough from the ground.
    #[error("it is blank: its pixels differ by no more than {contrast} of 255 from its rim")]
    Blank {
        /// The largest difference found.
        contrast: u8,
    },
    /// The rim, or most of the picture, isn't of one brightness.
    #[error(
        "its background isn't plain; use dark ink on a light background, or light on dark, with nothing \
         else in the picture"
    )]
    Ground,
}

/// Fits a drawing to `(rows, columns)` in MNIST's form: 0 is the ground, 255 the strongest ink.
///
/// # Errors
/// [`DrawingError`] if the picture is blank, or its ground isn't plain.
pub fn fit_mnist(
    picture: &GreyImage,
    (rows, columns): (usize, usize),
) -> Result<GreyImage, DrawingError> {
    let ink = ink(picture)?;
    let (inked_rows, inked_columns) = bounding_box(&ink);
    let cropped = ink.cropped(inked_rows, inked_columns);
    let (box_width, box_height) = ((columns * 20 / 28).max(1), (rows * 20 / 28).max(1));
    let ratio = f64::min(
        box_width as f64 / cropped.width() as f64,
        box_height as f64 / cropped.height() as f64,
    );
    let side = |length: usize, most| ((length as f64 * ratio).round() as usize).clamp(1, most);
    let (width, height) = (
        side(cropped.width(), box_width),
        side(cropped.height(), box_height),
    );
    let scaled = cropped.resized(width, height);
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

/// The picture with the ground at 0 and the strongest ink at 255.
fn ink(picture: &GreyImage) -> Result<GreyImage, DrawingError> {
    let mut rim = rim(picture);
    rim.sort_unstable();
    let ground = rim[rim.len() / 2];
    let levels = picture.pixels().iter();
    let (low, high) = levels.fold((ground, ground), |(low, high), &level| {
        (low.min(level), high.max(level))
    });
    let dark_ink = ground - low > high - ground;
    let contrast = if dark_ink {
        ground - low
    } else {
        high - ground
    };
    if contrast < MIN_CONTRAST {
        return Err(DrawingError::Blank { contrast });
    }
    let tolerance = RIM_TOLERANCE * f32::from(contrast);
    let uneven = |level: &&u8| f32::from(level.abs_diff(ground)) > tolerance;
    if rim.iter().filter(uneven).count() as f32 > RIM_EXCEPTIONS * rim.len() as f32 {
        return Err(DrawingError::Ground);
    }
    let strength = |level: u8| {
        let towards_ink = if dark_ink {
            ground.saturating_sub(level)
        } else {
            level.saturating_sub(ground)
        };
        let strength = f32::from(towards_ink) / f32::from(contrast);
        let strength = if strength < INK { 0.0 } else { strength };
        (strength * 255.0).round() as u8
    };
    let ink: Vec<u8> = picture.pixels().iter().copied().map(strength).collect();
    if ink.iter().filter(|level| **level > 0).count() as f32 > MAX_INK * ink.len() as f32 {
        return Err(DrawingError::Ground);
    }
    Ok(GreyImage::new(picture.width(), ink))
}

/// The outermost pixels.
fn rim(picture: &GreyImage) -> Vec<u8> {
    let (right, bottom) = (picture.width() - 1, picture.height() - 1);
    let pixels = picture.places();
    let rim = pixels.filter(|(y, x, _)| *x == 0 || *y == 0 || *x == right || *y == bottom);
    rim.map(|(_, _, level)| level).collect()
}

/// The rows and columns that enclose every pixel other than 0; there is at least one.
fn bounding_box(ink: &GreyImage) -> (Range<usize>, Range<usize>) {
    let (mut left, mut top, mut right, mut bottom) = (usize::MAX, usize::MAX, 0, 0);
    for (y, x, _) in ink.places().filter(|(_, _, level)| *level > 0) {
        (left, top) = (left.min(x), top.min(y));
        (right, bottom) = (right.max(x), bottom.max(y));
    }
    (top..bottom + 1, left..right + 1)
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
