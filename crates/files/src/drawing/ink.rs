//! Finding the ink of a digit in a picture of at most some hundred pixels a side, whatever the
//! light.
//!
//! 1. The ground at each pixel is the median of those around it: it follows gradients and keeps the
//!    edges of shadows, as long as less than half of what is around is ink.
//! 2. Ink is darker or lighter than the ground, whichever sum of cubed differences is greater.
//! 3. The ground is judged again, from nearer pixels that aren't ink.
//! 4. Pixels whose difference is two fifths of the greatest or more are strokes. [Ruled
//!    lines](super::ruled_lines) are taken out, then parts that are small beside the largest.
//! 5. Strokes and the pixels next to them are stretched so that the strokes' median is 255; all else
//!    is 0.
//!
//! Judging the ground from what isn't ink, after a first guess of the ink, is the approach of
//! Gatos, Pratikakis, Perantonis, "Adaptive degraded document image binarization", Pattern
//! Recognition 39 (2006).

use super::connected::{Part, euler_number, parts};
use super::error::DrawingError;
use super::local_median::{Skipped, local_medians};
use super::ruled_lines::remove_lines;
use crate::grey::{Area, GreyImage};

/// Least difference between ground and ink, of 255.
pub(super) const MIN_CONTRAST: u8 = 48;
/// One pixel in this many may differ more from the ground than the greatest difference that counts: a
/// reflection, a speck.
const OUTLIERS: usize = 300;
/// How far the pixels are that the ground is judged from at first, as a part of the longer side.
const FAR: usize = 4;
/// The least of that distance: half of one of MNIST's images.
const LEAST_FAR: usize = 14;
/// How far the pixels are that the ground is judged from again, as a part of the longer side.
const NEAR: usize = 8;
/// A part that has the largest one's area divided by more than this is a speck.
const SPECK: usize = 16;
/// A digit has no more parts than this.
const MAX_PARTS: usize = 6;
/// A digit encloses no more holes than this: two, and some that noise makes.
const MAX_HOLES: i64 = 12;

/// What was found.
pub(super) struct Ink {
    /// The ground at 0 and the ink up to 255.
    pub(super) ink: GreyImage,
    /// What encloses all ink.
    pub(super) area: Area,
}

/// Finds the ink of a single digit.
pub(super) fn find(picture: &GreyImage) -> Result<Ink, DrawingError> {
    let width = picture.width();
    let side = width.max(picture.height());
    let far = local_medians(picture, side.div_ceil(FAR).max(LEAST_FAR), None);
    let is_dark = is_ink_dark(picture, &far);
    let guess = differences(picture, &far, is_dark);
    let half = greatest(&guess);
    let guess = guess.iter().map(|&d| 2 * u16::from(d) >= u16::from(half));
    let skipped = Skipped {
        mask: &grown(&guess.collect::<Vec<_>>(), width),
        otherwise: &far,
    };
    let ground = local_medians(picture, side.div_ceil(NEAR).max(2), Some(&skipped));
    let found = differences(picture, &ground, is_dark);
    let contrast = greatest(&found);
    if contrast < MIN_CONTRAST {
        return Err(DrawingError::Blank { contrast });
    }
    let is_stroke = |&d: &u8| 5 * u16::from(d) >= 2 * u16::from(contrast);
    let mut strokes: Vec<bool> = found.iter().map(is_stroke).collect();
    remove_lines(&mut strokes, width);
    let digit = digit(&strokes, width)?;
    Ok(stretched(&found, &digit, width))
}

/// Whether ink is darker than the ground.
fn is_ink_dark(picture: &GreyImage, ground: &[u8]) -> bool {
    let pairs = picture.pixels().iter().zip(ground);
    let cubes = pairs.map(|(&pixel, &ground)| (i64::from(pixel) - i64::from(ground)).pow(3));
    cubes.sum::<i64>() < 0
}

