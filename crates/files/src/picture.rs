//! PNG files: one image a file.

use std::fs::File;
use std::io::BufReader;

use image::{DynamicImage, GrayImage, ImageFormat, ImageReader, Limits};

use super::ReadError;
use super::drawing::fit_mnist;
use veilcast_card::{Fit, Input, InputKind};

/// Longest side accepted, in pixels.
const MAX_SIDE: u32 = 8192;
/// Most memory a decoded image may take, in bytes.
const MAX_MEMORY: u64 = 256 << 20;

pub(super) fn read(
    input: &Input,
    name: &str,
    file: BufReader<File>,
) -> Result<Vec<f64>, ReadError> {
    let mut reader = ImageReader::with_format(file, ImageFormat::Png);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    let picture = reader.decode().map_err(|source| ReadError::Png {
        file: name.to_owned(),
        source,
    })?;
    let (rows, columns) = (picture.height() as usize, picture.width() as usize);
    match (input.kind, input.shape.as_slice()) {
        (InputKind::Image, &[r, c]) if (r, c) == (rows, columns) => Ok(values(&grey(&picture))),
        (InputKind::Image, &[r, c, _]) if (r, c) == (rows, columns) => {
            Ok(values(&picture.to_rgb8()))
        }
        (InputKind::Image, &[r, c]) if input.fit == Some(Fit::Mnist) => {
            let size = (r as u32, c as u32);
            let fitted = fit_mnist(&grey(&picture), size).map_err(|source| ReadError::Drawing {
                file: name.to_owned(),
                source,
            })?;
            Ok(values(&fitted))
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

/// Brightness, by the weights of ITU-R BT.709 in whole numbers, so that every client comes to the
/// same; what is transparent gets a ground that the rest stands out from.
fn grey(picture: &DynamicImage) -> GrayImage {
    let pixels = picture.to_rgba8();
    let brightness = |[red, green, blue, _]: [u8; 4]| {
        (2126 * u32::from(red) + 7152 * u32::from(green) + 722 * u32::from(blue) + 5000) / 10_000
    };
    let (mut bright, mut opaque) = (0_u64, 0_u64);
    for pixel in pixels.pixels() {
        let alpha = u64::from(pixel[3]);
        bright += u64::from(brightness(pixel.0)) * alpha;
        opaque += alpha;
    }
    let ground: u32 = if bright < opaque * 128 { 255 } else { 0 };
    GrayImage::from_fn(pixels.width(), pixels.height(), |x, y| {
        let pixel = pixels.get_pixel(x, y);
        let (light, alpha) = (brightness(pixel.0), u32::from(pixel[3]));
        image::Luma([((light * alpha + ground * (255 - alpha) + 127) / 255) as u8])
    })
}
