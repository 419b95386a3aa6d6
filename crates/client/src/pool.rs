//! [`EntryDirectory`], a pool of entries for seeded uploads, kept on disk.

use std::path::{Path, PathBuf};

use veilcast_engine::{EntryStore, PublicKey, StoredEntries};

use crate::store::{Kind, Label, Segment, Store, StoreError};

static ENTRIES: Kind = Kind {
    magic: b"veilcast-pool/1\n",
    extension: "entries",
};

/// A directory of [entries](veilcast_engine::SeededEntries) of one key, made ahead of time for seeded uploads.
///
/// No entry is handed out twice, however many processes take from the directory and whenever they end. (A file system that keeps
/// old blocks, as solid-state disks and snapshots do, may keep wiped ones too; and restoring the directory from a backup brings
/// used entries back, so don't.)
///
/// The entries are as secret as the records that they will hide.
#[derive(Debug)]
pub struct EntryDirectory {
    store: Store,
    key_fingerprint: [u8; 32],
    /// Bytes of an entry: those of n.
    width: usize,
}

impl EntryDirectory {
    /// The pool of a key in a directory, which is made if it is not there.
    ///
    /// # Errors
    /// The directory can't be made.
    pub fn open(path: impl Into<PathBuf>, key: &PublicKey) -> Result<Self, StoreError> {
        Ok(Self {
            store: Store::open(path.into(), &ENTRIES)?,
            key_fingerprint: key.fingerprint(),
            width: 8 * key.limbs(),
        })
    }

    /// The number of entries that are left, in all files.
    ///
    /// # Errors
    /// A file can't be read, is damaged, or belongs to another key.
    pub fn count(&self) -> Result<usize, StoreError> {
        let mut count = 0;
        for path in self.store.files()? {
            count += self.segment(&path)?.map_or(0, |segment| segment.count());
        }
        Ok(count)
    }

    /// A file of this key's entries; none if it is gone.
    fn segment(&self, path: &Path) -> Result<Option<Segment>, StoreError> {
        let Some(segment) = self.store.segment(path)? else {
            return Ok(None);
        };
        let label = segment.label();
        if label.key_fingerprint != self.key_fingerprint || label.width != self.width {
            let path = path.to_owned();
            return Err(StoreError::OtherKey { path });
        }
        Ok(Some(segment))
    }
}

impl EntryStore for EntryDirectory {
    type Error = StoreError;

    fn add(&mut self, entries: StoredEntries) -> Result<(), StoreError> {
        let label = Label {
            key_fingerprint: self.key_fingerprint,
            origin: entries.seed,
            first: entries.first,
            width: self.width,
            batch: [0; 24],
        };
        self.store.add(&label, &entries.numbers)
    }

    fn take(&mut self, count: usize) -> Result<Option<StoredEntries>, StoreError> {
        for path in self.store.files()? {
            let Some(mut segment) = self.segment(&path)? else {
                continue;
            };
            let seed = segment.label().origin;
            if let Some(taken) = Store::take(&path, &mut segment, count)? {
                return Ok(Some(StoredEntries {
                    seed,
                    first: taken.first,
                    numbers: taken.entries,
                }));
            }
        }
        Ok(None)
    }
}