/// How much each pixel differs from the ground towards ink.
fn differences(picture: &GreyImage, ground: &[u8], is_dark: bool) -> Vec<u8> {
    let pairs = picture.pixels().iter().zip(ground);
    let difference = |(&pixel, &ground): (&u8, &u8)| {
        if is_dark {
            ground.saturating_sub(pixel)
        } else {
            pixel.saturating_sub(ground)
        }
    };
    pairs.map(difference).collect()
}

/// The greatest value but for outliers.
fn greatest(values: &[u8]) -> u8 {
    quantile(values.to_vec(), values.len() / OUTLIERS)
}

/// The value that this number of greater or equal ones precede.
fn quantile(mut values: Vec<u8>, before: usize) -> u8 {
    values.sort_unstable();
    values[values.len() - 1 - before]
}

/// The strokes that make up a digit, without specks.
fn digit(strokes: &[bool], width: usize) -> Result<Vec<bool>, DrawingError> {
    let (labels, parts) = parts(strokes, width);
    let largest = parts.iter().map(|part| part.pixels).max();
    // Without any part there was nothing but ruled lines.
    let largest = largest.ok_or(DrawingError::Ground)?;
    let is_kept = |part: &Part| part.pixels * SPECK >= largest;
    let kept: Vec<&Part> = parts.iter().filter(|part| is_kept(part)).collect();
    let pixels: usize = kept.iter().map(|part| part.pixels).sum();
    let of_digit = |label: &Option<usize>| label.is_some_and(|label| is_kept(&parts[label]));
    let digit: Vec<bool> = labels.iter().map(of_digit).collect();
    let holes = kept.len() as i64 - euler_number(&digit, width);
    if 2 * pixels >= strokes.len() || kept.len() > MAX_PARTS || holes > MAX_HOLES {
        return Err(DrawingError::Ground);
    }
    if are_several(&kept) {
        return Err(DrawingError::Several);
    }
    Ok(digit)
}

/// Whether large parts lie beside or above each other.
fn are_several(parts: &[&Part]) -> bool {
    let areas = || parts.iter().map(|part| &part.area);
    let tallest = areas().map(Area::height).max().unwrap_or(0);
    let tall = || areas().filter(move |area| 2 * area.height() >= tallest);
    tall().any(|a| tall().any(|b| a.right <= b.left || a.bottom <= b.top))
}

/// The mask with all pixels that touch it.
fn grown(mask: &[bool], width: usize) -> Vec<bool> {
    let height = mask.len() / width;
    let mut grown = vec![false; mask.len()];
    for i in (0..mask.len()).filter(|&i| mask[i]) {
        let (x, y) = (i % width, i / width);
        let columns = x.saturating_sub(1)..width.min(x + 2);
        for row in y.saturating_sub(1)..height.min(y + 2) {
            grown[row * width..][columns.clone()].fill(true);
        }
    }
    grown
}

fn stretched(found: &[u8], digit: &[bool], width: usize) -> Ink {
    let inks = found.iter().zip(digit).filter(|(_, digit)| **digit);
    let inks: Vec<u8> = inks.map(|(&found, _)| found).collect();
    let middle = inks.len() / 2;
    let strong = i32::from(quantile(inks, middle));
    // 0 up to an eighth of the median.
    let stretch = |(&found, near): (&u8, bool)| {
        let rounded = 2 * 255 * (8 * i32::from(found) - strong) + 7 * strong;
        if near {
            rounded.div_euclid(14 * strong).clamp(0, 255) as u8
        } else {
            0
        }
    };
    let pixels = found.iter().zip(grown(digit, width)).map(stretch);
    let ink = GreyImage::new(width, pixels.collect());
    let inked = ink.places().filter(|(_, _, level)| *level > 0);
    let area = inked.map(|(y, x, _)| Area::of_pixel(x, y));
    Ink {
        area: area.reduce(Area::joined).unwrap_or_default(),
        ink,
    }
}
