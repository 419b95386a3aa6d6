//! [`OutputFile`]: a file that appears whole or not at all.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Who may read a file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Whomever the user's umask allows.
    Usual,
    /// Only the owner, from the first byte on.
    Owner,
}

/// Why a file wasn't written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// There is a file, which wasn't to be replaced.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// There is something else.
    #[error("{} exists and isn't a regular file", .0.display())]
    NotAFile(PathBuf),
    /// The operating system refused.
    #[error("can't write {}", path.display())]
    Write {
        /// The file's place.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A file being written next to its destination, which it replaces when it is finished.
///
/// If it is dropped before that, nothing is left behind.
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
    overwrite: bool,
}

impl OutputFile {
    /// Begins a file, after checking that its place is free (or `overwrite`) and writable.
    ///
    /// # Errors
    /// If there is something at that place that isn't to be replaced, or nothing can be written there.
    pub fn create(path: &Path, overwrite: bool, readers: Readers) -> Result<Self, WriteError> {
        match fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() => return Err(WriteError::NotAFile(path.into())),
            Ok(_) if !overwrite => return Err(WriteError::Exists(path.into())),
            _ => {}
        }
        let mut builder = tempfile::Builder::new();
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
        let file = builder
            .tempfile_in(directory(path))
            // The error's own text would name the file that was to be renamed.
            .map_err(|error| failed(path, io::Error::from(error.kind())))?;
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::new(file),
            overwrite,
        })
    }

    /// Where the file is until it is finished.
    pub fn temporary(&self) -> &Path {
        self.file.get_ref().path()
    }

    /// Gives the file its final name.
    ///
    /// # Errors
    /// If the rest can't be written, or there is a file by now that isn't to be replaced.
    pub fn finish(self) -> Result<(), WriteError> {
        let Self {
            path,
            file,
            overwrite,
        } = self;
        let file = file
            .into_inner()
            .map_err(|error| failed(&path, error.into_error()))?;
        let synced = file.as_file().sync_all();
        synced.map_err(|error| failed(&path, error))?;
        let named = if overwrite {
            file.persist(&path)
        } else {
            file.persist_noclobber(&path)
        };
        match named.map_err(|error| error.error) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(WriteError::Exists(path))
            }
            Err(error) => Err(failed(&path, error)),
        }
    }

    /// Writes the whole content and gives the file its final name.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn complete(mut self, content: &[u8]) -> Result<(), WriteError> {
        self.write_all(content)
            .map_err(|error| failed(&self.path, error))?;
        self.finish()
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn failed(path: &Path, source: io::Error) -> WriteError {
    let path = path.to_owned();
    WriteError::Write { path, source }
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
