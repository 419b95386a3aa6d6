//! Products and squares modulo n², on pairs of half-size numbers.
//!
//! With x = a₁ + b₁·n and y = a₂ + b₂·n, and R = 2^(64·L):
//!
//! 1. T = a₁·a₂ (L² limb products). Reduce it: m = −T·n⁻¹ mod R, t = (T + m·n)/R < 2n (L² more),
//!    so T/R = t − m·n/R. If t ≥ n, subtract n from t and add 1 to the second half.
//! 2. U = a₁·b₂ + a₂·b₁ − m + 2n (2L² more; b₁·b₂ falls out modulo n², and 2n > m keeps it from
//!    being negative). Reduce it: v = U/R modulo n (L² more), v < 3n; subtract n at most twice.
//!
//! (t, v) is x·y/R. In total, 5L² products instead of the 8L² of a Montgomery product on the 2L
//! limbs of n². In a square T takes L²/2, and U = a·2b only L²: 3.5L².

use zeroize::Zeroize as _;

use crate::limbs::{sub_assign, subtract_if_reached};
use crate::residue::Residue;
use crate::square_modulus::{MAX_LIMBS, SquareModulus};

impl SquareModulus {
    /// x·y.
    pub fn mul(&self, x: &Residue, y: &Residue) -> Residue {
        let mut product = x.clone();
        self.mul_assign(&mut product, y);
        product
    }

    /// x ← x·y, in 5L² limb products.
    pub fn mul_assign(&self, x: &mut Residue, y: &Residue) {
        match &self.pair_kernel {
            Some(pairs) => pairs.mul(x.limbs_mut(), y.limbs()),
            None => self.mul_limbs(x.limbs_mut(), y.limbs()),
        }
    }

    /// x ← x², in about 3.5L² limb products.
    pub fn square_assign(&self, x: &mut Residue) {
        match &self.pair_kernel {
            Some(pairs) => pairs.square(x.limbs_mut()),
            None => self.square_limbs(x.limbs_mut()),
        }
    }

    /// [`mul_assign`](Self::mul_assign) by products of limbs.
    pub(crate) fn mul_limbs(&self, x: &mut [u64], y: &[u64]) {
        let (a, b) = x.split_at_mut(self.limbs());
        with_room(self.limbs(), |t, u| {
            let t = self.first_sum(a, Some(y), t, u);
            self.second_sum(a, b, Some(y), u);
            a.copy_from_slice(t);
        });
    }

    /// [`square_assign`](Self::square_assign) by products of limbs.
    pub(crate) fn square_limbs(&self, x: &mut [u64]) {
        let (a, b) = x.split_at_mut(self.limbs());
        with_room(self.limbs(), |t, u| {
            let t = self.first_sum(a, None, t, u);
            self.second_sum(a, b, None, u);
            a.copy_from_slice(t);
        });
    }

    /// How long a note of [`first_half_limbs`](Self::first_half_limbs) is: a as it was, and what U starts with.
    pub(crate) fn limbs_note_length(&self) -> usize {
        2 * self.limbs() + 1
    }

    /// The first half of a product or a square, and what the second half needs from it.
    pub(crate) fn first_half_limbs(&self, a: &mut [u64], factor: Option<&[u64]>, note: &mut [u64]) {
        let (before, start) = note.split_at_mut(self.limbs());
        before.copy_from_slice(a);
        with_room(self.limbs(), |t, u| {
            a.copy_from_slice(self.first_sum(before, factor, t, u));
            start.copy_from_slice(&u[..start.len()]);
        });
    }

    /// The second half, using the note from the first.
    pub(crate) fn second_half_limbs(&self, b: &mut [u64], factor: Option<&[u64]>, note: &[u64]) {
        let (a, start) = note.split_at(self.limbs());
        with_room(self.limbs(), |_, u| {
            u[..start.len()].copy_from_slice(start);
            self.second_sum(a, b, factor, u);
        });
    }

