//! Where scores are in answers, written down once more from the layouts' description: what the
//! engine does is checked against this.

use num_bigint::{BigInt, BigUint, Sign};
use veilcast_card::Card;
use veilcast_paillier::{Ciphertext, Plaintext, PublicKey};
use veilcast_protocol::Layout;

/// An answer's slots under a layout.
#[derive(Clone, Debug)]
pub(crate) struct Geometry {
    pub(crate) k: usize,
    pub(crate) slot_bits: u32,
    pub(crate) unit: u32,
    /// The slots that an answer has at most: m, or T for `records`.
    pub(crate) slots: usize,
    outputs_per_answer: usize,
}

impl Geometry {
    pub(crate) fn new(card: &Card, layout: Layout, key_bits: u32) -> Self {
        let slot_bits = card.slot_bits().get();
        let (k, outputs_per_answer) = match layout {
            Layout::Scalar { scores_per_answer } => (1, scores_per_answer as usize),
            Layout::Records | Layout::Vouchers => (1, 1),
            Layout::Features {
                features_per_ciphertext,
                scores_per_answer,
            } => (features_per_ciphertext as usize, scores_per_answer as usize),
            other => panic!("{other} is not known here"),
        };
        Self {
            k,
            slot_bits,
            unit: match layout {
                Layout::Vouchers => voucher_unit(card),
                _ if k == 1 => slot_bits,
                _ => slot_bits + 41,
            },
            slots: match layout {
                Layout::Records => ((key_bits - 41) / slot_bits) as usize,
                Layout::Vouchers => ((key_bits - 1) / voucher_unit(card)) as usize,
                _ => outputs_per_answer,
            },
            outputs_per_answer,
        }
    }

    /// The bit at which a slot starts.
    pub(crate) fn slot(&self, index: usize) -> u32 {
        self.unit * (index * self.k + self.k - 1) as u32
    }

    /// P for this many slots.
    pub(crate) fn end(&self, slots: usize) -> u32 {
        self.slot(slots - 1) + self.slot_bits
    }

    /// The bits below and between this many slots: (first, after the last).
    pub(crate) fn gaps(&self, slots: usize) -> Vec<(u32, u32)> {
        let starts = (0..slots).map(|index| match index {
            0 => 0,
            _ => self.slot(index - 1) + self.slot_bits,
        });
        let gaps = starts.zip((0..slots).map(|index| self.slot(index)));
        gaps.filter(|(start, end)| start < end).collect()
    }

    /// The outputs of an answer.
    pub(crate) fn outputs(&self, answer: usize, outputs: usize) -> std::ops::Range<usize> {
        let first = answer * self.outputs_per_answer;
        first..(first + self.outputs_per_answer).min(outputs)
    }

    pub(crate) fn answers(&self, outputs: usize) -> usize {
        outputs.div_ceil(self.outputs_per_answer)
    }

    /// W_g for each ciphertext g of a record: what an answer multiplies it by.
    pub(crate) fn weights(&self, weights: &[Vec<i32>], answer: usize) -> Vec<BigInt> {
        let groups = weights[0].len().div_ceil(self.k);
        let weight = |group: usize| -> BigInt {
            let outputs = self.outputs(answer, weights.len()).enumerate();
            let terms = outputs.flat_map(|(i, output)| {
                (0..self.k).filter_map(move |j| {
                    let weight = weights[output].get(group * self.k + j)?;
                    let unit = (i * self.k + self.k - 1 - j) as u32;
                    Some(BigInt::from(*weight) << (self.unit * unit))
                })
            });
            terms.sum()
        };
        (0..groups).map(weight).collect()
    }

    /// An answer of a row without its mask, by what everyone can do with ciphertexts.
    pub(crate) fn unmasked(
        &self,
        key: &PublicKey,
        weights: &[Vec<i32>],
        answer: usize,
        row: &[Ciphertext],
    ) -> Ciphertext {
        let outputs = self.outputs(answer, weights.len());
        let rows: Vec<Vec<i32>> = outputs
            .flat_map(|output| (0..self.k).rev().map(move |j| (output, j)))
            .map(|(output, j)| {
                let weight = |group| weights[output].get(group * self.k + j).copied();
                (0..row.len()).map(|g| weight(g).unwrap_or(0)).collect()
            })
            .collect();
        let rows: Vec<&[i32]> = rows.iter().map(Vec::as_slice).collect();
        let sums = key.weighted_sums_vartime(row, rows);
        key.horner_vartime(&[sums], self.unit).remove(0)
    }
}

