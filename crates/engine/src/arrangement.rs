//! [`Arrangement`]: where the numbers of records and scores sit in plaintexts.
//!
//! One geometry serves all layouts. With k features per ciphertext at a distance of u bits, a
//! record's ciphertext g holds
//!
//! > X_g = Σⱼ x_(gk+j)·2^(u·j),  0 ≤ j < k,
//!
//! and an answer with the m outputs o₀, o₁, … is
//!
//! > A = Σᵢ Σⱼ y_(oᵢ,j)·2^(u·(ik + k−1−j)),  where y_(o,j) = Σ_g w_(o,gk+j)·X_g.
//!
//! So the *slot* of output oᵢ starts at bit u·(ik + k − 1) of A: Σ_f w_(oᵢ,f)·x_f is there and
//! nowhere else, S bits wide once it is made non-negative. Around it lie cross terms
//! w_(gk+j)·x_(gk+j′) with j ≠ j′, *garbage*, at multiples of u up to k − 1 units away. Slots of
//! different outputs are k units apart, so that garbage never meets a slot.
//!
//! - `scalar` has k = 1, and so no garbage: u = S.
//! - `features` has k > 1. Garbage is masked (see [`mask`](crate::mask)) by numbers 40 bits wider
//!   than it can be, so that u = S + 41.
//! - `records` has k = 1 and m = 1, and puts T records side by side, S bits apart: slot t
//!   of output o's answer is the score of record t.
//! - `vouchers` is `records` with S-bit numbers that are uniform in place of features. A sum of their
//!   products with weights has up to g − 1 bits and a sign, g = S + L + 1, where Σ|w| < 2^L. So u = g + 40: the
//!   sum's lowest S bits are in the slot, and the mask of the bits above absorbs the rest.
//! - `shares` is that for one affine part of a network with hidden layers, in its ring of S = k bits.
//! - `products` has one number of k bits per ciphertext, and in the answers its product with another one of k bits: g = 2k + 1.
//! - `layer` has one number per ciphertext, too, and in the answers sums as in `shares`; after the first part sums of such products.

use veilcast_card::{Card, Hidden, Limits, Way};
use veilcast_protocol::Layout;

use crate::bits;
use crate::error::LayoutError;

/// σ: what is masked is statistically hidden within 2^−σ.
pub(crate) const HIDING_BITS: u32 = 40;

/// Where numbers sit under a key of a given size, for a model and a layout that suit it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrangement {
    layout: Layout,
    /// S.
    slot_bits: u32,
    /// u.
    unit: u32,
    /// k.
    features_per_ciphertext: usize,
    /// m, or T for `records`, `vouchers` and `shares`: the slots of a full answer.
    slots_per_answer: usize,
    /// The bits that an answer's content takes above its last slot, in magnitude: below 2^(P + this). None if there is none.
    bits_above: Option<u32>,
    features: usize,
    outputs: usize,
}

