//! A table that is written in parts, and continues where an interrupted run stopped.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};

use crate::failure::Hint as _;
use crate::files::{OutputFile, Readers};

/// CSV rows on their way to a file, kept in `FILE.partial` until they are complete.
///
/// The partial file begins with a line that says what the rows are made from, so that only the
/// same work continues it.
pub(crate) struct ResumableFile {
    path: PathBuf,
    partial: PathBuf,
    force: bool,
    file: File,
    /// Where the rows begin.
    start: u64,
}

/// The rows that an earlier run has left, including its header.
pub(crate) type Rows = Vec<csv::StringRecord>;

impl ResumableFile {
    /// Begins the file of this task, or continues it.
    ///
    /// The last of the existing rows is left out and will be written again: it may be cut short.
    pub(crate) fn open(path: &Path, force: bool, task: &str) -> anyhow::Result<(Self, Rows)> {
        // The same checks as for a file that is written at once.
        drop(OutputFile::create(path, force, Readers::Usual)?);
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let failed = || format!("can't use {}", partial.display());
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&partial)
            .with_context(failed)?;
        file.try_lock()
            .with_context(failed)
            .hint("is another run of the same command at work?")?;

        let mut first = String::new();
        BufReader::new(&file)
            .read_line(&mut first)
            .with_context(failed)?;
        let line = format!("# {task}\n");
        if first != line && !line.starts_with(&first) && !force {
            return Err(anyhow!(
                "{} was begun for other records, or another model",
                partial.display()
            ))
            .hint("remove it, or start again with --force");
        }
        let start = line.len() as u64;
        let rows = if first == line {
            let (rows, end) = whole_rows(&mut file, start).with_context(failed)?;
            file.set_len(end).with_context(failed)?;
            rows
        } else {
            file.set_len(0).with_context(failed)?;
            file.seek(SeekFrom::Start(0)).with_context(failed)?;
            file.write_all(line.as_bytes()).with_context(failed)?;
            Rows::new()
        };
        file.seek(SeekFrom::End(0)).with_context(failed)?;
        let resumable = Self {
            path: path.to_owned(),
            partial,
            force,
            file,
            start,
        };
        Ok((resumable, rows))
    }

    /// Where the rows are until then.
    pub(crate) fn partial(&self) -> &Path {
        &self.partial
    }

    /// Moves the complete rows to their own file, and removes the partial one.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        let failed = || format!("can't write {}", self.path.display());
        let mut whole = OutputFile::create(&self.path, self.force, Readers::Usual)?;
        self.file
            .seek(SeekFrom::Start(self.start))
            .and_then(|_| io::copy(&mut self.file, &mut whole))
            .with_context(failed)?;
        whole.finish()?;
        fs::remove_file(&self.partial)
            .with_context(|| format!("can't remove {}", self.partial.display()))
    }
}

impl Write for ResumableFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    /// Makes what was written survive a crash of the machine.
    fn flush(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// All rows from `start` on but the last, and where that begins.
fn whole_rows(file: &mut File, start: u64) -> io::Result<(Rows, u64)> {
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.read_to_end(&mut text)?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_slice());
    let (mut rows, mut ends) = (Rows::new(), vec![0]);
    let mut row = csv::StringRecord::new();
    // A row that can't be read was cut short.
    while let Ok(true) = reader.read_record(&mut row) {
        rows.push(row.clone());
        ends.push(reader.position().byte());
    }
    rows.pop();
    Ok((rows, start + ends[ends.len().saturating_sub(2)]))
}
