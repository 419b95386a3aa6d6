//! NPY files of records, as a client reads them. See [`records::read`] for what holds.
//!
//! A file in column order is read whole: eight bytes of memory for each that may be one number.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use veilcast_fuzz::memory::MIB;
use veilcast_fuzz::records;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    if !bytes.starts_with(b"\x93NUMPY") {
        return Corpus::Reject;
    }
    let memory = 32 * bytes.len() + MIB;
    records::read(bytes, &records::image(&[2, 2], None), memory);
    records::read(bytes, &records::numbers(), memory);
    Corpus::Keep
});
