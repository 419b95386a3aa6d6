//! Inputs to begin with that no fixture file holds, since they name a key or a card.

use std::fs;
use std::path::Path;

/// Names the folder that [`write`] writes to.
const VARIABLE: &str = "VEILCAST_FUZZ_SEEDS";

/// Writes inputs to the folder that the environment names, if it does.
pub fn write<I: IntoIterator<Item = Vec<u8>>>(make: impl FnOnce() -> I) {
    let Some(folder) = std::env::var_os(VARIABLE) else {
        return;
    };
    for (index, seed) in make().into_iter().enumerate() {
        let path = Path::new(&folder).join(format!("made-{index}"));
        fs::write(path, seed).expect("a seed can be written");
    }
}
