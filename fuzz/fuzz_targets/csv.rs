//! CSV files of records, as a client reads them. See [`records::read`] for what holds.
//!
//! Rows are read one by one, so that memory doesn't grow with the file but with its longest row.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilcast_fuzz::memory::MIB;
use veilcast_fuzz::records;

fuzz_target!(|bytes: &[u8]| {
    let memory = 64 * bytes.len() + MIB;
    records::read(bytes, &records::numbers(), memory);
    records::read(bytes, &records::table(), memory);
    records::read(bytes, &records::image(&[2, 2], None), memory);
    let path = veilcast_fuzz::file::write("records", bytes);
    let _ = veilcast_files::column_names(&path, &Default::default());
});
