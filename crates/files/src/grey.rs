//! Grey images, cutting parts out of them, and resizing them.

/// A grey image: row by row from the top left, 0 (black) to 255 (white).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GreyImage {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl GreyImage {
    /// An image of `width` columns and as many rows as the pixels fill.
    ///
    /// # Panics
    /// If there are no pixels, or they don't fill whole rows.
    pub fn new(width: usize, pixels: Vec<u8>) -> Self {
        let is_whole = width > 0 && !pixels.is_empty() && pixels.len().is_multiple_of(width);
        assert!(is_whole, "pixels fill whole rows");
        Self {
            width,
            height: pixels.len() / width,
            pixels,
        }
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The number of rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The pixels, row by row.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Each pixel with its row and column.
    pub(crate) fn places(&self) -> impl Iterator<Item = (usize, usize, u8)> {
        let pixels = self.pixels.iter().enumerate();
        pixels.map(|(i, &pixel)| (i / self.width, i % self.width, pixel))
    }

    /// A part, with at least one pixel.
    pub(crate) fn cropped(&self, area: &Area) -> Self {
        let rows = area.top..area.bottom;
        let pixels = rows.flat_map(|y| &self.pixels[y * self.width..][area.left..area.right]);
        Self::new(area.width(), pixels.copied().collect())
    }

    /// The means of squares of `side` × `side` pixels, or of what is left of them at the right and
    /// the bottom.
    pub(crate) fn reduced(&self, side: usize) -> Self {
        let columns = self.width.div_ceil(side);
        let mut means = Vec::with_capacity(columns * self.height.div_ceil(side));
        for rows in self.pixels.chunks(side * self.width) {
            for left in (0..self.width).step_by(side) {
                let square = rows.chunks(self.width).flat_map(|row| {
                    let width = side.min(self.width - left);
                    row[left..][..width].iter().map(|&pixel| u64::from(pixel))
                });
                let (sum, count) =
                    square.fold((0, 0), |(sum, count), pixel| (sum + pixel, count + 1));
                means.push(((2 * sum + count) / (2 * count)) as u8);
            }
        }
        Self::new(columns, means)
    }

    /// The image in another size: first its rows, then its columns, each pixel a mean of those around
    /// it with weights that fall linearly (the triangle filter). Each step acts on 32-bit floats,
    /// in this order, so that every client computes the same pixels.
    pub(crate) fn resized(&self, width: usize, height: usize) -> Self {
        if (self.width, self.height) == (width, height) {
            return self.clone();
        }
        let mut tall = vec![0.0_f32; self.width * height];
        for (y, Mean { start, weights }) in means(self.height, height).enumerate() {
            for x in 0..self.width {
                let pixels = self.pixels[start * self.width + x..].iter();
                let pixels = pixels.step_by(self.width).map(|&pixel| f32::from(pixel));
                tall[y * self.width + x] = weighted(pixels, &weights);
            }
        }
        let mut pixels = vec![0; width * height];
        for (x, Mean { start, weights }) in means(self.width, width).enumerate() {
            for y in 0..height {
                let row = &tall[y * self.width + start..];
                let mean = weighted(row.iter().copied(), &weights);
                pixels[y * width + x] = mean.clamp(0.0, 255.0).round() as u8;
            }
        }
        Self::new(width, pixels)
    }
}

/// A part of an image; right and bottom are outside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) right: usize,
    pub(crate) bottom: usize,
}

impl Area {
    pub(crate) fn of_pixel(x: usize, y: usize) -> Self {
        Self {
            left: x,
            top: y,
            right: x + 1,
            bottom: y + 1,
        }
    }

    pub(crate) fn width(&self) -> usize {
        self.right - self.left
    }

    pub(crate) fn height(&self) -> usize {
        self.bottom - self.top
    }

    /// What encloses both.
    pub(crate) fn joined(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

/// Which pixels of a line a new one is the mean of, from `start` on.
struct Mean {
    start: usize,
    weights: Vec<f32>,
}

/// How a line of `from` pixels becomes one of `to` pixels.
fn means(from: usize, to: usize) -> impl Iterator<Item = Mean> {
    let ratio = from as f32 / to as f32;
    let reach = ratio.max(1.0);
    (0..to).map(move |i| {
        let middle = (i as f32 + 0.5) * ratio;
        let start = ((middle - reach).floor() as i64).clamp(0, from as i64 - 1) as usize;
        let end = ((middle + reach).ceil() as i64).clamp(start as i64 + 1, from as i64) as usize;
        let centre = middle - 0.5;
        let weight = |place: usize| {
            let distance = ((place as f32 - centre) / reach).abs();
            if distance < 1.0 { 1.0 - distance } else { 0.0 }
        };
        let mut weights: Vec<f32> = (start..end).map(weight).collect();
        let sum: f32 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        Mean { start, weights }
    })
}

fn weighted(values: impl Iterator<Item = f32>, weights: &[f32]) -> f32 {
    let products = values.zip(weights).map(|(value, weight)| value * weight);
    products.fold(0.0, |sum, product| sum + product)
}

#[cfg(test)]
mod tests {
    use image::imageops::{self, FilterType};

    use super::*;

    /// Some image, with single pixels, lines and ramps in it.
    fn some(width: usize, height: usize) -> GreyImage {
        let pixel = |i: usize| match i % 7 {
            0 => 255,
            1 | 2 => 0,
            _ => (i * i * 31 + i * 17) as u8,
        };
        GreyImage::new(width, (0..width * height).map(pixel).collect())
    }

    #[test]
    fn resized_images_are_those_of_another_implementation() {
        let sides = [1, 2, 3, 7, 20, 28, 61, 200];
        for (width, height) in sides.into_iter().flat_map(|w| sides.map(|h| (w, h))) {
            let ours = some(width, height);
            let theirs =
                image::GrayImage::from_raw(width as u32, height as u32, ours.pixels.clone());
            let theirs = theirs.unwrap();
            for (w, h) in [(1, 1), (20, 13), (5, 20), (20, 20), (64, 3)] {
                let expected = imageops::resize(&theirs, w, h, FilterType::Triangle);
                let found = ours.resized(w as usize, h as usize);
                assert_eq!(
                    found.pixels,
                    expected.into_raw(),
                    "{width}×{height} to {w}×{h}"
                );
            }
        }
    }
}
