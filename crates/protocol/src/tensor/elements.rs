//! The elements of a tensor in JSON: base64 strings or numbers, flat or row by row.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::{ByteMatrix, DecodeError, IntegerMatrix, IntegerType};

/// A matrix that is serialised as a flat array of base64 strings.
pub(super) struct Base64<'a>(pub(super) &'a ByteMatrix);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|element| STANDARD.encode(element)))
    }
}

/// The width of the base64 strings of `data`, and their bytes one after the other.
pub(super) fn bytes_from_json(
    data: &str,
    shape: [usize; 2],
    width: Option<usize>,
    max_width: usize,
) -> Result<(usize, Vec<u8>), DecodeError> {
    let [rows, columns] = shape;
    let expected = rows * columns;
    // Base64 is longer than the bytes that it encodes, so the text bounds the memory.
    let capacity = width
        .and_then(|width| width.checked_mul(expected))
        .unwrap_or(0)
        .min(data.len());
    let strings = Strings {
        width,
        max_width,
        bytes: Vec::with_capacity(capacity),
    };
    let strings = read(data, shape, strings)?;
    let width = strings
        .width
        .ok_or(DecodeError::ElementCount { expected })?;
    Ok((width, strings.bytes))
}

/// The numbers of `data`.
pub(super) fn integers_from_json(
    data: &str,
    shape: [usize; 2],
    datatype: IntegerType,
) -> Result<IntegerMatrix, DecodeError> {
    let [rows, columns] = shape;
    let numbers = Numbers {
        max: datatype.max(),
        // A number takes a character at least, so the text bounds the memory.
        values: Vec::with_capacity((rows * columns).min(data.len())),
    };
    let numbers = read(data, shape, numbers)?;
    Ok(IntegerMatrix::new(shape, datatype, numbers.values)?)
}

/// What elements become.
trait Elements {
    /// The fault of data of another form.
    const FORM: DecodeError;

    fn push(&mut self, index: usize, element: Element<'_>) -> Result<(), DecodeError>;
}

/// An element as JSON has it.
enum Element<'a> {
    Text(&'a str),
    Number(u64),
}

/// Base64 strings of one width.
struct Strings {
    width: Option<usize>,
    max_width: usize,
    bytes: Vec<u8>,
}

impl Elements for Strings {
    const FORM: DecodeError = DecodeError::DataForm;

    fn push(&mut self, index: usize, element: Element<'_>) -> Result<(), DecodeError> {
        let Element::Text(text) = element else {
            return Err(Self::FORM);
        };
        let found = text.trim_end_matches('=').len() * 3 / 4;
        let expected = self.width.unwrap_or(found.clamp(1, self.max_width));
        if found != expected {
            return Err(DecodeError::ElementWidth {
                index,
                expected,
                found,
            });
        }
        let start = self.bytes.len();
        if STANDARD.decode_vec(text, &mut self.bytes).is_err()
            || self.bytes.len() - start != expected
        {
            return Err(DecodeError::ElementEncoding { index });
        }
        self.width = Some(expected);
        Ok(())
    }
}

/// Numbers up to a largest one.
struct Numbers {
    max: u64,
    values: Vec<u64>,
}

impl Elements for Numbers {
    const FORM: DecodeError = DecodeError::IntegerForm;

    fn push(&mut self, _: usize, element: Element<'_>) -> Result<(), DecodeError> {
        match element {
            Element::Number(value) if value <= self.max => {
                self.values.push(value);
                Ok(())
            }
            Element::Number(_) | Element::Text(_) => Err(Self::FORM),
        }
    }
}

/// Reads exactly the elements of a shape.
fn read<E: Elements>(
    data: &str,
    [rows, columns]: [usize; 2],
    elements: E,
) -> Result<E, DecodeError> {
    let expected = rows * columns;
    let mut reader = Reader {
        columns,
        count: expected,
        read: 0,
        nested: None,
        elements,
        fault: None,
    };
    let parsed = Level {
        reader: &mut reader,
        depth: 0,
    }
    .deserialize(&mut serde_json::Deserializer::from_str(data));
    if let Some(fault) = reader.fault {
        return Err(fault);
    }
    if parsed.is_err() {
        return Err(E::FORM);
    }
    match reader.read == expected {
        true => Ok(reader.elements),
        false => Err(DecodeError::ElementCount { expected }),
    }
}

/// The elements read so far, and what is known about those to come.
struct Reader<E> {
    columns: usize,
    count: usize,
    read: usize,
    /// Whether there is an array for each row, once that is known.
    nested: Option<bool>,
    elements: E,
    /// What was wrong, since the parser's own errors carry text only.
    fault: Option<DecodeError>,
}

impl<E: Elements> Reader<E> {
    fn push(&mut self, element: Element<'_>) -> Result<(), DecodeError> {
        if self.read == self.count {
            return Err(DecodeError::ElementCount {
                expected: self.count,
            });
        }
        self.elements.push(self.read, element)?;
        self.read += 1;
        Ok(())
    }
}

/// A place in `data`: 0 is the whole, 1 a row or an element of a flat array, 2 an element of a row.
struct Level<'r, E> {
    reader: &'r mut Reader<E>,
    depth: u8,
}

impl<E: Elements> Level<'_, E> {
    fn element<F: Error>(self, element: Element<'_>) -> Result<(), F> {
        let nested = self.depth == 2;
        if self.depth == 0 || *self.reader.nested.get_or_insert(nested) != nested {
            return Err(F::custom("an element in the wrong place"));
        }
        self.reader.push(element).map_err(|fault| {
            self.reader.fault = Some(fault);
            F::custom("an unsound element")
        })
    }
}

impl<'de, E: Elements> DeserializeSeed<'de> for Level<'_, E> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, E: Elements> Visitor<'de> for Level<'_, E> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("elements, flat or row by row")
    }

    fn visit_str<F: Error>(self, text: &str) -> Result<(), F> {
        self.element(Element::Text(text))
    }

    fn visit_u64<F: Error>(self, number: u64) -> Result<(), F> {
        self.element(Element::Number(number))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let misplaced = match self.depth {
            0 => false,
            1 => !*self.reader.nested.get_or_insert(true),
            _ => true,
        };
        if misplaced {
            return Err(A::Error::custom("an array in the wrong place"));
        }
        let before = self.reader.read;
        while let Some(()) = list.next_element_seed(Level {
            reader: &mut *self.reader,
            depth: self.depth + 1,
        })? {}
        if self.depth == 1 && self.reader.read - before != self.reader.columns {
            return Err(A::Error::custom("a row of the wrong length"));
        }
        Ok(())
    }
}
