//! Files: read up to a limit, written completely or not at all; `-` is standard input and output.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read, Write};
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use veilcast_files::{OutputFile as WholeFile, WriteError};
pub(crate) use veilcast_files::{Readers, STANDARD_INPUT};
use zeroize::Zeroizing;

use crate::failure::Hint as _;
use crate::interrupts::Scrap;
use crate::output::{self, Output, STANDARD_OUTPUT};

/// A file being written next to its destination, which it replaces when it is finished; or standard output, which gets the
/// whole content then.
///
/// If it is dropped before that, or the process is interrupted, nothing is left behind.
pub(crate) struct OutputFile(Place);

enum Place {
    File {
        file: WholeFile,
        /// Until the file has its final name.
        _scrap: Scrap,
    },
    Stdout(Zeroizing<Vec<u8>>),
}

impl OutputFile {
    /// Begins a file, after checking that its place is free (or `force`) and writable.
    pub(crate) fn create(path: &Path, force: bool, readers: Readers) -> anyhow::Result<Self> {
        if path == Path::new(STANDARD_OUTPUT) {
            let is_secret = matches!(readers, Readers::Owner);
            if is_secret && io::stdout().is_terminal() {
                return Err(anyhow!("what is secret isn't written to a terminal"))
                    .hint("name a file with --out, or pass it on with a pipe");
            }
            return Ok(Self(Place::Stdout(Zeroizing::default())));
        }
        let create = || WholeFile::create(path, force, readers);
        let (file, _scrap) = Scrap::make(create, WholeFile::temporary).map_err(failed)?;
        Ok(Self(Place::File { file, _scrap }))
    }

    /// Begins a file that isn't text.
    pub(crate) fn binary(path: &Path, force: bool) -> anyhow::Result<Self> {
        if path == Path::new(STANDARD_OUTPUT) && io::stdout().is_terminal() {
            return Err(anyhow!("what isn't text isn't written to a terminal"))
                .hint("name a file with --out, or pass it on with a pipe");
        }
        Self::create(path, force, Readers::Usual)
    }

    /// Gives the file its final name.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        match self.0 {
            Place::File { file, .. } => file.finish().map_err(failed),
            Place::Stdout(content) => output::print(&content),
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
    pub(crate) fn complete(self, content: &[u8]) -> anyhow::Result<()> {
        match self.0 {
            Place::File { file, .. } => file.complete(content).map_err(failed),
            Place::Stdout(_) => output::print(content),
        }
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Place::File { file, .. } => file.write(bytes),
            Place::Stdout(content) => content.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Place::File { file, .. } => file.flush(),
            Place::Stdout(_) => Ok(()),
        }
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

/// Reads a file of at most `limit` bytes, or standard input if the path is `-`.
pub(crate) fn read(path: &Path, limit: u64) -> anyhow::Result<Vec<u8>> {
    if path == Path::new(STANDARD_INPUT) {
        let content = read_to(io::stdin().lock(), limit, 0);
        let content = content.context("can't read standard input")?;
        if content.len() as u64 > limit {
            bail!("standard input has more than the {limit} bytes that are accepted");
        }
        return Ok(content);
    }
    let failed = || format!("can't read {}", path.display());
    let file = File::open(path).with_context(failed)?;
    let length = file.metadata().with_context(failed)?.len();
    if length > limit {
        bail!(
            "{} has {length} bytes; at most {limit} are accepted",
            path.display()
        );
    }
    let content = read_to(file, limit, length as usize).with_context(failed)?;
    if content.len() as u64 > limit {
        bail!(
            "{} has more than the {limit} bytes that are accepted",
            path.display()
        );
    }
    Ok(content)
}

/// Reads to the end, or to one byte more than the limit.
fn read_to(source: impl Read, limit: u64, expected: usize) -> io::Result<Vec<u8>> {
    // One byte more makes it possible to notice that a file has grown, without moving what was read.
    let mut content = Vec::with_capacity(expected + 1);
    source
        .take(limit.saturating_add(1))
        .read_to_end(&mut content)?;
    Ok(content)
}

/// Warns if others may read a file with a secret.
pub(crate) fn warn_of_readers(path: &Path, output: Output) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let others = |mode: u32| mode & 0o077 != 0;
        if let Ok(metadata) = path.metadata()
            && metadata.is_file()
            && others(metadata.permissions().mode())
        {
            let path = path.display();
            output.warn(format!(
                "{path} is secret, but others may read it too: protect it with chmod 600 {path}"
            ));
        }
    }
    #[cfg(not(unix))]
    let _ = (path, output);
}
