//! [`Store`], a directory of secrets that are each used once.

mod segment;

use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use self::segment::SegmentError;
pub(crate) use self::segment::{Kind, Label, Segment, Taken};

/// A directory with a file for each batch of entries, readable by its owner alone, from whose end entries are taken.
///
/// Before they are handed out, the file durably records that they are used, they are overwritten, and the file is cut. Whatever
/// happens in between, and however many processes take from the directory, no entry is handed out twice. (A file system that
/// keeps old blocks, as solid-state disks and snapshots do, may keep wiped ones too; and restoring the directory from a backup
/// brings used entries back, so don't.)
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    kind: &'static Kind,
}

/// Why secrets that are used once could not be kept or taken.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file or the directory can't be read or written.
    #[error("can't use the store at {}", path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },
    /// A file doesn't belong to a store of this kind, or is damaged.
    #[error("{} is damaged, or not a file of this kind of store: remove it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The directory holds what was made with another key.
    #[error("the store at {} was filled for another key: use a separate directory for each key", path.display())]
    OtherKey {
        /// The file.
        path: PathBuf,
    },
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.extension)
    }
}

impl Store {
    /// The store in a directory, which is made if it is not there.
    pub(crate) fn open(path: PathBuf, kind: &'static Kind) -> Result<Self, StoreError> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&path) {
            Ok(()) => Ok(Self { path, kind }),
            Err(source) => Err(StoreError::File { path, source }),
        }
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps entries, in a file of their own.
    pub(crate) fn add(&self, label: &Label, entries: &[u8]) -> Result<(), StoreError> {
        Segment::create(&self.path, self.kind, label, entries)
            .and_then(|()| sync_directory(&self.path))
            .map_err(at(&self.path))
    }

    /// The files, in an order that all processes share.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>, StoreError> {
        let list = || -> io::Result<Vec<PathBuf>> {
            let mut files = Vec::new();
            for file in fs::read_dir(&self.path)? {
                let path = file?.path();
                if path
                    .extension()
                    .is_some_and(|end| end == self.kind.extension)
                {
                    files.push(path);
                }
            }
            files.sort();
            Ok(files)
        };
        list().map_err(at(&self.path))
    }

    /// A file, locked against other processes until dropped; none if it is gone.
    pub(crate) fn segment(&self, path: &Path) -> Result<Option<Segment>, StoreError> {
        match Segment::open(path, self.kind) {
            Ok(segment) => Ok(Some(segment)),
            Err(SegmentError::File(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.of(path)),
        }
    }

    /// Removes the last `count` entries of a file for good and returns them; none if there are fewer. A file without entries is
    /// removed.
    pub(crate) fn take(
        path: &Path,
        segment: &mut Segment,
        count: usize,
    ) -> Result<Option<Taken>, StoreError> {
        let taken = segment.take(count).map_err(|error| error.of(path))?;
        if segment.count() == 0 {
            remove(path).map_err(at(path))?;
        }
        Ok(taken)
    }
}

impl SegmentError {
    fn of(self, path: &Path) -> StoreError {
        let path = path.to_owned();
        match self {
            Self::File(source) => StoreError::File { path, source },
            Self::Damaged => StoreError::Damaged { path },
        }
    }
}

/// The error of the operating system at a path.
fn at(path: &Path) -> impl Fn(io::Error) -> StoreError {
    |source| StoreError::File {
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
