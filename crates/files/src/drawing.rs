//! Bringing a picture of a drawing to the form of MNIST's images.
//!
//! MNIST's digits were scaled to fit a box of 20 × 20 pixels, keeping their proportions, and put
//! into 28 × 28 with their centre of mass in the middle, light on dark (LeCun et al.). Steps:
//!
//! 1. The ground is the median of the picture's rim, and must be plain there.
//! 2. The ink is whatever differs from it, towards dark or light, whichever goes further.
//!    Contrast is stretched so that the ground is 0 and the strongest ink 255; faint noise is 0.
//! 3. The ink's bounding box is scaled, and put down by its centre of mass.

use image::imageops::{self, FilterType};
use image::{GrayImage, Luma};

/// Least difference between ground and ink, of 255.
const MIN_CONTRAST: u8 = 48;
/// How far the rim of a plain ground may differ from its median, as a part of the contrast.
const RIM_TOLERANCE: f32 = 0.35;
/// Share of the rim that may differ more, where a drawing runs over it.
const RIM_EXCEPTIONS: f32 = 0.1;
/// Largest share of a picture that can be ink.
const MAX_INK: f32 = 0.6;
/// What counts as ink, as a part of the contrast.
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
        "its ground isn't plain; use dark ink on a light ground, or light on dark, with nothing \
         else in the picture"
    )]
    Ground,
}

/// Brings a drawing to `(rows, columns)` in MNIST's form: 0 is the ground, 255 the strongest ink.
///
/// # Errors
/// [`DrawingError`] if the picture is blank, or its ground isn't plain.
pub fn fit_mnist(
    picture: &GrayImage,
    (rows, columns): (u32, u32),
) -> Result<GrayImage, DrawingError> {
    let ink = ink(picture)?;
    let (left, top, width, height) = bounding_box(&ink);
    let cropped = imageops::crop_imm(&ink, left, top, width, height).to_image();
    let (box_width, box_height) = ((columns * 20 / 28).max(1), (rows * 20 / 28).max(1));
    let ratio = f64::min(
        f64::from(box_width) / f64::from(width),
        f64::from(box_height) / f64::from(height),
    );
    let side = |length: u32, limit| ((f64::from(length) * ratio).round() as u32).clamp(1, limit);
    let (width, height) = (side(width, box_width), side(height, box_height));
    let scaled = imageops::resize(&cropped, width, height, FilterType::Triangle);
    let (x, y) = centre_of_mass(&scaled);
    let offset = |size: u32, centre: f64, length: u32| {
        let start = (f64::from(size) / 2.0 - centre).round();
        start.clamp(0.0, f64::from(size - length)) as i64
    };
    let mut fitted = GrayImage::new(columns, rows);
    let (x, y) = (offset(columns, x, width), offset(rows, y, height));
    imageops::replace(&mut fitted, &scaled, x, y);
    Ok(fitted)
}

/// The picture with the ground at 0 and the strongest ink at 255.
fn ink(picture: &GrayImage) -> Result<GrayImage, DrawingError> {
    let mut rim = rim(picture);
    rim.sort_unstable();
    let ground = rim[rim.len() / 2];
    let (low, high) = picture
        .pixels()
        .fold((ground, ground), |(low, high), pixel| {
            (low.min(pixel[0]), high.max(pixel[0]))
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
        if strength < INK { 0.0 } else { strength }
    };
    let mut ink = picture.clone();
    ink.pixels_mut()
        .for_each(|pixel| *pixel = Luma([(strength(pixel[0]) * 255.0).round() as u8]));
    let inked = ink.pixels().filter(|pixel| pixel[0] > 0).count();
    if inked as f32 > MAX_INK * ink.len() as f32 {
        return Err(DrawingError::Ground);
    }
    Ok(ink)
}

/// The outermost pixels.
fn rim(picture: &GrayImage) -> Vec<u8> {
    let (right, bottom) = (picture.width() - 1, picture.height() - 1);
    picture
        .enumerate_pixels()
        .filter(|(x, y, _)| *x == 0 || *y == 0 || *x == right || *y == bottom)
        .map(|(_, _, pixel)| pixel[0])
        .collect()
}

/// Left, top, width and height of what isn't 0; there is something.
fn bounding_box(ink: &GrayImage) -> (u32, u32, u32, u32) {
    let (mut left, mut top, mut right, mut bottom) = (u32::MAX, u32::MAX, 0, 0);
    for (x, y, _) in ink.enumerate_pixels().filter(|(_, _, pixel)| pixel[0] > 0) {
        (left, top) = (left.min(x), top.min(y));
        (right, bottom) = (right.max(x), bottom.max(y));
    }
    (left, top, right - left + 1, bottom - top + 1)
}

/// The centre of mass, counted in pixels from the middle of the first. In MNIST's own images it
/// lies within half a pixel of (14, 14) counted so.
fn centre_of_mass(ink: &GrayImage) -> (f64, f64) {
    let (mut mass, mut x_sum, mut y_sum) = (0.0, 0.0, 0.0);
    for (x, y, pixel) in ink.enumerate_pixels() {
        let weight = f64::from(pixel[0]);
        mass += weight;
        x_sum += weight * f64::from(x);
        y_sum += weight * f64::from(y);
    }
    (x_sum / mass, y_sum / mass)
}
