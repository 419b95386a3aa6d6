//! What holds of requests and responses alike.

use std::fmt::Debug;

use serde_json::Deserializer;
use serde_json::value::RawValue;
use veilcast_protocol::{BinaryBody, DecodeError, Framing, Limits};

use crate::memory::{KIB, within};

/// How a message is read and written.
pub struct Form<T> {
    /// Reads it.
    pub decode: fn(&[u8], Framing, &Limits) -> Result<T, DecodeError>,
    /// Writes it as binary.
    pub to_binary: fn(&T) -> BinaryBody,
    /// Writes it as JSON.
    pub to_json: fn(&T) -> Vec<u8>,
}

/// The limits of a service and a client.
fn limits() -> Limits {
    Limits::new(1000, 8192)
}

/// Reads a body in every framing, and gives the message that a stored body is.
///
/// - A stored body and one with its header's length are the same message, or have the same fault.
/// - Any other length of the header is refused.
/// - A body of JSON alone is the same message as a stored one.
/// - What is read and written again, as JSON or binary, is the same message.
/// - Memory is in proportion to the body.
pub fn check<T: Debug + PartialEq>(body: &[u8], form: &Form<T>) -> Option<T> {
    let limits = limits();
    let memory = 8 * body.len() + 64 * KIB;
    let decode = |framing| within(memory, || (form.decode)(body, framing, &limits));
    let stored = decode(Framing::SelfDelimiting);
    let json = decode(Framing::Json);

    let mut values = Deserializer::from_slice(body).into_iter::<&RawValue>();
    if let Some(Ok(_)) = values.next() {
        let end = values.byte_offset();
        assert_eq!(decode(Framing::HeaderLength(end)), stored);
        for other in [0, end - 1, end + 1, usize::MAX] {
            assert!(decode(Framing::HeaderLength(other)).is_err());
        }
        if body[end..].is_empty() {
            assert_eq!(json, stored);
        }
    }
    for message in [&stored, &json].into_iter().flatten() {
        again(message, form);
    }
    stored.ok()
}

/// Writes a message and reads it back.
fn again<T: Debug + PartialEq>(message: &T, form: &Form<T>) {
    // JSON takes more than the binary form that may have come.
    let limits = Limits {
        max_body_bytes: usize::MAX,
        ..limits()
    };
    let read = |body: &[u8], framing| (form.decode)(body, framing, &limits);
    let binary = (form.to_binary)(message);
    let framed = Framing::HeaderLength(binary.header_length);
    assert_eq!(read(&binary.bytes, framed).as_ref(), Ok(message));
    let stored = read(&binary.bytes, Framing::SelfDelimiting);
    assert_eq!(stored.as_ref(), Ok(message));
    let json = read(&(form.to_json)(message), Framing::Json);
    assert_eq!(json.as_ref(), Ok(message));
}
