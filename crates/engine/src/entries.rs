//! [`SeededEntries`], decrypted pseudo-random ciphertexts, each for one upload.

use veilcast_paillier::{CiphertextError, DecryptError, Plaintext, PublicKey, SecretKey};
use zeroize::Zeroizing;

/// How many are decrypted between two reports of progress.
const BETWEEN_REPORTS: usize = 256;

/// Consecutive ciphertexts of a seed, decrypted: a key's owner makes them ahead of time, so that a
/// [seeded](crate::Session::encrypt_seeded) upload takes one subtraction per ciphertext.
///
/// Secret, and for a single use: anyone who sees two uploads made with the same entries learns the
/// difference of their records. So entries can't be cloned, and encrypting consumes them. They are
/// wiped on drop.
///
/// ```compile_fail,E0382
/// # use veilcast_card::QuantizedRecord;
/// # use veilcast_engine::{SeededEntries, Session};
/// fn twice(session: &Session, records: &[QuantizedRecord], entries: SeededEntries) {
///     let _ = session.encrypt_seeded(records, entries);
///     let _ = session.encrypt_seeded(records, entries);
/// }
/// ```
pub struct SeededEntries {
    pub(crate) key_fingerprint: [u8; 32],
    pub(crate) seed: [u8; 32],
    pub(crate) first: u64,
    pub(crate) plaintexts: Vec<Plaintext>,
}

/// Entries as bytes, for an [`EntryStore`].
pub struct StoredEntries {
    /// The seed, which is public once an entry is used.
    pub seed: [u8; 32],
    /// The number of the first entry.
    pub first: u64,
    /// The entries one after another, each as a big-endian number of n's length. Secret.
    pub numbers: Zeroizing<Vec<u8>>,
}

/// Where entries are kept until they are used, such as a directory.
///
/// An entry that was taken must never be returned again: not by another process, and not after a
/// crash at any moment. So it is permanently removed before [`take`](Self::take) returns.
pub trait EntryStore {
    /// Why entries could not be kept or taken.
    type Error;

    /// Keeps entries of a seed that the store has not seen.
    ///
    /// # Errors
    /// They could not be kept; those that were may be returned later.
    fn add(&mut self, entries: StoredEntries) -> Result<(), Self::Error>;

    /// Removes this many consecutive entries of one seed and returns them, or none if there are
    /// fewer.
    ///
    /// # Errors
    /// They could not be permanently removed; then they must not be used, nor returned later.
    fn take(&mut self, count: usize) -> Result<Option<StoredEntries>, Self::Error>;
}

/// Why entries of a store can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError<E> {
    /// The store failed.
    #[error(transparent)]
    Store(E),
    /// The store returned something other than entries of the key.
    #[error("the pool of entries is damaged, or belongs to another key")]
    Damaged,
}

impl SeededEntries {
    /// `count` fresh entries under a seed from the operating system's generator.
    ///
    /// Costs one decryption each, spread over the cores.
    ///
    /// # Errors
    /// A fault in a decryption gives one opaque error.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn generate(key: &SecretKey, count: usize) -> Result<Self, DecryptError> {
        Self::generate_with(key, count, |_| ())
    }

    /// The same, and tells how many are made each time that some are.
    ///
    /// # Errors
    /// As [`generate`](Self::generate).
    ///
    /// # Panics
    /// As [`generate`](Self::generate).
    pub fn generate_with(
        key: &SecretKey,
        count: usize,
        mut on_progress: impl FnMut(usize),
    ) -> Result<Self, DecryptError> {
        let public = key.public_key();
        loop {
            let mut seed = [0; 32];
            getrandom::fill(&mut seed).expect("the operating system gives random bytes");
            match public.seeded_ciphertexts(&seed, 0, count) {
                Ok(ciphertexts) => {
                    let mut plaintexts = Vec::with_capacity(count);
                    for some in ciphertexts.chunks(BETWEEN_REPORTS) {
                        plaintexts.extend(key.decrypt_many(some)?);
                        on_progress(some.len());
                    }
                    return Ok(Self {
                        key_fingerprint: public.fingerprint(),
                        seed,
                        first: 0,
                        plaintexts,
                    });
                }
                // A seed that hits a factor of n: it does not occur, and another seed would help.
                Err(CiphertextError::NotAUnit) => {}
                Err(error) => unreachable!("a fresh seed has {count} ciphertexts: {error}"),
            }
        }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.plaintexts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.plaintexts.is_empty()
    }

    /// Removes the last `count` entries and returns them; none if there are fewer.
    pub fn split_off(&mut self, count: usize) -> Option<Self> {
        let left = self.len().checked_sub(count)?;
        Some(Self {
            key_fingerprint: self.key_fingerprint,
            seed: self.seed,
            first: self.first + left as u64,
            plaintexts: self.plaintexts.split_off(left),
        })
    }

    /// Puts the entries into a store.
    ///
    /// # Errors
    /// The store's.
    pub fn keep<S: EntryStore>(self, store: &mut S) -> Result<(), S::Error> {
        let mut numbers = Zeroizing::new(Vec::new());
        numbers.reserve_exact(self.plaintexts.iter().map(|m| 8 * m.limbs().len()).sum());
        for plaintext in &self.plaintexts {
            for limb in plaintext.limbs().iter().rev() {
                numbers.extend_from_slice(&limb.to_be_bytes());
            }
        }
        store.add(StoredEntries {
            seed: self.seed,
            first: self.first,
            numbers,
        })
    }

    /// Takes `count` entries of a key out of a store, or none if it has fewer.
    ///
    /// # Errors
    /// The store's, or one that says that the entries are not of this key.
    pub fn take<S: EntryStore>(
        store: &mut S,
        key: &PublicKey,
        count: usize,
    ) -> Result<Option<Self>, EntryError<S::Error>> {
        let Some(stored) = store.take(count).map_err(EntryError::Store)? else {
            return Ok(None);
        };
        let width = 8 * key.limbs();
        let is_in_range = stored.first.checked_add(count as u64).is_some();
        if !is_in_range || stored.numbers.len() != count * width {
            return Err(EntryError::Damaged);
        }
        let number = |bytes: &[u8]| {
            let limbs: Zeroizing<Vec<u64>> = Zeroizing::new(
                bytes
                    .rchunks_exact(8)
                    .map(|limb| u64::from_be_bytes(limb.try_into().expect("eight bytes")))
                    .collect(),
            );
            key.plaintext(&limbs).map_err(|_| EntryError::Damaged)
        };
        let plaintexts = stored.numbers.chunks_exact(width).map(number);
        Ok(Some(Self {
            key_fingerprint: key.fingerprint(),
            seed: stored.seed,
            first: stored.first,
            plaintexts: plaintexts.collect::<Result<_, _>>()?,
        }))
    }
}

impl std::fmt::Debug for SeededEntries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SeededEntries({} from {})", self.len(), self.first)
    }
}

impl std::fmt::Debug for StoredEntries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredEntries({} bytes)", self.numbers.len())
    }
}
