//! Model directories: read with all checks, written completely or not at all.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::names::{CARD_FILE, PUBLIC_PART_FILE, REPORT_FILE, SEALED_FILE, WEIGHTS_FILE};
use super::{Model, ModelError, Report};
use veilcast_card::{MAX_CARD_BYTES, MAX_FEATURES, MAX_PUBLIC_PART_BYTES};

const MAX_WEIGHTS_BYTES: u64 = 2 << 30;
const MAX_REPORT_BYTES: u64 = 16 << 20;
/// A ciphertext under the longest key for each feature, and one for the biases.
const MAX_SEALED_BYTES: u64 = 1024 * (MAX_FEATURES as u64 + 1);

/// Every file that a model directory may hold.
const FILES: [&str; 5] = [
    CARD_FILE,
    PUBLIC_PART_FILE,
    SEALED_FILE,
    WEIGHTS_FILE,
    REPORT_FILE,
];

impl Model {
    /// Reads a model directory and checks all of it: the card, the digests of the public part and of sealed weights, the weights'
    /// shapes and values, that they belong together, and the bounds, which are proven again.
    ///
    /// `report.json` may be missing; if it is there it must be this model's.
    ///
    /// # Errors
    /// [`ModelError`] names the file and what is wrong with it.
    pub fn load(directory: &Path) -> Result<Self, ModelError> {
        let card = read(directory, CARD_FILE, MAX_CARD_BYTES as u64)?;
        let weights = read(directory, WEIGHTS_FILE, MAX_WEIGHTS_BYTES)?;
        let public_part = read_if_there(directory, PUBLIC_PART_FILE, MAX_PUBLIC_PART_BYTES)?;
        let sealed = read_if_there(directory, SEALED_FILE, MAX_SEALED_BYTES)?;
        let model = Self::from_bytes(&card, &weights, public_part)?;
        let mut model = model.with_sealed_file(sealed)?;
        let report = read_if_there(directory, REPORT_FILE, MAX_REPORT_BYTES)?;
        model.report = report.map(|json| model.parse_report(&json)).transpose()?;
        Ok(model)
    }

    fn parse_report(&self, json: &[u8]) -> Result<Report, ModelError> {
        let report: Report = serde_json::from_slice(json).map_err(ModelError::Report)?;
        if report.card != self.card_digest() {
            return Err(ModelError::ReportMismatch { what: "card" });
        }
        if report.bounds != self.certificate {
            return Err(ModelError::ReportMismatch { what: "bounds" });
        }
        Ok(report)
    }

    /// Writes the model as a directory, which appears complete or not at all.
    ///
    /// The weights and the report are readable only by their owner. With `force` an existing model
    /// directory is replaced; anything else never is.
    ///
    /// # Errors
    /// [`ModelError`] as for [`check_destination`], or if writing fails; then the destination is
    /// unchanged.
    pub fn save(&self, directory: &Path, force: bool) -> Result<(), ModelError> {
        check_destination(directory, force)?;
        let failed = |source| ModelError::Io {
            action: "write",
            path: directory.to_owned(),
            source,
        };
        let weights = self.weights()?;
        let parent = parent(directory);
        fs::create_dir_all(parent).map_err(failed)?;
        let fresh = sibling(parent).map_err(failed)?;
        write(&fresh.path().join(CARD_FILE), self.card_json(), false).map_err(failed)?;
        if let Some(onnx) = &self.public_part {
            write(&fresh.path().join(PUBLIC_PART_FILE), onnx, false).map_err(failed)?;
        }
        if let Some(sealed) = &self.sealed {
            write(&fresh.path().join(SEALED_FILE), sealed, false).map_err(failed)?;
        }
        write(&fresh.path().join(WEIGHTS_FILE), &weights, true).map_err(failed)?;
        if let Some(report) = &self.report {
            let mut json = serde_json::to_vec_pretty(report).map_err(ModelError::Report)?;
            json.push(b'\n');
            write(&fresh.path().join(REPORT_FILE), &json, true).map_err(failed)?;
        }
        put_in_place(fresh, directory).map_err(failed)
    }
}

/// Checks, before work is spent on a model, that it could be saved in `directory`: that nothing
/// is there, or an empty directory, or, with `force`, a model directory.
///
/// # Errors
/// [`ModelError::Exists`], [`ModelError::NotADirectory`], [`ModelError::NotAModelDirectory`], or
/// [`ModelError::Io`].
pub fn check_destination(directory: &Path, force: bool) -> Result<(), ModelError> {
    let failed = |source| ModelError::Io {
        action: "read",
        path: directory.to_owned(),
        source,
    };
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(ModelError::NotADirectory {
                path: directory.to_owned(),
            });
        }
        Err(error) => return Err(failed(error)),
    };
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        if !force {
            return Err(ModelError::Exists {
                path: directory.to_owned(),
            });
        }
        if !FILES.iter().any(|known| name == *known) {
            return Err(ModelError::NotAModelDirectory {
                path: directory.to_owned(),
                entry: name.to_string_lossy().into_owned(),
            });
        }
    }
    Ok(())
}

fn parent(directory: &Path) -> &Path {
    match directory.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A new directory next to the destination, removed again unless it is kept.
fn sibling(parent: &Path) -> io::Result<tempfile::TempDir> {
    tempfile::Builder::new()
        .prefix(".model-")
        .tempdir_in(parent)
}

/// Renames `fresh` to `directory`. What was there before is moved aside first, and back if the
/// renaming fails.
fn put_in_place(fresh: tempfile::TempDir, directory: &Path) -> io::Result<()> {
    if directory.exists() {
        let aside = sibling(parent(directory))?;
        let old = aside.path().join("old");
        fs::rename(directory, &old)?;
        if let Err(error) = fs::rename(fresh.path(), directory) {
            fs::rename(&old, directory)?;
            return Err(error);
        }
    } else {
        fs::rename(fresh.path(), directory)?;
    }
    // It has been renamed: there is nothing left to remove.
    let _ = fresh.keep();
    Ok(())
}

fn write(path: &Path, bytes: &[u8], private: bool) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = private;
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Reads a file whose size is checked before it is read.
fn read(directory: &Path, name: &'static str, limit: u64) -> Result<Vec<u8>, ModelError> {
    let path: PathBuf = directory.join(name);
    let failed = |source| ModelError::Io {
        action: "read",
        path: path.clone(),
        source,
    };
    let file = fs::File::open(&path).map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len();
    if bytes > limit {
        return Err(ModelError::FileTooLarge {
            file: name,
            bytes,
            limit,
        });
    }
    let mut content = Vec::new();
    file.take(limit).read_to_end(&mut content).map_err(failed)?;
    Ok(content)
}

/// Reads a file that may be missing.
fn read_if_there(
    directory: &Path,
    name: &'static str,
    limit: u64,
) -> Result<Option<Vec<u8>>, ModelError> {
    match read(directory, name, limit) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(ModelError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
