//! Files of a pool of entries for seeded uploads.
//!
//! - No entry is given twice, whatever a damaged file says.
//! - What is given is as many entries as were asked for, each with the bytes of n.
//! - As many are left as there were, less those given; a file that turns out to be damaged gives none.
//! - Memory is in proportion to the file.
#![no_main]

use std::cell::LazyCell;
use std::collections::HashSet;
use std::fs;

use libfuzzer_sys::fuzz_target;
use veilcast_client::EntryDirectory;
use veilcast_engine::{EntryStore as _, SeededEntries};
use veilcast_fuzz::memory::{MIB, within};
use veilcast_fuzz::{file, fixed, seeds};
use veilcast_paillier::PublicKey;

thread_local! {
    static KEY: LazyCell<PublicKey> = LazyCell::new(|| fixed::key().public_key().clone());
}

fuzz_target!(
    init: seeds::write(made),
    |bytes: &[u8]| KEY.with(|key| check(bytes, key))
);

fn check(bytes: &[u8], key: &PublicKey) {
    let folder = file::empty_folder("pool");
    fs::write(folder.join("0011223344556677.entries"), bytes).expect("a file can be written");
    within(4 * bytes.len() + MIB, || {
        let mut pool = EntryDirectory::open(&folder, key).expect("the folder is there");
        let mut given = HashSet::new();
        for count in [2, 1, 3, 1] {
            let Ok(before) = pool.count() else { return };
            let Ok(taken) = pool.take(count) else { return };
            let Some(taken) = taken else {
                assert_eq!(pool.count().ok(), Some(before));
                continue;
            };
            assert_eq!(taken.numbers.len(), count * 8 * key.limbs());
            for entry in 0..count as u64 {
                assert!(given.insert((taken.seed, taken.first + entry)));
            }
            assert_eq!(pool.count().ok(), Some(before - count));
        }
        let _ = SeededEntries::take(&mut pool, key, 1);
    });
}

/// Files of some entries, one of them partly used.
fn made() -> Vec<Vec<u8>> {
    let key = fixed::key();
    let folder = file::empty_folder("made");
    let mut pool = EntryDirectory::open(&folder, key.public_key()).expect("the folder is there");
    let mut files = Vec::new();
    for used in [0, 3] {
        let entries = SeededEntries::generate(&key, 6).expect("no fault");
        entries.keep(&mut pool).expect("the folder can be written");
        if used > 0 {
            pool.take(used).expect("the folder can be written");
        }
        for file in fs::read_dir(&folder).expect("the folder is there") {
            let path = file.expect("a file").path();
            files.push(fs::read(&path).expect("it can be read"));
            fs::remove_file(&path).expect("it can be removed");
        }
    }
    files
}
