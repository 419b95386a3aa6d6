//! The text of a table in UTF-8, whatever its encoding.

use std::io::{BufRead, Cursor, Read};

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use encoding_rs_io::DecodeReaderBytesBuilder;

use crate::ReadError;

/// How much of a file its encoding is found out from, in bytes.
const SAMPLE: u64 = 1 << 20;

/// A text, and how it was encoded.
pub(super) struct Text {
    /// UTF-8 without a byte order mark. Of a file in UTF-8, the bytes as they are.
    pub(super) reader: Box<dyn Read + Send>,
    pub(super) encoding: &'static Encoding,
    /// Whether the encoding is a guess: nothing in the file says so.
    pub(super) is_guess: bool,
}

impl Text {
    /// Decodes a file by the given encoding, or by the one that it shows.
    ///
    /// # Errors
    /// [`ReadError`] if it can't be read, or isn't text.
    pub(super) fn of(
        name: &str,
        mut file: Box<dyn BufRead + Send>,
        given: Option<&'static Encoding>,
    ) -> Result<Self, ReadError> {
        let mut sample = Vec::new();
        let read = file.by_ref().take(SAMPLE).read_to_end(&mut sample);
        read.map_err(|source| ReadError::io(name, source))?;
        let not_text = || ReadError::NotText {
            file: name.to_owned(),
        };
        let marked = Encoding::for_bom(&sample);
        let (encoding, is_guess) = match (given, marked, by_zeros(&sample)) {
            (Some(encoding), ..) => (encoding, false),
            (None, Some((encoding, _)), _) => (encoding, false),
            (None, None, Some(encoding)) => (encoding, true),
            (None, None, None) if sample.contains(&0) => return Err(not_text()),
            (None, None, None) if is_utf8(&sample) => (UTF_8, false),
            (None, None, None) if is_windows_1252(&sample) => (WINDOWS_1252, true),
            (None, None, None) => return Err(not_text()),
        };
        let mark = match marked {
            Some((of_mark, bytes)) if of_mark == encoding => bytes,
            _ => 0,
        };
        let mut bytes = Cursor::new(sample);
        bytes.set_position(mark as u64);
        let bytes = bytes.chain(file);
        let reader: Box<dyn Read + Send> = if encoding == UTF_8 {
            Box::new(bytes)
        } else {
            let mut builder = DecodeReaderBytesBuilder::new();
            let builder = builder.encoding(Some(encoding)).bom_sniffing(false);
            Box::new(builder.build(bytes))
        };
        Ok(Self {
            reader,
            encoding,
            is_guess,
        })
    }
}

/// UTF-16 by its bytes of 0, which are every other one in most texts.
fn by_zeros(sample: &[u8]) -> Option<&'static Encoding> {
    let pairs = &sample[..sample.len().min(4096) & !1];
    let zeros = |offset: usize| {
        let bytes = pairs.iter().skip(offset).step_by(2);
        bytes.filter(|byte| **byte == 0).count()
    };
    let most = |zeros: usize| zeros * 5 > pairs.len() / 2 * 2;
    match (zeros(0), zeros(1)) {
        (0, low) if low > 0 && most(low) => Some(UTF_16LE),
        (high, 0) if high > 0 && most(high) => Some(UTF_16BE),
        _ => None,
    }
}

/// Whether a beginning is UTF-8; its last character may be cut off.
fn is_utf8(sample: &[u8]) -> bool {
    match std::str::from_utf8(sample) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && sample.len() as u64 == SAMPLE,
    }
}

/// Whether a text may be Windows-1252, which Latin-1 is a part of: it has no byte that means nothing.
fn is_windows_1252(sample: &[u8]) -> bool {
    let means_nothing = |byte: &u8| match byte {
        0x81 | 0x8d | 0x8f | 0x90 | 0x9d => true,
        b'\t' | b'\n' | b'\r' | 0x0c | 0x1a => false,
        byte => *byte < 0x20,
    };
    !sample.iter().any(means_nothing)
}
