//! Files: read up to a limit, written completely or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tempfile::NamedTempFile;

use crate::failure::Hint as _;
use crate::interrupts::Scrap;

/// Who may read a file that is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Whomever the user's umask allows.
    Usual,
    /// Only the owner, from the first byte on.
    Owner,
}

/// A file being written next to its destination, which it replaces when it is finished.
///
/// If it is dropped before that, or the process is interrupted, nothing is left behind.
pub(crate) struct OutputFile {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
    force: bool,
    /// Until the file has its final name.
    _scrap: Scrap,
}

impl OutputFile {
    /// Begins a file, after checking that its place is free (or `force`) and writable.
    pub(crate) fn create(path: &Path, force: bool, readers: Readers) -> anyhow::Result<Self> {
        match fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() => {
                bail!("{} exists and isn't a regular file", path.display())
            }
            Ok(_) if !force => return Err(exists(path)),
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
        // The error's own text would name the file that was to be renamed.
        let made = Scrap::make(|| builder.tempfile_in(directory(path)), NamedTempFile::path);
        let (file, scrap) = made
            .map_err(|error| io::Error::from(error.kind()))
            .with_context(|| format!("can't write {}", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::new(file),
            force,
            _scrap: scrap,
        })
    }

    /// Gives the file its final name.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        let failed = || format!("can't write {}", self.path.display());
        let file = self
            .file
            .into_inner()
            .map_err(|error| error.into_error())
            .with_context(failed)?;
        file.as_file().sync_all().with_context(failed)?;
        let named = if self.force {
            file.persist(&self.path)
        } else {
            file.persist_noclobber(&self.path)
        };
        match named {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(exists(&self.path))
            }
            Err(error) => Err(error.error).with_context(failed),
        }
    }

    /// Writes a whole file.
    pub(crate) fn write(
        path: &Path,
        force: bool,
        readers: Readers,
        content: &[u8],
    ) -> anyhow::Result<()> {
        Self::create(path, force, readers)?.complete(content)
    }

    /// Writes the whole content and gives the file its final name.
    pub(crate) fn complete(mut self, content: &[u8]) -> anyhow::Result<()> {
        self.write_all(content)
            .with_context(|| format!("can't write {}", self.path.display()))?;
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

fn exists(path: &Path) -> anyhow::Error {
    Err::<(), _>(anyhow::anyhow!("{} exists already", path.display()))
        .hint("choose another name, or replace it with --force")
        .expect_err("it is an error")
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Reads a file of at most `limit` bytes.
pub(crate) fn read(path: &Path, limit: u64) -> anyhow::Result<Vec<u8>> {
    let failed = || format!("can't read {}", path.display());
    let file = File::open(path).with_context(failed)?;
    let length = file.metadata().with_context(failed)?.len();
    if length > limit {
        bail!(
            "{} has {length} bytes; at most {limit} are accepted",
            path.display()
        );
    }
    // One byte more makes it possible to notice that the file has grown, without moving what was
    // read.
    let mut content = Vec::with_capacity(length as usize + 1);
    file.take(limit)
        .read_to_end(&mut content)
        .with_context(failed)?;
    Ok(content)
}
