//! [`VoucherDirectory`], vouchers kept on disk until records need them.

mod fill;

use std::path::{Path, PathBuf};

use veilcast_card::{Card, CardDigest, chain};
use veilcast_engine::{PublicKey, StoredVouchers, VoucherSource, Vouchers};
use veilcast_protocol::{BatchId, KeyFingerprint, VoucherSecretId};

pub use self::fill::{Filled, Filler};
use crate::store::{Kind, Label, Segment, Store, StoreError};

static VOUCHERS: Kind = Kind {
    magic: b"veilcast-vouch1\n",
    extension: "vouchers",
};

/// A directory of [vouchers](Vouchers) made with one key, for any models.
///
/// No voucher is handed out twice, however many processes take from the directory and whenever they end. (A file system that
/// keeps old blocks, as solid-state disks and snapshots do, may keep wiped ones too; and restoring the directory from a backup
/// brings used vouchers back, so don't.)
///
/// Vouchers are as secret as the records that they will mask.
#[derive(Debug)]
pub struct VoucherDirectory {
    store: Store,
    key: KeyFingerprint,
}

/// The vouchers in a directory, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VoucherCount {
    /// Those for a card.
    pub good: usize,
    /// Those for other cards: of other models, or of other versions.
    pub others: usize,
}

impl VoucherDirectory {
    /// The vouchers of a key in a directory, which is made if it is not there.
    ///
    /// # Errors
    /// The directory can't be made.
    pub fn open(path: impl Into<PathBuf>, key: &PublicKey) -> Result<Self, StoreError> {
        Ok(Self {
            store: Store::open(path.into(), &VOUCHERS)?,
            key: KeyFingerprint::of(&key.modulus()),
        })
    }

    /// Keeps vouchers.
    ///
    /// # Errors
    /// They could not be kept.
    pub fn add(&self, vouchers: Vouchers) -> Result<(), StoreError> {
        for stored in vouchers.into_stored() {
            let mut batch = [0; 24];
            batch[..16].copy_from_slice(stored.batch.as_bytes());
            batch[16..].copy_from_slice(stored.secret.as_bytes());
            let label = Label {
                key_fingerprint: *stored.key.as_bytes(),
                origin: *stored.card.as_bytes(),
                first: stored.first.into(),
                width: stored.width,
                batch,
            };
            self.store.add(&label, &stored.vouchers)?;
        }
        Ok(())
    }

    /// The number of vouchers that are left.
    ///
    /// # Errors
    /// A file can't be read, is damaged, or belongs to another key.
    pub fn count(&self, card: CardDigest) -> Result<VoucherCount, StoreError> {
        let mut count = VoucherCount::default();
        for path in self.store.files()? {
            let Some(segment) = self.segment(&path)? else {
                continue;
            };
            if card_of(&segment) == card {
                count.good += segment.count();
            } else {
                count.others += segment.count();
            }
        }
        Ok(count)
    }

    /// Removes `count` vouchers for a card for good and returns them; none if there are fewer that the service has derived from
    /// one secret.
    ///
    /// # Errors
    /// They could not be removed for good, or a file can't be used.
    pub fn take(&self, card: &Card, count: usize) -> Result<Option<Vouchers>, StoreError> {
        let mut files = Vec::new();
        for path in self.store.files()? {
            if let Some(segment) = self.segment(&path)?
                && card_of(&segment) == card.digest()
            {
                files.push((secret_of(&segment), segment.count(), path));
            }
        }
        let has_enough = |secret| {
            let same = files.iter().filter(|file| file.0 == secret);
            same.map(|file| file.1).sum::<usize>() >= count
        };
        let mut secrets = files.iter().map(|file| file.0);
        let Some(secret) = secrets.find(|&secret| has_enough(secret)) else {
            return Ok(None);
        };
        let mut taken: Vec<StoredVouchers> = Vec::new();
        let mut missing = count;
        for (_, _, path) in files.iter().filter(|file| file.0 == secret) {
            let Some(mut segment) = self.segment(path)? else {
                continue;
            };
            // Another process may have taken some meanwhile.
            let some = missing.min(segment.count());
            if some == 0 {
                continue;
            }
            let label = *segment.label();
            if let Some(entries) = Store::take(path, &mut segment, some)? {
                let first = u32::try_from(entries.first);
                let damaged = |_| StoreError::Damaged { path: path.clone() };
                taken.push(StoredVouchers {
                    card: card.digest(),
                    key: self.key,
                    secret,
                    batch: batch_of(&label),
                    first: first.map_err(damaged)?,
                    width: label.width,
                    vouchers: entries.entries,
                });
                missing -= some;
            }
        }
        if missing > 0 {
            // What was taken is lost, which is safer than to put it back.
            return Ok(None);
        }
        match Vouchers::from_stored(taken, card) {
            Some(vouchers) => Ok(Some(vouchers)),
            None => Err(StoreError::Damaged {
                path: self.store.path().to_owned(),
            }),
        }
    }

    /// Removes all vouchers for a card that were derived from a secret which the service no longer has.
    ///
    /// # Errors
    /// A file can't be removed.
    pub fn discard(&self, card: CardDigest, secret: VoucherSecretId) -> Result<(), StoreError> {
        for path in self.store.files()? {
            if let Some(mut segment) = self.segment(&path)?
                && card_of(&segment) == card
                && secret_of(&segment) == secret
            {
                let all = segment.count();
                Store::take(&path, &mut segment, all)?;
            }
        }
        Ok(())
    }

    /// A file of this key's vouchers; none if it is gone.
    fn segment(&self, path: &Path) -> Result<Option<Segment>, StoreError> {
        let Some(segment) = self.store.segment(path)? else {
            return Ok(None);
        };
        if segment.label().key_fingerprint != *self.key.as_bytes() {
            let path = path.to_owned();
            return Err(StoreError::OtherKey { path });
        }
        Ok(Some(segment))
    }
}

impl VoucherSource for VoucherDirectory {
    fn take(&self, card: &Card, count: usize) -> Result<Option<Vouchers>, String> {
        Self::take(self, card, count).map_err(|error| chain(&error).to_string())
    }

    fn discard(&self, card: CardDigest, secret: VoucherSecretId) {
        if let Err(error) = Self::discard(self, card, secret) {
            tracing::warn!(error = %chain(&error), "vouchers that are no longer good can't be removed");
        }
    }
}

fn card_of(segment: &Segment) -> CardDigest {
    CardDigest::from(segment.label().origin)
}

fn batch_of(label: &Label) -> BatchId {
    let batch: &[u8; 16] = label.batch.first_chunk().expect("16 of 24 bytes");
    BatchId::from(*batch)
}

fn secret_of(segment: &Segment) -> VoucherSecretId {
    let secret: &[u8; 8] = segment.label().batch.last_chunk().expect("8 of 24 bytes");
    VoucherSecretId::from(*secret)
}
