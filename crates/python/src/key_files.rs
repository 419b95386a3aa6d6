//! Key files: read with a limit, written whole or not at all.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use pyo3::PyErr;
use pyo3::prelude::*;
use tempfile::Builder;
use veilcast_paillier::{KeyFileError, PublicKey};
use zeroize::Zeroizing;

use crate::errors::Fault;

/// Longest key file, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// Who may read a file that is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Whomever the user's umask allows.
    Usual,
    /// Only the owner, from the first byte on.
    Owner,
}

/// The name of a key in its file, and for people: the start of its fingerprint.
pub(crate) fn name(key: &PublicKey) -> String {
    let mut name = "veilcast ".to_owned();
    for byte in &key.fingerprint()[..8] {
        // Writing to a string can't fail.
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// Reads a key file's text.
pub(crate) fn read(path: &Path) -> PyResult<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(MAX_BYTES as usize));
    let file = File::open(path).map_err(|error| with_path(path, error))?;
    match file.take(MAX_BYTES + 1).read_to_string(&mut text) {
        Ok(length) if length as u64 <= MAX_BYTES => Ok(text),
        Ok(_) => Err(not_a_key_file(path, "it is far longer than any key")),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(not_a_key_file(path, "it isn't text"))
        }
        Err(error) => Err(with_path(path, error)),
    }
}

/// Writes a text file next to its place, and gives it its name when it is complete.
pub(crate) fn write(path: &Path, overwrite: bool, readers: Readers, text: &str) -> PyResult<()> {
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => {
            let text = format!("{} exists and isn't a regular file", path.display());
            return Err(Fault::Exists(text).into());
        }
        Ok(_) if !overwrite => return Err(exists(path)),
        _ => {}
    }
    let mut builder = Builder::new();
    builder.prefix(".veilcast-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = if readers == Readers::Owner {
            0o600
        } else {
            0o666
        };
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = readers;
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    // The error's own text would name the file that was to be renamed.
    let failed = |error: io::Error| with_path(path, io::Error::from(error.kind()));
    let mut file = builder
        .tempfile_in(folder.unwrap_or(Path::new(".")))
        .map_err(failed)?;
    writeln!(file, "{text}").map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    let named = if overwrite {
        file.persist(path)
    } else {
        file.persist_noclobber(path)
    };
    match named {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(exists(path)),
        Err(error) => Err(failed(error.error)),
    }
}

/// A key file that holds no usable key.
pub(crate) fn unusable(path: &Path, error: KeyFileError) -> PyErr {
    match Fault::from(error) {
        Fault::KeyFile(text) => {
            Fault::KeyFile(format!("can't use the key file {}: {text}", path.display())).into()
        }
        other => other.into(),
    }
}

/// A public key where the secret one is needed.
pub(crate) fn public_where_secret(path: &Path) -> PyErr {
    let path = path.display();
    let text = format!(
        "{path} holds a public key, and a secret one is needed: read it with PublicKey.load, or give \
         the file that Key.save wrote"
    );
    Fault::KeyFile(text).into()
}

fn not_a_key_file(path: &Path, reason: &str) -> PyErr {
    Fault::KeyFile(format!("{} isn't a key file: {reason}", path.display())).into()
}

fn exists(path: &Path) -> PyErr {
    let path = path.display();
    let text =
        format!("{path} exists already: choose another name, or replace it with overwrite=True");
    Fault::Exists(text).into()
}

/// Python's own exception for an error of the operating system, with the file's name.
fn with_path(path: &Path, error: io::Error) -> PyErr {
    let kind = error.kind();
    let text = format!("{}: {error}", path.display());
    io::Error::new(kind, text).into()
}
