//! NPY files: arrays saved by NumPy.

use std::fs::File;
use std::io::{self, BufRead, BufReader};

use npyz::{DType, Deserialize, NpyFile, NpyHeader, Order, TypeChar};

use crate::error::ReadError;
use crate::record::Source;
use veilcast_card::{Input, InputKind};

/// Longest header accepted, in bytes; NumPy writes 118 for an array of numbers.
const MAX_HEADER: usize = 4096;
/// Largest product of a header's numbers: sides of the array and bytes of an element.
const MAX_PRODUCT: u64 = 1 << 48;
/// What to do about elements of other types.
const AS_FLOATS: &str = "save it again as array.astype(\"float32\")";

type Numbers = Box<dyn Iterator<Item = io::Result<f64>> + Send>;

pub(super) fn read(
    input: &Input,
    name: &str,
    mut file: BufReader<File>,
    bytes: u64,
) -> Result<(Source, Option<u64>), ReadError> {
    let unusable = |problem: String| ReadError::Npy {
        file: name.to_owned(),
        problem,
    };
    let start = file
        .fill_buf()
        .map_err(|source| ReadError::io(name, source))?;
    let header_bytes = check_header(start).map_err(|problem| unusable(problem.into()))?;
    let header = NpyHeader::from_reader(&mut file).map_err(|error| unusable(error.to_string()))?;
    let (order, sides, strides) = (
        header.order(),
        header.shape().to_vec(),
        header.strides().to_vec(),
    );
    let size = header.dtype().num_bytes().unwrap_or_default() as u64;
    let expected = header.len() * size;
    let top = match input.kind {
        InputKind::Image => 255.0,
        InputKind::Table | InputKind::Array => 1.0,
    };
    // Only numbers have a size that says something.
    let mut numbers = numbers(header, file, top).map_err(unusable)?;
    let records = records(input, &sides).ok_or_else(|| ReadError::Shape {
        file: name.to_owned(),
        found: format!("an array of shape {sides:?}"),
        expected: format!("{:?}", input.shape),
    })?;
    let found = bytes.saturating_sub(header_bytes);
    if expected != found {
        return Err(unusable(format!(
            "its header announces {expected} bytes of content, but {found} follow"
        )));
    }
    let features = input.raw_features();
    let name = name.to_owned();
    let failed = move |source| ReadError::io(&name, source);
    if order == Order::C {
        let next = move |_| {
            let record: io::Result<Vec<f64>> = numbers.by_ref().take(features).collect();
            Ok(record.map_err(&failed)?.into())
        };
        return Ok((Box::new((0..records).map(next)), Some(records)));
    }
    // Column by column: a record's numbers are spread over the file.
    let stored: Vec<f64> = numbers.collect::<io::Result<_>>().map_err(failed)?;
    let record = move |record: u64| {
        let indices = record * features as u64..(record + 1) * features as u64;
        let numbers = indices.map(|index| stored[place(index, &sides, &strides)]);
        Ok(numbers.collect::<Vec<f64>>().into())
    };
    Ok((Box::new((0..records).map(record)), Some(records)))
}

/// Checks the header's length and numbers before the library interprets it, since the library would
/// follow nested brackets to any depth, and multiply the sides without a check. Returns its length.
fn check_header(start: &[u8]) -> Result<u64, &'static str> {
    let (preamble, length) = match start {
        [_, _, _, _, _, _, 1, _, low, high, ..] => {
            (10, usize::from(*low) | usize::from(*high) << 8)
        }
        [_, _, _, _, _, _, 2 | 3, _, a, b, c, d, ..] => {
            (12, u32::from_le_bytes([*a, *b, *c, *d]) as usize)
        }
        _ => return Err("its version isn't 1, 2 or 3"),
    };
    if length > MAX_HEADER {
        return Err("its header is too long");
    }
    let Some(header) = start.get(preamble..preamble + length) else {
        return Err("it ends within its header");
    };
    if header.iter().filter(|byte| b"([{".contains(byte)).count() > 2 {
        return Err("it isn't an array of plain numbers");
    }
    header
        .split(|byte| !byte.is_ascii_digit())
        .filter_map(|digits| {
            std::str::from_utf8(digits)
                .ok()
                .filter(|text| !text.is_empty())
        })
        .try_fold(1_u64, |product, digits| {
            product.checked_mul(digits.parse::<u64>().ok()?.max(1))
        })
        .filter(|product| *product <= MAX_PRODUCT)
        .ok_or("it announces more numbers than are accepted")?;
    Ok((preamble + length) as u64)
}