impl Arrangement {
    /// The arrangement of a layout.
    ///
    /// # Errors
    /// The card must allow the layout and its number of features per ciphertext, and the key must
    /// have room for as many scores per answer.
    pub(crate) fn new(card: &Card, layout: Layout, key_bits: u32) -> Result<Self, LayoutError> {
        match (layout, card.hidden()) {
            (Layout::Vouchers, None) => return Self::of_vouchers(card, key_bits),
            (Layout::Shares { part } | Layout::Products { part }, Some(hidden))
                if card.ways().contains(&Way::Vouchers) =>
            {
                return Self::of_part(card, hidden, layout, part as usize, key_bits);
            }
            (Layout::Layer { part }, Some(hidden)) if card.ways().contains(&Way::Direct) => {
                return Self::of_part(card, hidden, layout, part as usize, key_bits);
            }
            _ => {}
        }
        if !card.ways().contains(&Way::Direct) {
            return Err(LayoutError::NotAllowed(layout));
        }
        let layouts = card.layouts();
        let (features_per_ciphertext, scores_per_answer) = match layout {
            Layout::Scalar { scores_per_answer } if layouts.scalar.is_some() => {
                (1, scores_per_answer)
            }
            Layout::Records if layouts.records.is_some() => (1, 1),
            Layout::Features {
                features_per_ciphertext: k,
                scores_per_answer,
            } => match &layouts.features {
                None => return Err(LayoutError::NotAllowed(layout)),
                Some(features) if features.features_per_ciphertext.contains(&k) => {
                    (k, scores_per_answer)
                }
                Some(_) => return Err(LayoutError::FeaturesPerCiphertext(k)),
            },
            _ => return Err(LayoutError::NotAllowed(layout)),
        };
        let most = most_slots(card.slot_bits().get(), features_per_ciphertext, key_bits);
        let slots_per_answer = if layout == Layout::Records {
            most
        } else {
            scores_per_answer
        };
        let most_scores = most.min(card.outputs() as u32);
        if !(1..=most_scores).contains(&scores_per_answer) {
            return Err(LayoutError::ScoresPerAnswer {
                found: scores_per_answer,
                limit: most_scores,
            });
        }
        Ok(Self {
            layout,
            slot_bits: card.slot_bits().get(),
            unit: unit(card.slot_bits().get(), features_per_ciphertext),
            features_per_ciphertext: features_per_ciphertext as usize,
            slots_per_answer: slots_per_answer as usize,
            // Garbage: it is made of the k − 1 highest units. One unit's sum lies below 2^(S−1) in magnitude by the certificate,
            // and all lower ones together add less than that again.
            bits_above: match features_per_ciphertext {
                1 => None,
                k => Some(unit(card.slot_bits().get(), k) * (k - 1)),
            },
            features: card.features(),
            outputs: card.outputs(),
        })
    }

    /// The arrangement of vouchers.
    fn of_vouchers(card: &Card, key_bits: u32) -> Result<Self, LayoutError> {
        if !card.ways().contains(&Way::Vouchers) {
            return Err(LayoutError::NotAllowed(Layout::Vouchers));
        }
        let slot_bits = card.slot_bits().get();
        let sum_bits = voucher_sum_bits(slot_bits, card.quantization().max());
        let shape = [card.features(), card.outputs()];
        Self::masked(Layout::Vouchers, [slot_bits, sum_bits], shape, key_bits)
    }

    /// The arrangement of an affine part of a network, or of the products after it.
    fn of_part(
        card: &Card,
        hidden: &Hidden,
        layout: Layout,
        part: usize,
        key_bits: u32,
    ) -> Result<Self, LayoutError> {
        let shapes = hidden.shapes(card.features(), card.outputs());
        let is_last = part + 1 == shapes.len();
        let is_product = matches!(layout, Layout::Products { .. });
        let &[inputs, outputs] = match shapes.get(part) {
            Some(shape) if !(is_product && is_last) => shape,
            _ => return Err(LayoutError::NotAllowed(layout)),
        };
        let ring_bits = hidden.ring_bits.get();
        if is_product {
            let bits = [ring_bits, 2 * ring_bits + 1];
            let most = Self::masked(layout, bits, [outputs, outputs], key_bits)?;
            return Ok(Self {
                slots_per_answer: most.slots_per_answer.min(outputs),
                ..most
            });
        }
        // Σ|w| < 2^(b−1)·inputs for weights of b bits.
        let weights = hidden.weight_bits[part].get() - 1 + inputs.next_power_of_two().ilog2();
        let Layout::Layer { part } = layout else {
            let bits = [ring_bits, ring_bits + weights + 1];
            return Self::masked(layout, bits, [inputs, outputs], key_bits);
        };
        // a² + 2·z·a with a, a² and 2·z modulo 2^k is below 2^(2k).
        let (ciphertexts, number_bits) = match part {
            0 => (inputs, ring_bits),
            _ => (2 * inputs, 2 * ring_bits),
        };
        let bits = [ring_bits, number_bits + weights + 1];
        let most = Self::masked(layout, bits, [ciphertexts, outputs], key_bits)?;
        Ok(Self {
            slots_per_answer: most.slots_per_answer.min(outputs),
            ..most
        })
    }

