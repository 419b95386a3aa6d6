//! Bytes as a file, for parsers that read from one.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

/// Names the folder for files, preferably one in memory; the caller that set it removes it.
const VARIABLE: &str = "VEILCAST_FUZZ_FOLDER";

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let own = || std::env::temp_dir().join(format!("veilcast-fuzz-{}", std::process::id()));
    let folder = std::env::var_os(VARIABLE).map_or_else(own, PathBuf::from);
    fs::create_dir_all(&folder).expect("a folder can be made");
    folder
});

/// Writes a file of this name, which is overwritten the next time.
pub fn write(name: &str, bytes: &[u8]) -> PathBuf {
    let path = FOLDER.join(name);
    fs::write(&path, bytes).expect("a file can be written");
    path
}

/// An empty folder of this name.
pub fn empty_folder(name: &str) -> PathBuf {
    let path = FOLDER.join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder can be made");
    path
}
