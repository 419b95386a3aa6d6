//! PNG files of one image, as a client reads them. See [`records::read`] for what holds.
//!
//! A decoded image may take 256 MB, and is turned into red, green, blue and alpha, and these into grey.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use veilcast_card::Fit;
use veilcast_fuzz::memory::MIB;
use veilcast_fuzz::records;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    if !bytes.starts_with(b"\x89PNG") {
        return Corpus::Reject;
    }
    let memory = 1024 * MIB;
    for input in [
        records::image(&[28, 28], Some(Fit::Mnist)),
        records::image(&[1, 1], Some(Fit::Mnist)),
        records::image(&[2, 2, 3], None),
    ] {
        records::read(bytes, &input, memory);
    }
    Corpus::Keep
});