    /// The arrangement of sums of up to g bits, with their sign, of which the lowest S count.
    fn masked(
        layout: Layout,
        [slot_bits, sum_bits]: [u32; 2],
        [features, outputs]: [usize; 2],
        key_bits: u32,
    ) -> Result<Self, LayoutError> {
        let unit = sum_bits + HIDING_BITS;
        let slots_per_answer = most_vouchers(unit, key_bits) as usize;
        if slots_per_answer == 0 {
            return Err(LayoutError::NotAllowed(layout));
        }
        Ok(Self {
            layout,
            slot_bits,
            unit,
            features_per_ciphertext: 1,
            slots_per_answer,
            bits_above: Some(sum_bits - slot_bits),
            features,
            outputs,
        })
    }

    /// The layout.
    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    /// S: the bits of a slot.
    pub(crate) fn slot_bits(&self) -> u32 {
        self.slot_bits
    }

    /// u: the bits from one feature of a ciphertext to the next.
    pub(crate) fn unit(&self) -> u32 {
        self.unit
    }

    /// k.
    pub(crate) fn features_per_ciphertext(&self) -> usize {
        self.features_per_ciphertext
    }

    /// The records or vouchers of a row: 1 except for `records`, `vouchers` and `shares`.
    pub(crate) fn records_per_row(&self) -> usize {
        if self.layout.is_grouped() {
            self.slots_per_answer
        } else {
            1
        }
    }

    /// The rows that this many records take.
    pub(crate) fn rows(&self, records: usize) -> usize {
        records.div_ceil(self.records_per_row())
    }

    /// The most records that a request may hold.
    pub(crate) fn max_records(&self, limits: Limits) -> usize {
        let rows = limits.max_ciphertexts as usize / self.ciphertexts_per_row();
        (rows * self.records_per_row()).min(limits.max_records as usize)
    }

    /// The ciphertexts of a row.
    pub(crate) fn ciphertexts_per_row(&self) -> usize {
        self.features.div_ceil(self.features_per_ciphertext)
    }

    /// The numbers that come out of a row for each record.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// The answers' ciphertexts of a row.
    pub(crate) fn answers_per_row(&self) -> usize {
        if self.layout.is_grouped() {
            self.outputs
        } else {
            self.outputs.div_ceil(self.slots_per_answer)
        }
    }

    /// The outputs that one of a row's answers holds, in the order of its slots.
    pub(crate) fn outputs_of(&self, answer: usize) -> std::ops::Range<usize> {
        if self.layout.is_grouped() {
            return answer..answer + 1;
        }
        let first = answer * self.slots_per_answer;
        first..(first + self.slots_per_answer).min(self.outputs)
    }

    /// The bit at which a slot of an answer starts.
    pub(crate) fn slot(&self, index: usize) -> u32 {
        self.unit * ((index + 1) * self.features_per_ciphertext - 1) as u32
    }

    /// P: the bit after the last of this many slots.
    pub(crate) fn slots_end(&self, slots: usize) -> u32 {
        self.slot(slots - 1) + self.slot_bits
    }

    /// P of a full answer.
    pub(crate) fn full_end(&self) -> u32 {
        self.slots_end(self.slots_per_answer)
    }

    /// The bits that an answer's content takes above its last slot, in magnitude: below 2^(P + this). None if there is none.
    pub(crate) fn bits_above(&self) -> Option<u32> {
        self.bits_above
    }
}

/// What is asked for, one after another, for vouchers of a model with this card.
pub(crate) fn voucher_layouts(card: &Card) -> Vec<Layout> {
    let Some(hidden) = card.hidden() else {
        return vec![Layout::Vouchers];
    };
    let layers = hidden.sizes.len() as u32;
    let of_layer = |part| [Layout::Shares { part }, Layout::Products { part }];
    let last = Layout::Shares { part: layers };
    (0..layers).flat_map(of_layer).chain([last]).collect()
}

/// About how many products of ciphertexts a row takes in a layout for a part of a network.
pub(crate) fn products_for_part(arrangement: &Arrangement) -> usize {
    let outputs = arrangement.outputs();
    match arrangement.layout() {
        // Squarings, and a product for every few bits.
        Layout::Products { .. } => outputs * arrangement.slot_bits() as usize * 5 / 4,
        Layout::Layer { part: 1.. } => {
            let inputs = arrangement.ciphertexts_per_row() / 2;
            let products = inputs * arrangement.slot_bits() as usize * 5 / 4;
            products + products_with_weights(inputs * outputs)
        }
        _ => products_with_weights(arrangement.ciphertexts_per_row() * outputs),
    }
}

