//! [`Segment`], a file with the entries of one seed.
//!
//! A header of 128 bytes, then one entry after another: n's bytes, and 16 bytes of a checksum over
//! the seed, the entry's number and the entry. A wrong entry would reveal its record to the
//! service, so no entry is used unchecked.
//!
//! | bytes | header |
//! |---|---|
//! | 0..16 | `veilcast-pool/1` and a line feed |
//! | 16..48 | the key's fingerprint |
//! | 48..80 | the seed |
//! | 80..88 | the number of the first entry, big-endian |
//! | 88..96 | the bytes of n, big-endian |
//! | 96..104 | the number of entries that are left, big-endian: entries after them are used |
//! | 104..128 | zeros |

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use veilcast_card::hex::Hex;
use veilcast_engine::StoredEntries;
use zeroize::Zeroizing;

/// The end of a file's name.
pub(super) const EXTENSION: &str = "entries";

const MAGIC: &[u8; 16] = b"veilcast-pool/1\n";
const HEADER: usize = 128;
/// Where the number of entries that are left is.
const LEFT: u64 = 96;
const CHECKSUM: usize = 16;

/// A locked file, and how much of it is unused.
pub(super) struct Segment {
    file: File,
    seed: [u8; 32],
    first: u64,
    width: usize,
    left: usize,
}

/// Why a file can't be used.
pub(super) enum SegmentError {
    File(io::Error),
    Damaged,
    OtherKey,
}

impl From<io::Error> for SegmentError {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl Segment {
    /// Writes entries as a new file, which appears complete or not at all.
    pub(super) fn create(
        directory: &Path,
        key_fingerprint: &[u8; 32],
        width: usize,
        entries: &StoredEntries,
    ) -> io::Result<()> {
        let numbers = entries.numbers.chunks_exact(width);
        let mut file = tempfile::Builder::new()
            .prefix(".new-")
            .tempfile_in(directory)?;
        let mut content = Zeroizing::new(Vec::with_capacity(
            HEADER + numbers.len() * (width + CHECKSUM),
        ));
        content.extend_from_slice(MAGIC);
        content.extend_from_slice(key_fingerprint);
        content.extend_from_slice(&entries.seed);
        content.extend_from_slice(&entries.first.to_be_bytes());
        content.extend_from_slice(&(width as u64).to_be_bytes());
        content.extend_from_slice(&(numbers.len() as u64).to_be_bytes());
        content.resize(HEADER, 0);
        for (index, number) in (entries.first..).zip(numbers) {
            content.extend_from_slice(number);
            content.extend_from_slice(&checksum(&entries.seed, index, number));
        }
        file.write_all(&content)?;
        file.as_file().sync_all()?;
        // The seed is unique, and becomes public; a part of it names the file.
        let name = Hex(&entries.seed[..8]).to_string();
        let path = directory.join(name).with_extension(EXTENSION);
        file.persist_noclobber(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Opens and locks a file; waits while another process has it.
    pub(super) fn open(
        path: &Path,
        key_fingerprint: &[u8; 32],
        width: usize,
    ) -> Result<Self, SegmentError> {
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
        if &header[..16] != MAGIC {
            return Err(SegmentError::Damaged);
        }
        if &header[16..48] != key_fingerprint || number(88) != width as u64 {
            return Err(SegmentError::OtherKey);
        }
        let kept = (length - HEADER as u64) / (width + CHECKSUM) as u64;
        let left = number(96);
        if left > kept || number(80).checked_add(left).is_none() {
            return Err(SegmentError::Damaged);
        }
        Ok(Self {
            seed: header[48..80].try_into().expect("32 bytes"),
            first: number(80),
            width,
            left: left as usize,
            file,
        })
    }

    /// The entries that are left.
    pub(super) fn count(&self) -> usize {
        self.left
    }

    /// Permanently removes the last `count` entries and returns them; none if there are fewer.
    pub(super) fn take(&mut self, count: usize) -> Result<Option<StoredEntries>, SegmentError> {
        let Some(left) = self.left.checked_sub(count) else {
            return Ok(None);
        };
        let stride = self.width + CHECKSUM;
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

        let first = self.first + left as u64;
        let mut numbers = Zeroizing::new(Vec::with_capacity(count * self.width));
        for (index, entry) in (first..).zip(bytes.chunks_exact(stride)) {
            let (number, sum) = entry.split_at(self.width);
            if sum != checksum(&self.seed, index, number) {
                return Err(SegmentError::Damaged);
            }
            numbers.extend_from_slice(number);
        }
        Ok(Some(StoredEntries {
            seed: self.seed,
            first,
            numbers,
        }))
    }
}

/// The checksum that distinguishes a damaged entry from an intact one.
fn checksum(seed: &[u8; 32], index: u64, number: &[u8]) -> [u8; CHECKSUM] {
    let digest = Sha256::new()
        .chain_update(seed)
        .chain_update(index.to_be_bytes())
        .chain_update(number)
        .finalize();
    *digest.first_chunk().expect("a digest of 32 bytes")
}
