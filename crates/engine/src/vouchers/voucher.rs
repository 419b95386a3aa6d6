//! [`Vouchers`], the client's: drawn, answered, and kept until a record needs them.

use veilcast_card::CardDigest;
use veilcast_protocol::{BatchId, KeyFingerprint, VoucherBatch, VoucherId, VoucherSecretId};
use zeroize::Zeroizing;

use super::pseudorandom::numbers;

/// Distinguishes these numbers from everything else that SHAKE256 is used for.
const DOMAIN: &[u8] = b"veilcast voucher record v1";

/// Bytes of the seed of a voucher's r.
const SEED_BYTES: usize = 32;

/// One voucher: the seed of r, and a for each output. Secret, and for one use.
pub(super) struct Voucher {
    pub(super) id: VoucherId,
    seed: Zeroizing<[u8; SEED_BYTES]>,
    pub(super) shares: Zeroizing<Vec<u64>>,
}

impl Voucher {
    /// r: a number of `slot_bits` bits for each feature.
    pub(super) fn record(&self, slot_bits: u32, features: usize) -> Zeroizing<Vec<u64>> {
        record(&self.seed, slot_bits, features)
    }
}

pub(super) fn record(
    seed: &[u8; SEED_BYTES],
    slot_bits: u32,
    features: usize,
) -> Zeroizing<Vec<u64>> {
    numbers(DOMAIN, &[seed], slot_bits, features)
}

/// Vouchers whose answer isn't there yet: the seeds of their r. Secret.
pub struct DrawnVouchers(Vec<Zeroizing<[u8; SEED_BYTES]>>);

/// Vouchers of one model, key and secret.
///
/// Secret, and for one use: anyone who sees two records masked by one voucher learns their difference. So vouchers can't be
/// cloned, and [masking](Self::mask) consumes them. They are wiped on drop.
///
/// ```compile_fail,E0382
/// # use veilcast_card::{Card, QuantizedRecord};
/// # use veilcast_engine::Vouchers;
/// fn twice(card: &Card, records: &[QuantizedRecord], vouchers: Vouchers) {
///     let _ = vouchers.mask(card, records);
///     let _ = vouchers.mask(card, records);
/// }
/// ```
pub struct Vouchers {
    pub(super) card: CardDigest,
    pub(super) key: KeyFingerprint,
    pub(super) secret: VoucherSecretId,
    pub(super) vouchers: Vec<Voucher>,
}

/// Vouchers as bytes, for a store.
///
/// A voucher that was taken from a store must never be returned again: not by another process, and not after a crash at any
/// moment. So it is removed for good before it is given away.
pub struct StoredVouchers {
    /// The digest of the card that they are for.
    pub card: CardDigest,
    /// The key that they were made with.
    pub key: KeyFingerprint,
    /// The service's secret that they were derived from.
    pub secret: VoucherSecretId,
    /// The batch.
    pub batch: BatchId,
    /// The number of the first one; the others follow it.
    pub first: u32,
    /// The bytes of a voucher: 32 for the seed of r, and eight for a of each output, little-endian.
    pub width: usize,
    /// The vouchers one after another. Secret.
    pub vouchers: Zeroizing<Vec<u8>>,
}

/// The bytes of a stored voucher of a model with this many outputs.
fn stored_width(outputs: usize) -> usize {
    SEED_BYTES + 8 * outputs
}

impl DrawnVouchers {
    /// Seeds from the operating system's generator.
    pub(crate) fn draw(count: usize) -> Self {
        let draw = || {
            let mut seed = Zeroizing::new([0; SEED_BYTES]);
            getrandom::fill(&mut *seed).expect("the operating system gives random bytes");
            seed
        };
        Self((0..count).map(|_| draw()).collect())
    }

    /// The number of vouchers.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// r of each: a number of `slot_bits` bits for each feature.
    pub(crate) fn records(&self, slot_bits: u32, features: usize) -> Vec<Zeroizing<Vec<u64>>> {
        let seeds = self.0.iter();
        seeds
            .map(|seed| record(seed, slot_bits, features))
            .collect()
    }
}

