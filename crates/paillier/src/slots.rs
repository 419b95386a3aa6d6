//! [`Slots`]: several signed integers in one plaintext.

use crypto_bigint::{BoxedUint, NonZero};
use zeroize::Zeroizing;

use crate::limbs::{all_bits, shifted};
use crate::plaintext::{Plaintext, PlaintextError};
use crate::public_key::PublicKey;
use crate::public_values::public;

/// Room for several signed integers in one plaintext, Σ vᵢ·2^(s·i): `bits` bits for the magnitude of each, and one
/// for its sign, s = `bits` + 1.
///
/// The sum of two plaintexts holds the sums of their integers, and a multiple of one holds the multiples, as
/// long as each of them fits its slot. One that doesn't spills into its neighbours: whoever computes has to
/// know bounds.
///
/// ```
/// # use veilcast_paillier::{KeyPolicy, SecretKey};
/// use veilcast_paillier::Slots;
///
/// # let policy = KeyPolicy { allow_insecure_1024: true };
/// # let secret = SecretKey::generate(1024, policy)?;
/// let key = secret.public_key();
/// let slots = Slots::new(key, 40).ok_or("the key has no room")?;
/// let integers = [3, -5, 8].map(|value| key.encode(value));
/// let c = secret.encrypt(&slots.pack(&integers)?);
/// let tripled = key.mul_vartime(&c, &key.encode(-3));
/// let found = slots.unpack(&secret.decrypt(&tripled)?, 3)?;
/// assert_eq!(found, [-9, 15, -24].map(|value| key.encode(value)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Slots {
    key: PublicKey,
    /// s.
    width: usize,
}

impl Slots {
    /// Slots for integers of up to `bits` bits in magnitude, or `None` if the key has no room for even one.
    pub fn new(key: &PublicKey, bits: u32) -> Option<Self> {
        let slots = Self {
            key: key.clone(),
            width: bits as usize + 1,
        };
        (slots.most() > 0).then_some(slots)
    }

    /// How many slots a plaintext has: their sum stays below n/2 in magnitude.
    pub fn most(&self) -> usize {
        (self.key.bits() as usize - 2) / self.width
    }

    /// Bits of a slot.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The plaintext of as many integers as there are slots at most. Constant time, except that it shows
    /// whether they fit.
    ///
    /// # Errors
    /// Each integer must fit its slot.
    ///
    /// # Panics
    /// If there are more integers than slots, or one belongs to a key of another size.
    pub fn pack(&self, integers: &[Plaintext]) -> Result<Plaintext, PlaintextError> {
        assert!(
            integers.len() <= self.most(),
            "a plaintext has no more slots than `most` says"
        );
        let half = self.shifted_up(&[1]);
        let (mut packed, mut above) = (Zeroizing::new(vec![0; self.key.limbs()]), 0);
        for (i, integer) in integers.iter().enumerate() {
            let raised = self.key.sum(integer.limbs(), &half);
            above |= all_bits(&shifted(&raised, -(self.width as isize)));
            let placed = Zeroizing::new(shifted(&raised, (self.width * i) as isize));
            packed
                .iter_mut()
                .zip(placed.iter())
                .for_each(|(packed, placed)| *packed |= placed);
        }
        if public(above != 0) {
            return Err(PlaintextError::TooLarge);
        }
        let number = (self.key).difference(&packed, &self.raised_by(integers.len()));
        Ok(Plaintext::from_checked(number.to_vec()))
    }

    /// The integers in the first `count` slots. Constant time, except that it shows whether there is anything
    /// above.
    ///
    /// # Errors
    /// Nothing but these slots may be in use.
    ///
    /// # Panics
    /// If there are fewer slots, or the plaintext belongs to a key of another size.
    pub fn unpack(
        &self,
        packed: &Plaintext,
        count: usize,
    ) -> Result<Vec<Plaintext>, PlaintextError> {
        let raised = self.raised(packed, count)?;
        let half = self.shifted_up(&[1]);
        let integer = |raised: &Zeroizing<Vec<u64>>| {
            Plaintext::from_checked(self.key.difference(raised, &half).to_vec())
        };
        Ok(raised.iter().map(integer).collect())
    }

    /// The integers in the first slots, each raised by 2^`bits`, so that none is negative.
    pub(crate) fn raised(
        &self,
        packed: &Plaintext,
        count: usize,
    ) -> Result<Vec<Zeroizing<Vec<u64>>>, PlaintextError> {
        assert!(
            count <= self.most(),
            "a plaintext has no more slots than `most` says"
        );
        let raised = self.key.sum(packed.limbs(), &self.raised_by(count));
        let above = Zeroizing::new(shifted(&raised, -((self.width * count) as isize)));
        if public(all_bits(&above) != 0) {
            return Err(PlaintextError::TooLarge);
        }
        let slot = |i: usize| {
            let mut slot = Zeroizing::new(shifted(&raised, -((self.width * i) as isize)));
            for (limb, place) in slot.iter_mut().zip(0..) {
                *limb &= match self.width.saturating_sub(64 * place) {
                    0 => 0,
                    bits @ 1..=63 => (1 << bits) - 1,
                    _ => u64::MAX,
                };
            }
            slot
        };
        Ok((0..count).map(slot).collect())
    }

    /// x·2^`bits`, as many limbs as n has.
    pub(crate) fn shifted_up(&self, x: &[u64]) -> Vec<u64> {
        let mut limbs = x.to_vec();
        limbs.resize(self.key.limbs(), 0);
        shifted(&limbs, self.width as isize - 1)
    }

    /// Σ 2^(s·i + `bits`): what makes the integers of the first slots non-negative.
    fn raised_by(&self, count: usize) -> Vec<u64> {
        let mut offset = vec![0; self.key.limbs()];
        for bit in (0..count).map(|i| self.width * (i + 1) - 1) {
            offset[bit / 64] |= 1 << (bit % 64);
        }
        offset
    }
}

impl PublicKey {
    /// a + b modulo n for numbers below n.
    fn sum(&self, a: &[u64], b: &[u64]) -> Zeroizing<Vec<u64>> {
        self.modulo_n(a, b, BoxedUint::add_mod)
    }

    /// a − b modulo n for numbers below n.
    pub(crate) fn difference(&self, a: &[u64], b: &[u64]) -> Zeroizing<Vec<u64>> {
        self.modulo_n(a, b, BoxedUint::sub_mod)
    }

    fn modulo_n(
        &self,
        a: &[u64],
        b: &[u64],
        compute: impl Fn(&BoxedUint, &BoxedUint, &NonZero<BoxedUint>) -> BoxedUint,
    ) -> Zeroizing<Vec<u64>> {
        let number = |limbs: &[u64]| BoxedUint::from_words(limbs.iter().copied());
        let [a, b] = [a, b].map(|limbs| Zeroizing::new(number(limbs)));
        let n = NonZero::new(number(self.modulus_limbs())).expect("n is not zero");
        let result = Zeroizing::new(compute(&a, &b, &n));
        Zeroizing::new(result.as_words().to_vec())
    }
}
