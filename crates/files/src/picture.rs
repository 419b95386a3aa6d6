//! PNG files: one image per file.

use std::fs::File;
use std::io::BufReader;

use png::{BitDepth, ColorType, Transformations};

use super::ReadError;
use super::drawing::fit_mnist;
use super::grey::GreyImage;
use veilcast_card::{Fit, Input, InputKind};

/// Longest side accepted, in pixels.
const MAX_SIDE: u32 = 8192;
/// Most memory a decoded image may take, in bytes.
const MAX_MEMORY: usize = 256 << 20;

/// A decoded image.
struct Picture {
    rows: usize,
    columns: usize,
    /// Red, green, blue and opacity of each pixel, row by row.
    pixels: Vec<[u8; 4]>,
}

pub(super) fn read(
    input: &Input,
    name: &str,
    file: BufReader<File>,
) -> Result<Vec<f64>, ReadError> {
    let picture = Picture::decode(file).map_err(|source| ReadError::Png {
        file: name.to_owned(),
        source,
    })?;
    let (rows, columns) = (picture.rows, picture.columns);
    match (input.kind, input.shape.as_slice()) {
        (InputKind::Image, &[r, c]) if input.fit == Some(Fit::Mnist) => {
            let fitted = fit_mnist(&picture.grey(), (r, c));
            let fitted = fitted.map_err(|source| ReadError::Drawing {
                file: name.to_owned(),
                source,
            })?;
            Ok(values(fitted.pixels()))
        }
        (InputKind::Image, &[r, c]) if (r, c) == (rows, columns) => {
            Ok(values(picture.grey().pixels()))
        }
        (InputKind::Image, &[r, c, _]) if (r, c) == (rows, columns) => {
            let colours = picture.pixels.iter().flat_map(|pixel| &pixel[..3]);
            Ok(colours.copied().map(f64::from).collect())
        }
        _ => Err(ReadError::Shape {
            file: name.to_owned(),
            found: format!("an image of {rows} rows and {columns} columns"),
            expected: format!("{:?}", input.shape),
        }),
    }
}

fn values(samples: &[u8]) -> Vec<f64> {
    samples.iter().copied().map(f64::from).collect()
}

impl Picture {
    /// Decodes the first image of a file; sizes are checked before memory is allocated.
    fn decode(file: BufReader<File>) -> Result<Self, png::DecodingError> {
        let limits = png::Limits { bytes: MAX_MEMORY };
        let mut decoder = png::Decoder::new_with_limits(file, limits);
        // Palettes, transparent colours and samples of fewer bits than eight become plain samples.
        decoder.set_transformations(Transformations::EXPAND);
        let mut reader = decoder.read_info()?;
        let (width, height) = reader.info().size();
        let too_large = || png::DecodingError::LimitsExceeded;
        if width.max(height) > MAX_SIDE {
            return Err(too_large());
        }
        let size = reader
            .output_buffer_size()
            .filter(|size| *size <= MAX_MEMORY);
        let mut samples = vec![0; size.ok_or_else(too_large)?];
        let frame = reader.next_frame(&mut samples)?;
        samples.truncate(frame.buffer_size());
        if frame.bit_depth == BitDepth::Sixteen {
            samples = samples.as_chunks().0.iter().map(|&s| narrowed(s)).collect();
        }
        Ok(Self {
            rows: frame.height as usize,
            columns: frame.width as usize,
            pixels: pixels(frame.color_type, &samples),
        })
    }

    /// Brightness, by the weights of ITU-R BT.709 in whole numbers, so that every client computes
    /// the same; transparent pixels get a ground that contrasts with the rest.
    fn grey(&self) -> GreyImage {
        let brightness = |[red, green, blue, _]: [u8; 4]| {
            (2126 * u32::from(red) + 7152 * u32::from(green) + 722 * u32::from(blue) + 5000)
                / 10_000
        };
        let (mut bright, mut opaque) = (0_u64, 0_u64);
        for &pixel in &self.pixels {
            let alpha = u64::from(pixel[3]);
            bright += u64::from(brightness(pixel)) * alpha;
            opaque += alpha;
        }
        let ground: u32 = if bright < opaque * 128 { 255 } else { 0 };
        let grey = |&pixel: &[u8; 4]| {
            let (light, alpha) = (brightness(pixel), u32::from(pixel[3]));
            ((light * alpha + ground * (255 - alpha) + 127) / 255) as u8
        };
        GreyImage::new(self.columns, self.pixels.iter().map(grey).collect())
    }
}

/// A sample of 16 bits, rounded to 8.
fn narrowed(sample: [u8; 2]) -> u8 {
    ((u32::from(u16::from_be_bytes(sample)) + 128) / 257) as u8
}

fn pixels(kind: ColorType, samples: &[u8]) -> Vec<[u8; 4]> {
    let opaque = u8::MAX;
    match kind {
        ColorType::Grayscale => samples.iter().map(|&l| [l, l, l, opaque]).collect(),
        ColorType::GrayscaleAlpha => {
            let pixels = samples.as_chunks().0.iter();
            pixels.map(|&[l, a]| [l, l, l, a]).collect()
        }
        // Palettes are expanded.
        ColorType::Rgb | ColorType::Indexed => {
            let pixels = samples.as_chunks().0.iter();
            pixels.map(|&[r, g, b]| [r, g, b, opaque]).collect()
        }
        ColorType::Rgba => samples.as_chunks().0.to_vec(),
    }
}
