//! [`EntryDirectory`], a pool of entries for seeded uploads, kept on disk.

mod segment;

use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use veilcast_engine::{EntryStore, PublicKey, StoredEntries};

use self::segment::{Segment, SegmentError};

/// A directory of [entries](veilcast_engine::SeededEntries) of one key, made ahead of time for
/// seeded uploads.
///
/// Each seed has a file, readable only by its owner, and entries are taken from its end. Before
/// they are handed out, the file durably records that they are used, they are overwritten, and the
/// file is truncated: whatever happens in between, and however many processes take from the
/// directory, no entry is handed out twice. (A file system that keeps old blocks, as solid-state
/// disks and snapshots do, may keep wiped ones too; and restoring the directory from a backup
/// brings used entries back, so don't.)
///
/// The entries are as secret as the records that they will hide.
#[derive(Debug)]
pub struct EntryDirectory {
    path: PathBuf,
    key_fingerprint: [u8; 32],
    /// Bytes of an entry: those of n.
    width: usize,
}

/// Why entries could not be kept or taken.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EntryDirectoryError {
    /// A file or the directory can't be read or written.
    #[error("can't use the pool at {}", path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },
    /// A file doesn't belong to a pool, or is damaged.
    #[error("{} is damaged, or not a file of a pool: remove it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The directory holds entries of another key.
    #[error("the pool at {} was filled for another key: use a separate directory for each key", path.display())]
    OtherKey {
        /// The file with other entries.
        path: PathBuf,
    },
}

impl EntryDirectory {
    /// The pool of a key in a directory, which is created if it doesn't exist.
    ///
    /// # Errors
    /// The directory can't be created.
    pub fn open(path: impl Into<PathBuf>, key: &PublicKey) -> Result<Self, EntryDirectoryError> {
        let path = path.into();
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&path) {
            Ok(()) => Ok(Self {
                key_fingerprint: key.fingerprint(),
                width: 8 * key.limbs(),
                path,
            }),
            Err(source) => Err(EntryDirectoryError::File { path, source }),
        }
    }

    /// The number of entries that are left, in all files.
    ///
    /// # Errors
    /// A file can't be read, is damaged, or belongs to another key.
    pub fn count(&self) -> Result<usize, EntryDirectoryError> {
        let mut count = 0;
        for path in self.files()? {
            count += self.segment(&path)?.map_or(0, |segment| segment.count());
        }
        Ok(count)
    }

    /// The files with entries, in an order that all processes share.
    fn files(&self) -> Result<Vec<PathBuf>, EntryDirectoryError> {
        let list = || -> io::Result<Vec<PathBuf>> {
            let mut files = Vec::new();
            for file in fs::read_dir(&self.path)? {
                let path = file?.path();
                if path
                    .extension()
                    .is_some_and(|end| end == segment::EXTENSION)
                {
                    files.push(path);
                }
            }
            files.sort();
            Ok(files)
        };
        list().map_err(self::at(&self.path))
    }

    /// A file's entries, locked against other processes until dropped; none if the file is gone.
    fn segment(&self, path: &Path) -> Result<Option<Segment>, EntryDirectoryError> {
        match Segment::open(path, &self.key_fingerprint, self.width) {
            Ok(segment) => Ok(Some(segment)),
            Err(SegmentError::File(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.of(path)),
        }
    }
}

impl EntryStore for EntryDirectory {
    type Error = EntryDirectoryError;

    fn add(&mut self, entries: StoredEntries) -> Result<(), EntryDirectoryError> {
        Segment::create(&self.path, &self.key_fingerprint, self.width, &entries)
            .and_then(|()| sync_directory(&self.path))
            .map_err(at(&self.path))
    }

    fn take(&mut self, count: usize) -> Result<Option<StoredEntries>, EntryDirectoryError> {
        for path in self.files()? {
            let Some(mut segment) = self.segment(&path)? else {
                continue;
            };
            let taken = segment.take(count).map_err(|error| error.of(&path))?;
            if segment.count() == 0 {
                remove(&path).map_err(at(&path))?;
            }
            if taken.is_some() {
                return Ok(taken);
            }
        }
        Ok(None)
    }
}

impl SegmentError {
    fn of(self, path: &Path) -> EntryDirectoryError {
        let path = path.to_owned();
        match self {
            Self::File(source) => EntryDirectoryError::File { path, source },
            Self::Damaged => EntryDirectoryError::Damaged { path },
            Self::OtherKey => EntryDirectoryError::OtherKey { path },
        }
    }
}

/// The error of the operating system at a path.
fn at(path: &Path) -> impl Fn(io::Error) -> EntryDirectoryError {
    |source| EntryDirectoryError::File {
        path: path.to_owned(),
        source,
    }
}

/// Removes a file, unless another process was faster.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Makes a new file's name durable, where directories can be synchronised.
fn sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(path)?.sync_all()?;
    }
    Ok(())
}
