//! [`LayeredVoucher`], the client's: what it has drawn, and its shares of what the service has drawn.

use veilcast_card::Card;
use veilcast_protocol::VoucherId;
use zeroize::Zeroizing;

use super::ring::Ring;

/// Bytes of the seed of rₗ.
pub(crate) const SEED_BYTES: usize = 32;

/// A voucher for a network with hidden layers. Secret, and for one use.
pub(crate) struct LayeredVoucher {
    /// For each affine part.
    pub(crate) parts: Vec<PartShare>,
    /// For each hidden layer.
    pub(crate) products: Vec<ProductShare>,
}

/// rₗ and aₗ.
pub(crate) struct PartShare {
    pub(crate) id: VoucherId,
    pub(crate) seed: Zeroizing<[u8; SEED_BYTES]>,
    pub(crate) shares: Zeroizing<Vec<u128>>,
}

/// gₗ.
pub(crate) struct ProductShare {
    pub(crate) id: VoucherId,
    pub(crate) shares: Zeroizing<Vec<u128>>,
}

impl LayeredVoucher {
    /// The bytes of a voucher in a store, of a model with this card.
    pub(crate) fn stored_bytes(card: &Card) -> usize {
        let hidden = card.hidden().expect("the card is a network's");
        let number = Ring::new(hidden.ring_bits.get()).bytes();
        let of_part = |size: usize| VoucherId::BYTES + SEED_BYTES + size * number;
        let of_products = |size: usize| VoucherId::BYTES + size * number;
        let sizes = || hidden.sizes.iter().copied();
        let parts: usize = sizes().chain([card.outputs()]).map(of_part).sum();
        parts + sizes().map(of_products).sum::<usize>()
    }

    /// The bytes in a ring of this many bits: for each part its id, seed and shares, and then for each hidden layer the id and shares of its
    /// products.
    pub(crate) fn stored(&self, ring_bits: u32) -> Zeroizing<Vec<u8>> {
        let width = Ring::new(ring_bits).bytes();
        let of_parts = self
            .parts
            .iter()
            .map(|part| SEED_BYTES + part.shares.len() * width);
        let of_products = self
            .products
            .iter()
            .map(|product| product.shares.len() * width);
        let shares: usize = of_parts
            .chain(of_products)
            .map(|b| VoucherId::BYTES + b)
            .sum();
        // Room for all, since growing would leave secrets behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(shares));
        let numbers = |bytes: &mut Vec<u8>, shares: &[u128]| {
            for share in shares {
                bytes.extend_from_slice(&share.to_le_bytes()[..width]);
            }
        };
        for part in &self.parts {
            bytes.extend_from_slice(&part.id.to_bytes());
            bytes.extend_from_slice(&*part.seed);
            numbers(&mut bytes, &part.shares);
        }
        for product in &self.products {
            bytes.extend_from_slice(&product.id.to_bytes());
            numbers(&mut bytes, &product.shares);
        }
        bytes
    }

    /// The voucher of these [bytes](Self::stored); none if they aren't one.
    pub(crate) fn read(card: &Card, mut bytes: &[u8]) -> Option<Self> {
        let hidden = card.hidden()?;
        let width = Ring::new(hidden.ring_bits.get()).bytes();
        let numbers = |bytes: &[u8]| {
            let number = |digits: &[u8]| {
                let digits = digits.iter().rev();
                digits.fold(0, |number, &digit| number << 8 | u128::from(digit))
            };
            Zeroizing::new(bytes.chunks_exact(width).map(number).collect::<Vec<_>>())
        };
        let mut take = |count: usize| {
            let (taken, rest) = bytes.split_at_checked(count)?;
            bytes = rest;
            Some(taken)
        };
        let id = |bytes: &[u8]| Some(VoucherId::from_bytes(bytes.first_chunk()?));
        let mut parts = Vec::new();
        for size in hidden.sizes.iter().copied().chain([card.outputs()]) {
            parts.push(PartShare {
                id: id(take(VoucherId::BYTES)?)?,
                seed: Zeroizing::new(*take(SEED_BYTES)?.first_chunk()?),
                shares: numbers(take(size * width)?),
            });
        }
        let mut products = Vec::new();
        for &size in &hidden.sizes {
            products.push(ProductShare {
                id: id(take(VoucherId::BYTES)?)?,
                shares: numbers(take(size * width)?),
            });
        }
        bytes.is_empty().then_some(Self { parts, products })
    }
}
