//! [`VoucherSecret`], from which the service derives what masks scores.

use shake::{ExtendableOutput, Shake256, Update, XofReader};
use subtle::ConstantTimeEq as _;
use veilcast_protocol::{BatchId, CardDigest, KeyFingerprint, VoucherId, VoucherSecretId};
use zeroize::Zeroizing;

use super::pseudorandom::{numbers, wide_numbers};

/// Distinguishes these numbers from everything else that SHAKE256 is used for.
const DOMAIN: &[u8] = b"veilcast voucher v1";
const BATCH_DOMAIN: &[u8] = b"veilcast voucher batch v1";
const ID_DOMAIN: &[u8] = b"veilcast voucher secret id v1";
const SHARES_DOMAIN: &[u8] = b"veilcast voucher share v1";
const FACTORS_DOMAIN: &[u8] = b"veilcast voucher factor v1";
const PRODUCTS_DOMAIN: &[u8] = b"veilcast voucher product v1";
const LAYER_DOMAIN: &[u8] = b"veilcast layer share v1";

/// Bytes of a signed batch's id that are random.
const RANDOM_BYTES: usize = 12;

/// What a part of a network's voucher is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Shares of an affine part.
    Shares,
    /// Products of the hidden layer after it.
    Products,
    /// Shares of that hidden layer, of a record that is on its way.
    Layer,
}

/// What a network's voucher is used for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VoucherUse {
    pub(crate) card: CardDigest,
    pub(crate) key: KeyFingerprint,
    /// k.
    pub(crate) ring_bits: u32,
    /// The affine part, or the one before the hidden layer.
    pub(crate) part: u32,
}

/// A secret of a service, from which s of every voucher is derived.
///
/// Replicas that answer for each other share it. Who has it, and sees the answers to a client, learns that client's weighted sums;
/// it tells nothing of anyone's records.
pub struct VoucherSecret {
    bytes: Zeroizing<[u8; 32]>,
    id: VoucherSecretId,
}

impl VoucherSecret {
    /// The secret of these bytes, which must be from a good generator.
    pub fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        let mut id = [0; 8];
        let mut absorbed = Shake256::default();
        absorbed.update(ID_DOMAIN);
        absorbed.update(&*bytes);
        absorbed.finalize_xof().read(&mut id);
        Self {
            bytes,
            id: id.into(),
        }
    }

    /// A secret from the operating system's generator.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn generate() -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes).expect("the operating system gives random bytes");
        Self::new(bytes)
    }

    /// What clients name it by.
    pub fn id(&self) -> VoucherSecretId {
        self.id
    }

    /// s of a voucher: a number of `slot_bits` bits for each output.
    pub(crate) fn masks(
        &self,
        card: CardDigest,
        key: KeyFingerprint,
        voucher: VoucherId,
        slot_bits: u32,
        outputs: usize,
    ) -> Zeroizing<Vec<u64>> {
        let parts: [&[u8]; 4] = [
            &*self.bytes,
            card.as_bytes(),
            key.as_bytes(),
            &voucher.to_bytes(),
        ];
        numbers(DOMAIN, &parts, slot_bits, outputs)
    }

    /// s of a voucher for one affine part of a network: a number of `ring_bits` bits for each of the part's outputs.
    pub(crate) fn shares(
        &self,
        use_of: &VoucherUse,
        voucher: VoucherId,
        count: usize,
    ) -> Zeroizing<Vec<u128>> {
        self.wide(SHARES_DOMAIN, use_of, voucher, count)
    }

    /// t of a voucher for one hidden layer: what its numbers are multiplied by, and masked with.
    pub(crate) fn factors(
        &self,
        use_of: &VoucherUse,
        voucher: VoucherId,
        count: usize,
    ) -> Zeroizing<Vec<u128>> {
        self.wide(FACTORS_DOMAIN, use_of, voucher, count)
    }

    /// s of a voucher's products for one hidden layer.
    pub(crate) fn product_shares(
        &self,
        use_of: &VoucherUse,
        voucher: VoucherId,
        count: usize,
    ) -> Zeroizing<Vec<u128>> {
        self.wide(PRODUCTS_DOMAIN, use_of, voucher, count)
    }

    /// The service's shares of one hidden layer of a record that goes through a network [directly](crate::layers).
    pub(crate) fn layer_shares(
        &self,
        use_of: &VoucherUse,
        record: VoucherId,
        count: usize,
    ) -> Zeroizing<Vec<u128>> {
        self.wide(LAYER_DOMAIN, use_of, record, count)
    }

    /// Signs the id of a batch for one part of a network: its last four bytes become a digest of the others and of what it is for. So a
    /// service remembers only vouchers that it has made.
    pub(crate) fn sign(&self, use_of: &VoucherUse, kind: Kind, batch: BatchId) -> BatchId {
        let mut id = *batch.as_bytes();
        let (random, tag) = id.split_at_mut(RANDOM_BYTES);
        let mut absorbed = Shake256::default();
        absorbed.update(BATCH_DOMAIN);
        for part in [
            &*self.bytes as &[u8],
            use_of.card.as_bytes(),
            use_of.key.as_bytes(),
            &use_of.part.to_be_bytes(),
            &[kind as u8],
            random,
        ] {
            absorbed.update(part);
        }
        absorbed.finalize_xof().read(tag);
        id.into()
    }

    /// Whether a batch was signed for this.
    pub(crate) fn has_signed(&self, use_of: &VoucherUse, kind: Kind, batch: BatchId) -> bool {
        let signed = self.sign(use_of, kind, batch);
        bool::from(signed.as_bytes().ct_eq(batch.as_bytes()))
    }

    fn wide(
        &self,
        domain: &[u8],
        use_of: &VoucherUse,
        voucher: VoucherId,
        count: usize,
    ) -> Zeroizing<Vec<u128>> {
        let parts: [&[u8]; 5] = [
            &*self.bytes,
            use_of.card.as_bytes(),
            use_of.key.as_bytes(),
            &voucher.to_bytes(),
            &use_of.part.to_be_bytes(),
        ];
        wide_numbers(domain, &parts, use_of.ring_bits, count)
    }
}

impl std::fmt::Debug for VoucherSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VoucherSecret({})", self.id)
    }
}

/// The secrets of a service: one for new vouchers, and older ones whose vouchers are still taken.
#[derive(Debug)]
pub struct VoucherSecrets {
    current: VoucherSecret,
    older: Vec<VoucherSecret>,
}

impl VoucherSecrets {
    /// The current secret, and older ones.
    pub fn new(current: VoucherSecret, older: Vec<VoucherSecret>) -> Self {
        Self { current, older }
    }

    /// One secret from the operating system's generator: its vouchers are good for as long as the service runs, and no other
    /// replica takes them.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn generate() -> Self {
        Self::new(VoucherSecret::generate(), Vec::new())
    }

    /// The secret of new vouchers.
    pub fn current(&self) -> &VoucherSecret {
        &self.current
    }

    /// The secret with this id.
    pub fn get(&self, id: VoucherSecretId) -> Option<&VoucherSecret> {
        let mut all = std::iter::once(&self.current).chain(&self.older);
        all.find(|secret| secret.id() == id)
    }
}
