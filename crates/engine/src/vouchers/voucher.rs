//! [`Vouchers`], the client's: drawn, answered, and kept until a record needs them.

use veilcast_card::{Card, CardDigest};
use veilcast_protocol::{BatchId, KeyFingerprint, VoucherBatch, VoucherId, VoucherSecretId};
use zeroize::Zeroizing;

use super::pseudorandom::{numbers, wide_numbers};
use crate::rounds::{LayeredVoucher, SEED_BYTES};

/// Distinguishes these numbers from everything else that SHAKE256 is used for.
const DOMAIN: &[u8] = b"veilcast voucher record v1";

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

    /// Its bytes in a store, with its id beside.
    fn stored(&self) -> (VoucherId, Zeroizing<Vec<u8>>) {
        let width = SEED_BYTES + 8 * self.shares.len();
        let mut bytes = Zeroizing::new(Vec::with_capacity(width));
        bytes.extend_from_slice(&*self.seed);
        for share in self.shares.iter() {
            bytes.extend_from_slice(&share.to_le_bytes());
        }
        (self.id, bytes)
    }

    fn read(id: VoucherId, bytes: &[u8]) -> Self {
        let (seed, shares) = bytes.split_first_chunk().expect("a voucher has a seed");
        let (shares, _) = shares.as_chunks();
        Self {
            id,
            seed: Zeroizing::new(*seed),
            shares: Zeroizing::new(shares.iter().map(|&s| u64::from_le_bytes(s)).collect()),
        }
    }
}

pub(super) fn record(
    seed: &[u8; SEED_BYTES],
    slot_bits: u32,
    features: usize,
) -> Zeroizing<Vec<u64>> {
    numbers(DOMAIN, &[seed], slot_bits, features)
}

/// r of one part of a network's voucher: this many numbers of `ring_bits` bits.
pub(crate) fn record_numbers(
    seed: &[u8; SEED_BYTES],
    ring_bits: u32,
    count: usize,
) -> Zeroizing<Vec<u128>> {
    wide_numbers(DOMAIN, &[seed], ring_bits, count)
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
    pub(super) vouchers: Made,
}

/// Vouchers of an affine model, or of a network with hidden layers.
pub(super) enum Made {
    Affine(Vec<Voucher>),
    /// With k of their ring.
    Layered(Vec<LayeredVoucher>, u32),
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
    /// The bytes of a voucher: 32 for the seed of r, and eight for a of each output, little-endian. Those of a network with hidden layers have
    /// for each affine part its id, a seed and a number for each output, and for each hidden layer an id and a number for each product.
    pub width: usize,
    /// The vouchers one after another. Secret.
    pub vouchers: Zeroizing<Vec<u8>>,
}

