//! Key files: read with a limit, written whole or not at all.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use pyo3::PyErr;
use pyo3::prelude::*;
use veilcast_files::{OutputFile, Readers, WriteError};
use veilcast_paillier::{KeyFileError, PublicKey};
use zeroize::Zeroizing;

use crate::errors::Fault;

/// Longest key file, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

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

/// Writes a text file, whole or not at all.
pub(crate) fn write(path: &Path, overwrite: bool, readers: Readers, text: &str) -> PyResult<()> {
    let written = OutputFile::create(path, overwrite, readers).and_then(|file| {
        let text = Zeroizing::new(format!("{text}\n"));
        file.complete(text.as_bytes())
    });
    written.map_err(|error| match error {
        WriteError::Exists(_) => Fault::Exists(format!(
            "{error}: choose another name, or replace it with overwrite=True"
        ))
        .into(),
        WriteError::Write { source, .. } => with_path(path, source),
        other => Fault::Exists(other.to_string()).into(),
    })
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

/// Python's own exception for an error of the operating system, with the file's name.
fn with_path(path: &Path, error: io::Error) -> PyErr {
    let kind = error.kind();
    let text = format!("{}: {error}", path.display());
    io::Error::new(kind, text).into()
}