/// The number of records in an array, if its shape is the model's, with or without a leading
/// side of records. Sides of 1 don't matter: `[n, 1, 28, 28]` is as good as `[n, 28, 28]`.
fn records(input: &Input, shape: &[u64]) -> Option<u64> {
    let without_ones =
        |sides: &[u64]| -> Vec<u64> { sides.iter().copied().filter(|&side| side != 1).collect() };
    let sides: Vec<u64> = input.shape.iter().map(|&side| side as u64).collect();
    let accepted = [
        without_ones(&sides),
        without_ones(&[input.raw_features() as u64]),
    ];
    let fits = |sides: &[u64]| accepted.contains(&without_ones(sides));
    match shape {
        [records, record @ ..] if *records > 0 && !record.is_empty() && fits(record) => {
            Some(*records)
        }
        record if fits(record) => Some(1),
        _ => None,
    }
}

/// Where the number with this index, counted row by row, is in the file.
fn place(mut index: u64, sides: &[u64], strides: &[u64]) -> usize {
    let mut place = 0;
    for (side, stride) in sides.iter().zip(strides).rev() {
        place += index % side * stride;
        index /= side;
    }
    place as usize
}

/// The numbers of a file in stored order, whatever their type; `top` is what "true" is.
fn numbers(header: NpyHeader, file: BufReader<File>, top: f64) -> Result<Numbers, String> {
    let dtype = header.dtype();
    let DType::Plain(element) = &dtype else {
        return Err("it isn't an array of plain numbers".into());
    };
    let (kind, size) = (element.type_char(), element.size_field());
    let file = NpyFile::with_header(header, file);
    match (kind, size) {
        (TypeChar::Bool, 1) => each(file, move |x: bool| f64::from(u8::from(x)) * top),
        (TypeChar::Uint, 1) => each(file, |x: u8| x.into()),
        (TypeChar::Uint, 2) => each(file, |x: u16| x.into()),
        (TypeChar::Uint, 4) => each(file, |x: u32| x.into()),
        (TypeChar::Uint, 8) => each(file, |x: u64| x as f64),
        (TypeChar::Int, 1) => each(file, |x: i8| x.into()),
        (TypeChar::Int, 2) => each(file, |x: i16| x.into()),
        (TypeChar::Int, 4) => each(file, |x: i32| x.into()),
        (TypeChar::Int, 8) => each(file, |x: i64| x as f64),
        (TypeChar::Float, 4) => each(file, |x: f32| x.into()),
        (TypeChar::Float, 8) => each(file, |x: f64| x),
        (TypeChar::Object, _) => Err(format!(
            "its elements are objects of Python, which could be anything; {AS_FLOATS}"
        )),
        _ => Err(format!(
            "its elements are {}; booleans, integers, float32 and float64 are accepted; {AS_FLOATS}",
            dtype.descr()
        )),
    }
}

fn each<T>(
    file: NpyFile<BufReader<File>>,
    number: impl Fn(T) -> f64 + Send + 'static,
) -> Result<Numbers, String>
where
    T: Deserialize + 'static,
    npyz::NpyReader<T, BufReader<File>>: Send,
{
    let data = file.data::<T>().map_err(|error| error.to_string())?;
    Ok(Box::new(data.map(move |element| element.map(&number))))
}
