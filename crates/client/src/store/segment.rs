//! [`Segment`], a file of secrets that are each used once.
//!
//! A header of 128 bytes, then one entry after another: its bytes, and 16 bytes of a checksum over what binds it, its number and
//! itself. A wrong entry would show its record to the service, so no entry is used unchecked.
//!
//! | bytes | header |
//! |---|---|
//! | 0..16 | the kind of the entries, and a line feed |
//! | 16..48 | the key's fingerprint |
//! | 48..80 | a seed, or a card's digest |
//! | 80..88 | the number of the first entry, big-endian |
//! | 88..96 | the bytes of an entry, big-endian |
//! | 96..104 | the number of entries that are left, big-endian: entries after them are used |
//! | 104..128 | zeros, or a batch of vouchers (16 bytes) and their secret's id (8 bytes) |

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use veilcast_card::hex::Hex;
use zeroize::Zeroizing;

/// A kind of entries.
pub(crate) struct Kind {
    /// The beginning of a file.
    pub(crate) magic: &'static [u8; 16],
    /// The end of a file's name.
    pub(crate) extension: &'static str,
}

/// What a file says about its entries.
#[derive(Clone, Copy)]
pub(crate) struct Label {
    pub(crate) key_fingerprint: [u8; 32],
    /// The seed of entries, or the digest of the card that vouchers are for.
    pub(crate) origin: [u8; 32],
    /// The number of the first entry.
    pub(crate) first: u64,
    /// Bytes of an entry.
    pub(crate) width: usize,
    /// The batch of vouchers and their secret's id; zeros for others.
    pub(crate) batch: [u8; 24],
}

/// Entries that were taken, one after another, and the number of the first.
pub(crate) struct Taken {
    pub(crate) first: u64,
    pub(crate) entries: Zeroizing<Vec<u8>>,
}

const HEADER: usize = 128;
/// Where the number of entries that are left is.
const LEFT: u64 = 96;
const CHECKSUM: usize = 16;

/// A locked file, and how much of it is unused.
pub(crate) struct Segment {
    file: File,
    label: Label,
    left: usize,
}

/// Why a file can't be used.
pub(crate) enum SegmentError {
    File(io::Error),
    Damaged,
}

impl From<io::Error> for SegmentError {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl Label {
    /// What distinguishes a file's entries from all others: unique, and not secret once one of them is used.
    fn unique(&self) -> &[u8] {
        if self.batch == [0; 24] {
            &self.origin
        } else {
            &self.batch[..16]
        }
    }

    /// The checksum that distinguishes a damaged entry from an intact one.
    fn checksum(&self, index: u64, entry: &[u8]) -> [u8; CHECKSUM] {
        let digest = Sha256::new()
            .chain_update(self.unique())
            .chain_update(index.to_be_bytes())
            .chain_update(entry)
            .finalize();
        *digest.first_chunk().expect("a digest of 32 bytes")
    }
}

impl Segment {
    /// Writes entries as a new file, which appears whole or not at all.
    pub(crate) fn create(
        directory: &Path,
        kind: &Kind,
        label: &Label,
        entries: &[u8],
    ) -> io::Result<()> {
        let entries = entries.chunks_exact(label.width);
        let mut file = tempfile::Builder::new()
            .prefix(".new-")
            .tempfile_in(directory)?;
        let mut content = Zeroizing::new(Vec::with_capacity(
            HEADER + entries.len() * (label.width + CHECKSUM),
        ));
        content.extend_from_slice(kind.magic);
        content.extend_from_slice(&label.key_fingerprint);
        content.extend_from_slice(&label.origin);
        content.extend_from_slice(&label.first.to_be_bytes());
        content.extend_from_slice(&(label.width as u64).to_be_bytes());
        content.extend_from_slice(&(entries.len() as u64).to_be_bytes());
        content.extend_from_slice(&label.batch);
        for (index, entry) in (label.first..).zip(entries) {
            content.extend_from_slice(entry);
            content.extend_from_slice(&label.checksum(index, entry));
        }
        file.write_all(&content)?;
        file.as_file().sync_all()?;
        let name = Hex(&label.unique()[..8]).to_string();
        let path = directory.join(name).with_extension(kind.extension);
        file.persist_noclobber(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Opens and locks a file; waits while another process has it.
    pub(crate) fn open(path: &Path, kind: &Kind) -> Result<Self, SegmentError> {
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        file.lock()?;
        let mut header = [0; HEADER];
        let length = file.metadata()?.len();
        if length < HEADER as u64 {
            return Err(SegmentError::Damaged);
        }
        file.read_exact(&mut header)?;
        let number = |at: usize| {
            let bytes = header[at..at + 8].try_into().expect("eight bytes");
            u64::from_be_bytes(bytes)
        };
        let label = Label {
            key_fingerprint: header[16..48].try_into().expect("32 bytes"),
            origin: header[48..80].try_into().expect("32 bytes"),
            first: number(80),
            width: usize::try_from(number(88)).map_err(|_| SegmentError::Damaged)?,
            batch: header[104..].try_into().expect("24 bytes"),
        };
        let stride = label.width.checked_add(CHECKSUM);
        let stride = stride
            .filter(|_| label.width > 0)
            .ok_or(SegmentError::Damaged)?;
        let kept = (length - HEADER as u64) / stride as u64;
        let left = number(LEFT as usize);
        if &header[..16] != kind.magic || left > kept || label.first.checked_add(left).is_none() {
            return Err(SegmentError::Damaged);
        }
        Ok(Self {
            label,
            left: left as usize,
            file,
        })
    }

    /// What the file says about its entries.
    pub(crate) fn label(&self) -> &Label {
        &self.label
    }

    /// The entries that are left.
    pub(crate) fn count(&self) -> usize {
        self.left
    }

    /// Permanently removes the last `count` entries and returns them; none if there are fewer.
    pub(crate) fn take(&mut self, count: usize) -> Result<Option<Taken>, SegmentError> {
        let Some(left) = self.left.checked_sub(count) else {
            return Ok(None);
        };
        let width = self.label.width;
        let stride = width + CHECKSUM;
        let start = (HEADER + left * stride) as u64;
        let mut bytes = Zeroizing::new(vec![0; count * stride]);
        self.file.seek(SeekFrom::Start(start))?;
        self.file.read_exact(&mut bytes)?;

        // From here on they are used, even if the process ends now.
        self.file.seek(SeekFrom::Start(LEFT))?;
        self.file.write_all(&(left as u64).to_be_bytes())?;
        self.file.sync_data()?;
        self.left = left;
        // Wiped, then cut: what is left over from an earlier interruption goes with it.
        let end = self.file.seek(SeekFrom::End(0))?;
        self.file.seek(SeekFrom::Start(start))?;
        io::copy(
            &mut io::repeat(0).take(end.saturating_sub(start)),
            &mut self.file,
        )?;
        self.file.sync_data()?;
        self.file.set_len(start)?;

        let first = self.label.first + left as u64;
        let mut entries = Zeroizing::new(Vec::with_capacity(count * width));
        for (index, bytes) in (first..).zip(bytes.chunks_exact(stride)) {
            let (entry, sum) = bytes.split_at(width);
            if sum != self.label.checksum(index, entry) {
                return Err(SegmentError::Damaged);
            }
            entries.extend_from_slice(entry);
        }
        Ok(Some(Taken { first, entries }))
    }
}