/// About how many products of ciphertexts sums with this many weights take: one for every few bits of a weight, and what collects them.
pub(crate) fn products_with_weights(weights: usize) -> usize {
    weights * 3 / 2
}

/// u for k features per ciphertext.
pub(crate) fn unit(slot_bits: u32, features_per_ciphertext: u32) -> u32 {
    match features_per_ciphertext {
        1 => slot_bits,
        _ => slot_bits + HIDING_BITS + 1,
    }
}

/// The most slots that an answer under a key can have.
///
/// With P the end of the slots and G the bits of garbage above, the mask above P is uniform over
/// about n/2^P numbers, which must be 2^40 times as many as the garbage can take, and as the
/// unevenness of a modulus that isn't a power of two.
pub(crate) fn most_slots(slot_bits: u32, features_per_ciphertext: u32, key_bits: u32) -> u32 {
    let (k, unit) = (
        features_per_ciphertext,
        unit(slot_bits, features_per_ciphertext),
    );
    match k {
        1 => key_bits.saturating_sub(HIDING_BITS + 1) / unit,
        // ((m + 1)·k − 1)·u ≤ |n| − 2
        _ => (((key_bits - 2) / unit + 1) / k).saturating_sub(1),
    }
}

/// g: the bits of a sum of S-bit numbers, weighted, with its sign, and one bit more. X·Σ|w| < 2^S by the certificate, where X
/// is the largest feature.
fn voucher_sum_bits(slot_bits: u32, max_input: u32) -> u32 {
    let weights = bits::ones(slot_bits) / u64::from(max_input);
    slot_bits + (u64::BITS - weights.leading_zeros()) + 1
}

/// T: the most vouchers, this many bits apart, that a ciphertext under a key can hold. The mask above the last slot needs
/// g − S + 40 bits below n ≥ 2^(|n|−1).
fn most_vouchers(unit: u32, key_bits: u32) -> u32 {
    key_bits.saturating_sub(1) / unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vouchers_have_room_for_their_masks() {
        for key_bits in [1024, 2048, 3072, 4096] {
            for slot_bits in 2..=62 {
                for input_bits in 1..=slot_bits.min(16) {
                    let sum_bits = voucher_sum_bits(slot_bits, bits::ones(input_bits) as u32);
                    let unit = sum_bits + HIDING_BITS;
                    let most = most_vouchers(unit, key_bits);
                    let needed = |slots: u32| {
                        let end = unit * (slots - 1) + slot_bits;
                        end + (sum_bits - slot_bits) + HIDING_BITS
                    };
                    assert!(
                        most > 0 && needed(most) < key_bits,
                        "{key_bits} {slot_bits} {input_bits}"
                    );
                    assert!(
                        needed(most + 1) >= key_bits,
                        "{key_bits} {slot_bits} {input_bits}"
                    );
                    // A sum of S-bit numbers fits g − 1 bits.
                    let weights = u128::from(bits::ones(slot_bits) / bits::ones(input_bits));
                    let largest = weights * u128::from(bits::ones(slot_bits));
                    assert!(largest < 1 << (sum_bits - 1));
                }
            }
        }
    }

    /// The room required is what the masks need: P + G + 42 bits below n ≥ 2^(|n|−1).
    #[test]
    fn answers_have_room_for_their_masks() {
        for key_bits in [1024, 2048, 3072, 4096] {
            for slot_bits in 1..=62 {
                for k in 1..=64 {
                    let most = most_slots(slot_bits, k, key_bits);
                    let unit = unit(slot_bits, k);
                    let needed = |slots: u32| {
                        let end = unit * (slots * k - 1) + slot_bits;
                        match k {
                            1 => end + HIDING_BITS,
                            _ => end + unit * (k - 1) + HIDING_BITS + 2,
                        }
                    };
                    if most > 0 {
                        assert!(needed(most) < key_bits, "{key_bits} {slot_bits} {k}");
                    }
                    assert!(needed(most + 1) >= key_bits, "{key_bits} {slot_bits} {k}");
                }
            }
        }
    }
}
