//! IDX files of images and labels, plain and gzipped. See [`records::read`] for what holds of files of records.
//!
//! - Images are as many as the file says, each of its size; labels are as many as images.
//! - Memory is in proportion to the unpacked file, which gzip packs into a thousandth at best.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilcast_files::idx::{Images, LabelledImages};
use veilcast_fuzz::memory::{MIB, within};
use veilcast_fuzz::records;

fuzz_target!(|bytes: &[u8]| {
    let is_packed = bytes.starts_with(b"\x1f\x8b");
    let most = if is_packed { 1032 } else { 1 } * bytes.len();
    let memory = 4 * most + MIB;
    let images = within(memory, || Images::from_bytes("images", bytes));
    if let Ok(images) = images {
        assert!(!images.is_empty());
        assert_eq!(images.iter().count(), images.len());
        let pixels = images.rows() * images.columns() * images.len();
        assert_eq!(images.pixels().len(), pixels);
    }
    // The same bytes as labels of one image.
    let one = b"\0\0\x08\x03\0\0\0\x01\0\0\0\x01\0\0\0\x01\x07";
    let labelled = within(memory, || {
        LabelledImages::from_bytes(("images", one), ("labels", bytes))
    });
    if let Ok(set) = labelled {
        assert_eq!(set.labels().len(), set.images().len());
    }
    if bytes.starts_with(b"\0\0") || is_packed {
        records::read(bytes, &records::image(&[2, 2], None), 16 * most + MIB);
    }
});