/// The bytes of a stored voucher of a model with this card.
fn stored_width(card: &Card) -> usize {
    match card.hidden() {
        None => SEED_BYTES + 8 * card.outputs(),
        Some(_) => LayeredVoucher::stored_bytes(card),
    }
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

    /// r of each, for one part of a network.
    pub(crate) fn wide_records(&self, ring_bits: u32, count: usize) -> Vec<Zeroizing<Vec<u128>>> {
        let seeds = self.0.iter();
        seeds
            .map(|seed| record_numbers(seed, ring_bits, count))
            .collect()
    }

    pub(crate) fn into_seeds(self) -> Vec<Zeroizing<[u8; SEED_BYTES]>> {
        self.0
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
            vouchers: Made::Affine(vouchers.collect()),
        }
    }

    /// Vouchers of a network with this card, whose answers were of this secret.
    pub(crate) fn of_network(
        vouchers: Vec<LayeredVoucher>,
        secret: VoucherSecretId,
        card: &Card,
        key: KeyFingerprint,
    ) -> Self {
        let ring_bits = card.hidden().map_or(0, |hidden| hidden.ring_bits.get());
        Self {
            card: card.digest(),
            key,
            secret,
            vouchers: Made::Layered(vouchers, ring_bits),
        }
    }

    /// The number of vouchers.
    pub fn len(&self) -> usize {
        match &self.vouchers {
            Made::Affine(vouchers) => vouchers.len(),
            Made::Layered(vouchers, _) => vouchers.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The card that they are for.
    pub fn card(&self) -> CardDigest {
        self.card
    }

    /// Adds vouchers of the same model, key and secret.
    ///
    /// # Panics
    /// If they are of another one.
    pub fn append(&mut self, others: Self) {
        let kind = |of: &Self| (of.card, of.key, of.secret);
        assert_eq!(kind(self), kind(&others), "vouchers of one kind");
        match (&mut self.vouchers, others.vouchers) {
            (Made::Affine(ours), Made::Affine(more)) => ours.extend(more),
            (Made::Layered(ours, _), Made::Layered(more, _)) => ours.extend(more),
            _ => unreachable!("they are for one card"),
        }
    }

    /// Removes the last `count` vouchers and returns them; none if there are fewer.
    pub fn split_off(&mut self, count: usize) -> Option<Self> {
        let left = self.len().checked_sub(count)?;
        let vouchers = match &mut self.vouchers {
            Made::Affine(vouchers) => Made::Affine(vouchers.split_off(left)),
            Made::Layered(vouchers, bits) => Made::Layered(vouchers.split_off(left), *bits),
        };
        Some(Self { vouchers, ..*self })
    }

    /// The vouchers as bytes for a store, batch by batch.
    pub fn into_stored(self) -> Vec<StoredVouchers> {
        let count = self.len();
        let each: Vec<(VoucherId, Zeroizing<Vec<u8>>)> = match &self.vouchers {
            Made::Affine(vouchers) => vouchers.iter().map(Voucher::stored).collect(),
            Made::Layered(vouchers, ring_bits) => {
                let stored =
                    |voucher: &LayeredVoucher| (voucher.parts[0].id, voucher.stored(*ring_bits));
                vouchers.iter().map(stored).collect()
            }
        };
        let mut stored: Vec<StoredVouchers> = Vec::new();
        for (index, (id, bytes)) in each.into_iter().enumerate() {
            let width = bytes.len();
            let follows = |last: &StoredVouchers| {
                let next = last.first as usize + last.vouchers.len() / width;
                last.batch == id.batch && next == id.number as usize
            };
            if !stored.last().is_some_and(follows) {
                stored.push(StoredVouchers {
                    card: self.card,
                    key: self.key,
                    secret: self.secret,
                    batch: id.batch,
                    first: id.number,
                    width,
                    // Room for all, since growing would leave secrets behind.
                    vouchers: Zeroizing::new(Vec::with_capacity((count - index) * width)),
                });
            }
            let last = stored.last_mut().expect("one was pushed");
            last.vouchers.extend_from_slice(&bytes);
        }
        stored
    }

    /// Vouchers that a store has returned, of a model with this card; none if they aren't whole, or of several models, keys or secrets.
    pub fn from_stored(stored: Vec<StoredVouchers>, card: &Card) -> Option<Self> {
        let first = stored.first()?;
        let (key, secret) = (first.key, first.secret);
        let width = stored_width(card);
        let (mut affine, mut layered) = (Vec::new(), Vec::new());
        for part in &stored {
            let is_sound = (part.card, part.key, part.secret) == (card.digest(), key, secret)
                && part.width == width
                && part.vouchers.len().is_multiple_of(width);
            if !is_sound {
                return None;
            }
            for (index, bytes) in part.vouchers.chunks_exact(width).enumerate() {
                let id = VoucherId {
                    batch: part.batch,
                    number: part.first.checked_add(u32::try_from(index).ok()?)?,
                };
                match card.hidden() {
                    None => affine.push(Voucher::read(id, bytes)),
                    Some(_) => layered.push(LayeredVoucher::read(card, bytes)?),
                }
            }
        }
        Some(Self {
            card: card.digest(),
            key,
            secret,
            vouchers: match card.hidden() {
                None => Made::Affine(affine),
                Some(hidden) => Made::Layered(layered, hidden.ring_bits.get()),
            },
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