/// The bits from one slot of vouchers to the next: W·r has S + log₂ Σ|w| of them and a sign, and 41 more hide it, one of which
/// keeps off what is next to it.
fn voucher_unit(card: &Card) -> u32 {
    let slot_bits = card.slot_bits().get();
    let weights = ((1u64 << slot_bits) - 1) / u64::from(card.quantization().max());
    slot_bits + weights.ilog2() + 1 + 41
}

/// The number of a plaintext.
pub(crate) fn number(plaintext: &Plaintext) -> BigUint {
    let bytes = plaintext.limbs().iter().flat_map(|limb| limb.to_le_bytes());
    BigUint::from_bytes_le(&bytes.collect::<Vec<u8>>())
}

/// The plaintext of a number below n.
pub(crate) fn plaintext(key: &PublicKey, number: &BigUint) -> Plaintext {
    key.plaintext(&number.to_u64_digits()).unwrap()
}

pub(crate) fn modulus(key: &PublicKey) -> BigUint {
    BigUint::from_bytes_be(&key.modulus())
}

/// Bits of a number.
pub(crate) fn window(number: &BigUint, start: u32, width: u32) -> u64 {
    let mask = (BigUint::from(1u8) << width) - 1u8;
    u64::try_from(&((number >> start) & mask)).unwrap()
}

/// Σ W_g·x_g modulo n.
pub(crate) fn weighted_sum(weights: &[BigInt], inputs: &[BigUint], n: &BigUint) -> BigUint {
    assert_eq!(weights.len(), inputs.len());
    let terms = weights.iter().zip(inputs);
    let n = BigInt::from(n.clone());
    let sum: BigInt = terms
        .map(|(w, x)| w * BigInt::from_biguint(Sign::Plus, x.clone()))
        .sum();
    (((sum % &n) + &n) % &n).to_biguint().unwrap()
}

/// How seeded uploads are written: P, U and the bits above.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeededForm {
    pub(crate) low_bits: u32,
    pub(crate) junk_bits: u32,
    pub(crate) top_bits: u32,
}

impl Geometry {
    /// U is the largest with ⌊n/2^P⌋ ≥ (2^40 + 2)·(2^U·(⌊2^P/x_max⌋ + 1) + garbage); none if that
    /// leaves no bit of junk.
    pub(crate) fn seeded_form(&self, n: &BigUint, max_input: u32) -> Option<SeededForm> {
        let one = BigUint::from(1u8);
        let low_bits = self.end(self.slots);
        let weights = (&one << low_bits) / max_input + 1u8;
        let garbage = match self.k {
            1 => BigUint::ZERO,
            k => &one << (self.unit * (k as u32 - 1)),
        };
        let room = (n >> low_bits) / ((1u64 << 40) + 2);
        let fits = |junk_bits: &u32| (&weights << *junk_bits) + &garbage <= room;
        let junk_bits = (0..n.bits() as u32).take_while(fits).last()?;
        (junk_bits > 0).then_some(SeededForm {
            low_bits,
            junk_bits,
            top_bits: n.bits() as u32 - low_bits - junk_bits,
        })
    }
}

impl SeededForm {
    pub(crate) fn correction_bits(&self) -> u32 {
        self.low_bits + self.top_bits
    }

    /// lo and top of the correction in a number's lowest bits.
    pub(crate) fn parts(&self, correction: &BigUint) -> (BigUint, BigUint) {
        let one = BigUint::from(1u8);
        let low = correction % (&one << self.low_bits);
        let top = (correction >> self.low_bits) % (&one << self.top_bits);
        (low, top)
    }

    /// What a pseudo-random ciphertext that held μ holds after its correction: μ + lo − top·2^(P+U).
    pub(crate) fn plaintext(&self, random: &BigUint, correction: &BigUint, n: &BigUint) -> BigUint {
        let (low, top) = self.parts(correction);
        let top = (top << (self.low_bits + self.junk_bits)) % n;
        (random + low + n - top) % n
    }
}
