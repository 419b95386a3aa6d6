//! Files: read up to a limit, written completely or not at all.

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::Path;

use anyhow::{Context as _, bail};
pub(crate) use veilcast_files::Readers;
use veilcast_files::{OutputFile as WholeFile, WriteError};

use crate::failure::Hint as _;
use crate::interrupts::Scrap;

/// A file being written next to its destination, which it replaces when it is finished.
///
/// If it is dropped before that, or the process is interrupted, nothing is left behind.
pub(crate) struct OutputFile {
    file: WholeFile,
    /// Until the file has its final name.
    _scrap: Scrap,
}

impl OutputFile {
    /// Begins a file, after checking that its place is free (or `force`) and writable.
    pub(crate) fn create(path: &Path, force: bool, readers: Readers) -> anyhow::Result<Self> {
        let create = || WholeFile::create(path, force, readers);
        let (file, _scrap) = Scrap::make(create, WholeFile::temporary).map_err(failed)?;
        Ok(Self { file, _scrap })
    }

    /// Gives the file its final name.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        self.file.finish().map_err(failed)
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
    pub(crate) fn complete(self, content: &[u8]) -> anyhow::Result<()> {
        self.file.complete(content).map_err(failed)
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

fn failed(error: WriteError) -> anyhow::Error {
    let exists = matches!(error, WriteError::Exists(_));
    let error = anyhow::Error::from(error);
    if !exists {
        return error;
    }
    Err::<(), _>(error)
        .hint("choose another name, or replace it with --force")
        .expect_err("it is an error")
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
