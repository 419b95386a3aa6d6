//! The elements of a tensor as base64 strings in JSON, flat or row by row.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::{ByteMatrix, DecodeError};

/// A matrix that is serialised as a flat array of base64 strings.
pub(super) struct Base64<'a>(pub(super) &'a ByteMatrix);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|element| STANDARD.encode(element)))
    }
}

/// The width of the elements of `data`, and the elements one after another.
pub(super) fn from_json(
    data: &str,
    shape: [usize; 2],
    width: Option<usize>,
    max_width: usize,
) -> Result<(usize, Vec<u8>), DecodeError> {
    let [rows, columns] = shape;
    let count = rows * columns;
    // Base64 is longer than the bytes that it encodes, so the text bounds the memory.
    let capacity = width
        .and_then(|width| width.checked_mul(count))
        .unwrap_or(0)
        .min(data.len());
    let mut elements = Elements {
        columns,
        count,
        width,
        max_width,
        read: 0,
        nested: None,
        bytes: Vec::with_capacity(capacity),
        fault: None,
    };
    let parsed = Level {
        elements: &mut elements,
        depth: 0,
    }
    .deserialize(&mut serde_json::Deserializer::from_str(data));
    if let Some(fault) = elements.fault {
        return Err(fault);
    }
    if parsed.is_err() {
        return Err(DecodeError::DataForm);
    }
    match elements.width {
        Some(width) if elements.read == count => Ok((width, elements.bytes)),
        _ => Err(DecodeError::ElementCount { expected: count }),
    }
}

/// The elements read so far, and what is known about those to come.
struct Elements {
    columns: usize,
    count: usize,
    width: Option<usize>,
    max_width: usize,
    read: usize,
    /// Whether there is an array for each row, once that is known.
    nested: Option<bool>,
    bytes: Vec<u8>,
    /// What was wrong, since the parser's own errors carry text only.
    fault: Option<DecodeError>,
}

impl Elements {
    fn push(&mut self, text: &str) -> Result<(), DecodeError> {
        let index = self.read;
        if index == self.count {
            return Err(DecodeError::ElementCount {
                expected: self.count,
            });
        }
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
        self.read += 1;
        Ok(())
    }
}

/// A place in `data`: 0 is the whole, 1 a row or an element of a flat array, 2 an element of a row.
struct Level<'e> {
    elements: &'e mut Elements,
    depth: u8,
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("base64 strings, flat or row by row")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        let nested = self.depth == 2;
        if self.depth == 0 || *self.elements.nested.get_or_insert(nested) != nested {
            return Err(E::custom("a string in the wrong place"));
        }
        self.elements.push(text).map_err(|fault| {
            self.elements.fault = Some(fault);
            E::custom("an unsound element")
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let misplaced = match self.depth {
            0 => false,
            1 => !*self.elements.nested.get_or_insert(true),
            _ => true,
        };
        if misplaced {
            return Err(A::Error::custom("an array in the wrong place"));
        }
        let before = self.elements.read;
        while let Some(()) = list.next_element_seed(Level {
            elements: &mut *self.elements,
            depth: self.depth + 1,
        })? {}
        if self.depth == 1 && self.elements.read - before != self.elements.columns {
            return Err(A::Error::custom("a row of the wrong length"));
        }
        Ok(())
    }
}