impl Vouchers {
    /// Vouchers of a batch, from their seeds and a for each of their outputs.
    pub(crate) fn of_batch(
        drawn: DrawnVouchers,
        shares: Vec<Vec<u64>>,
        batch: VoucherBatch,
        card: CardDigest,
        key: KeyFingerprint,
    ) -> Self {
        let vouchers = drawn.0.into_iter().zip(shares).enumerate();
        let vouchers = vouchers.map(|(number, (seed, shares))| Voucher {
            id: VoucherId {
                batch: batch.id,
                number: number as u32,
            },
            seed,
            shares: Zeroizing::new(shares),
        });
        Self {
            card,
            key,
            secret: batch.secret,
            vouchers: vouchers.collect(),
        }
    }

    /// The number of vouchers.
    pub fn len(&self) -> usize {
        self.vouchers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.vouchers.is_empty()
    }

    /// The card that they are for.
    pub fn card(&self) -> CardDigest {
        self.card
    }

    /// Removes the last `count` vouchers and returns them; none if there are fewer.
    pub fn split_off(&mut self, count: usize) -> Option<Self> {
        let left = self.len().checked_sub(count)?;
        Some(Self {
            vouchers: self.vouchers.split_off(left),
            ..*self
        })
    }

    /// The vouchers as bytes for a store, batch by batch.
    pub fn into_stored(self) -> Vec<StoredVouchers> {
        let mut stored: Vec<StoredVouchers> = Vec::new();
        let count = self.vouchers.len();
        for (index, voucher) in self.vouchers.into_iter().enumerate() {
            let width = stored_width(voucher.shares.len());
            let follows = |last: &StoredVouchers| {
                let next = last.first as usize + last.vouchers.len() / width;
                last.batch == voucher.id.batch && next == voucher.id.number as usize
            };
            if !stored.last().is_some_and(follows) {
                stored.push(StoredVouchers {
                    card: self.card,
                    key: self.key,
                    secret: self.secret,
                    batch: voucher.id.batch,
                    first: voucher.id.number,
                    width,
                    // Room for all, since growing would leave secrets behind.
                    vouchers: Zeroizing::new(Vec::with_capacity((count - index) * width)),
                });
            }
            let last = stored.last_mut().expect("one was pushed");
            last.vouchers.extend_from_slice(&*voucher.seed);
            for share in voucher.shares.iter() {
                last.vouchers.extend_from_slice(&share.to_le_bytes());
            }
        }
        stored
    }

    /// Vouchers that a store has returned, of a model with this many outputs; none if they aren't whole, or of several models,
    /// keys or secrets.
    pub fn from_stored(stored: Vec<StoredVouchers>, outputs: usize) -> Option<Self> {
        let first = stored.first()?;
        let (card, key, secret) = (first.card, first.key, first.secret);
        let width = stored_width(outputs);
        let mut vouchers = Vec::new();
        for part in &stored {
            let is_sound = (part.card, part.key, part.secret) == (card, key, secret)
                && part.width == width
                && part.vouchers.len().is_multiple_of(width);
            if !is_sound {
                return None;
            }
            for (index, voucher) in part.vouchers.chunks_exact(width).enumerate() {
                let (seed, shares) = voucher.split_first_chunk().expect("a voucher has a seed");
                let (shares, _) = shares.as_chunks();
                vouchers.push(Voucher {
                    id: VoucherId {
                        batch: part.batch,
                        number: part.first.checked_add(u32::try_from(index).ok()?)?,
                    },
                    seed: Zeroizing::new(*seed),
                    shares: Zeroizing::new(shares.iter().map(|&s| u64::from_le_bytes(s)).collect()),
                });
            }
        }
        Some(Self {
            card,
            key,
            secret,
            vouchers,
        })
    }
}

impl std::fmt::Debug for Vouchers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vouchers({} for {})", self.len(), self.card)
    }
}

impl std::fmt::Debug for DrawnVouchers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DrawnVouchers({})", self.0.len())
    }
}

impl std::fmt::Debug for StoredVouchers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredVouchers({} bytes)", self.vouchers.len())
    }
}