    /// Step 1 of a product, or of a square if there is no factor: t, and what U starts with.
    fn first_sum<'a>(
        &self,
        a: &[u64],
        factor: Option<&[u64]>,
        t: &'a mut [u64],
        u: &mut [u64],
    ) -> &'a [u64] {
        match factor {
            Some(y) => {
                (self.kernel.mul_add)(t, a, &y[..self.limbs()]);
            }
            None => (self.kernel.square)(t, a),
        }
        self.reduce_first(t, u)
    }

    /// Step 2: b ← v.
    fn second_sum(&self, a: &[u64], b: &mut [u64], factor: Option<&[u64]>, u: &mut [u64]) {
        let mul_add = self.kernel.mul_add;
        let carry = match factor {
            Some(y) => {
                let (ya, yb) = y.split_at(self.limbs());
                mul_add(u, a, yb) + mul_add(u, b, ya)
            }
            None => {
                // 2b modulo n, so that v < 2n.
                let mut top = 0;
                for b in b.iter_mut() {
                    (*b, top) = ((*b << 1) | top, *b >> 63);
                }
                subtract_if_reached(b, top, &self.n);
                mul_add(u, a, b)
            }
        };
        let (v, mut high) = self.reduce(u, carry);
        for _ in 0..if factor.is_some() { 2 } else { 1 } {
            (high, _) = subtract_if_reached(v, high, &self.n);
        }
        b.copy_from_slice(v);
    }

    /// x·y/R modulo n for x of L limbs and y < n: x·y < R·n, so it is below 2n before the
    /// subtraction.
    pub(crate) fn half_product(&self, x: &[u64], y: &[u64]) -> Vec<u64> {
        let mut product = vec![0; 2 * self.limbs()];
        (self.kernel.mul_add)(&mut product, x, y);
        let (half, high) = self.reduce(&mut product, 0);
        subtract_if_reached(half, high, &self.n);
        product.split_off(self.limbs())
    }

    /// A number modulo n itself, as L limbs, in 3L² limb products. The number may be secret.
    ///
    /// # Panics
    /// If the number has more than 2L − 1 limbs.
    pub fn remainder(&self, number: &[u64]) -> Vec<u64> {
        // Less than R·n, since n has its top bit set, unless its 2L limbs are all in use.
        assert!(number.len() < 2 * self.limbs(), "the number is too long");
        let mut t = vec![0; 2 * self.limbs()];
        t[..number.len()].copy_from_slice(number);
        let (half, high) = self.reduce(&mut t, 0);
        subtract_if_reached(half, high, &self.n);
        let remainder = self.half_product(half, self.r_mod_n());
        t.zeroize();
        remainder
    }

    /// x²/R modulo n for x < n.
    pub(crate) fn half_square(&self, x: &[u64]) -> Vec<u64> {
        let mut square = vec![0; 2 * self.limbs()];
        (self.kernel.square)(&mut square, x);
        let (half, high) = self.reduce(&mut square, 0);
        subtract_if_reached(half, high, &self.n);
        square.split_off(self.limbs())
    }

    /// Reduces T < n² to its first half t < n, and starts the second one:
    /// u ← 2n − m + (R if n was subtracted from t), for u all zeros.
    fn reduce_first<'a>(&self, t: &'a mut [u64], u: &mut [u64]) -> &'a [u64] {
        let l = self.limbs();
        let high = (self.kernel.redc)(t, &self.n, self.n_inv);
        let (m, t) = t.split_at_mut(l);
        let (_, one) = subtract_if_reached(t, high, &self.n);
        u[..l].copy_from_slice(&self.two_n_low);
        u[l] = 1 + one - sub_assign(&mut u[..l], m);
        t
    }

    /// (T + m·n)/R for (carry, T), as L limbs and what is above them.
    fn reduce<'a>(&self, t: &'a mut [u64], carry: u64) -> (&'a mut [u64], u64) {
        let high = (self.kernel.redc)(t, &self.n, self.n_inv) + carry;
        (&mut t[self.limbs()..], high)
    }
}

/// Calls `f` with room for two double-length numbers, all zeros, and not much larger than `limbs`
/// requires, because clearing takes time.
fn with_room(limbs: usize, f: impl FnOnce(&mut [u64], &mut [u64])) {
    fn room<const L: usize>(limbs: usize, f: impl FnOnce(&mut [u64], &mut [u64])) {
        let (mut t, mut u) = ([[0; L]; 2], [[0; L]; 2]);
        f(
            &mut t.as_flattened_mut()[..2 * limbs],
            &mut u.as_flattened_mut()[..2 * limbs],
        );
    }
    match limbs {
        0..=16 => room::<16>(limbs, f),
        17..=32 => room::<32>(limbs, f),
        _ => room::<MAX_LIMBS>(limbs, f),
    }
}
