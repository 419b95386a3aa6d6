//! [`SquareModulus`], the ring of integers modulo n² on pairs of half-size numbers.
//!
//! x is kept as the pair (a, b) with x = a + b·n: like the first two digits of a p-adic number,
//! with n in place of p. Products and squares are in `product`, powers in `pow`.

use std::hint::black_box;
use std::sync::Arc;

use crypto_bigint::{BoxedUint, CtOption, Gcd, Odd};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::kernel::{Kernel, PairKernel, pair_kernel};
use crate::limbs::{
    adc, add_assign, add_word, is_below, mac, negated_inverse, sbb, subtract_if_reached,
};
use crate::residue::Residue;

/// The most limbs that n may have: 4096 bits.
pub const MAX_LIMBS: usize = 64;

/// Why a number can't be a [`SquareModulus`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModulusError {
    /// n is even.
    #[error("the modulus is even; an odd one is needed")]
    Even,
    /// n does not fill its limbs to the top bit, or it has no limbs or too many.
    #[error("the modulus must have a multiple of 64 bits, 64 to 4096")]
    Size,
}

/// The ring of integers modulo n², for an odd n of exactly 64·L bits, L at most [`MAX_LIMBS`].
///
/// n may be secret, such as a prime of a secret key: it is wiped on drop, and `Debug` does not show
/// it.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SquareModulus {
    pub(crate) n: Box<[u64]>,
    /// 2n − R, so 2n without its top bit.
    pub(crate) two_n_low: Box<[u64]>,
    /// −n⁻¹ modulo 2⁶⁴.
    pub(crate) n_inv: u64,
    /// 1 in Montgomery form: R modulo n².
    one: Residue,
    /// R in Montgomery form: multiplying by it multiplies by R.
    r: Residue,
    #[zeroize(skip)]
    pub(crate) kernel: Kernel,
    #[zeroize(skip)] // It wipes itself.
    pub(crate) pair_kernel: Option<Arc<dyn PairKernel>>,
    /// The pairs R'²/R and R modulo n² in the pair kernel's digits, which bring a residue into its form and back.
    pub(crate) enter: Vec<u64>,
    pub(crate) leave: Vec<u64>,
}

impl SquareModulus {
    /// The ring modulo n² for the little-endian limbs of n.
    ///
    /// # Errors
    /// n must be odd and have its top bit set in the last of 1 to [`MAX_LIMBS`] limbs.
    pub fn new(n: &[u64]) -> Result<Self, ModulusError> {
        let (Some(&lowest), Some(&highest)) = (n.first(), n.last()) else {
            return Err(ModulusError::Size);
        };
        if n.len() > MAX_LIMBS || highest >> 63 == 0 {
            return Err(ModulusError::Size);
        }
        if lowest & 1 == 0 {
            return Err(ModulusError::Even);
        }

        let mut two_n_low = n.to_vec();
        add_assign(&mut two_n_low, n);

        // R = n + (R − n), and R − n < n since n has its top bit set.
        let mut remainder = vec![0; n.len()];
        let mut borrow = 0;
        for (r, &n) in remainder.iter_mut().zip(n) {
            (*r, borrow) = sbb(0, n, borrow);
        }
        let mut quotient = vec![0; n.len()];
        quotient[0] = 1;
        let one = Residue::from_halves(&remainder, &quotient);

        let mut modulus = Self {
            n: n.into(),
            two_n_low: two_n_low.into(),
            n_inv: negated_inverse(lowest),
            r: one.clone(),
            one,
            kernel: Kernel::for_limbs(n.len()),
            pair_kernel: pair_kernel(n),
            enter: Vec::new(),
            leave: Vec::new(),
        };
        for _ in 0..64 * n.len() {
            let twice = modulus.add(&modulus.r, &modulus.r);
            modulus.r = twice;
        }
        if let Some(pairs) = modulus.pair_kernel.clone() {
            let (enter, leave) = (modulus.power_of_two(2 * pairs.extra_bits()), modulus.one());
            modulus.enter = pairs.to_digits(enter.limbs());
            modulus.leave = pairs.to_digits(leave.limbs());
        }
        Ok(modulus)
    }

    /// 2^exponent, for an exponent other than 0.
    fn power_of_two(&self, exponent: usize) -> Residue {
        let squarings = exponent.trailing_zeros();
        let mut power = self.one();
        for _ in 0..exponent >> squarings {
            power = self.add(&power, &power);
        }
        (0..squarings).for_each(|_| self.square_assign(&mut power));
        power
    }

    /// L, the number of limbs of n.
    pub fn limbs(&self) -> usize {
        self.n.len()
    }

    /// The little-endian limbs of n.
    pub fn n(&self) -> &[u64] {
        &self.n
    }

    /// Whether x, of L limbs, is below n.
    pub fn is_below_n(&self, x: &[u64]) -> bool {
        x.len() == self.limbs() && is_below(x, &self.n)
    }

    /// The name of the kernel that is used, for benchmarks.
    pub fn kernel_name(&self) -> &'static str {
        match &self.pair_kernel {
            Some(pairs) => pairs.name(),
            None => self.kernel.name,
        }
    }

    /// The residue at a secret index in a table of residues' limbs, all of which are read.
    pub(crate) fn select(&self, table: &[u64], index: u64) -> Residue {
        let mut limbs = vec![0; 2 * self.limbs()].into_boxed_slice();
        (self.kernel.select)(&mut limbs, table, index);
        Residue::from_limbs(limbs)
    }

    /// 1.
    pub fn one(&self) -> Residue {
        self.one.clone()
    }

    /// Whether x is 1.
    pub fn is_one(&self, x: &Residue) -> bool {
        let limbs = x.limbs().iter().zip(self.one.limbs());
        limbs.fold(0, |difference, (x, one)| difference | (x ^ one)) == 0
    }

    /// The residue of a number of any length, given by its little-endian limbs.
    ///
    /// Costs ⌈length/L⌉ products. The length is public; the number may be secret.
    pub fn residue(&self, number: &[u64]) -> Residue {
        // Horner's rule in digits of R, then once more times R for the Montgomery form.
        let digit = |limbs: &[u64]| {
            let (mut low, mut high) = (vec![0; self.limbs()], vec![0; self.limbs()]);
            low[..limbs.len()].copy_from_slice(limbs);
            (_, high[0]) = subtract_if_reached(&mut low, 0, &self.n);
            Residue::from_halves(&low, &high)
        };
        let mut digits = number.chunks(self.limbs()).rev().map(digit);
        let mut x = digits.next().unwrap_or_else(|| digit(&[]));
        for digit in digits {
            self.mul_assign(&mut x, &self.r);
            x = self.add(&x, &digit);
        }
        self.mul_assign(&mut x, &self.r);
        x
    }

    /// The residue a + b·n for halves a and b of L limbs each, or `None` if one is not below n.
    pub fn residue_from_halves(&self, a: &[u64], b: &[u64]) -> Option<Residue> {
        (self.is_below_n(a) && self.is_below_n(b))
            .then(|| self.mul(&Residue::from_halves(a, b), &self.r))
    }

    /// The halves a = x mod n and b = ⌊x/n⌋ of x, L limbs each.
    pub fn halves(&self, x: &Residue) -> (Vec<u64>, Vec<u64>) {
        let mut unit = vec![0; self.limbs()];
        unit[0] = 1;
        let plain = self.mul(x, &Residue::from_halves(&unit, &vec![0; self.limbs()]));
        let (a, b) = plain.halves();
        (a.to_vec(), b.to_vec())
    }

    /// The number x below n², as 2L little-endian limbs.
    pub fn to_limbs(&self, x: &Residue) -> Vec<u64> {
        let (a, b) = self.halves(x);
        let mut number = vec![0; 2 * self.limbs()];
        (self.kernel.mul_add)(&mut number, &b, &self.n);
        let (low, high) = number.split_at_mut(self.limbs());
        let carry = add_assign(low, &a);
        add_word(high, carry);
        number
    }

    /// x + y.
    pub fn add(&self, x: &Residue, y: &Residue) -> Residue {
        let mut sum = x.clone();
        let (a, b) = sum.limbs_mut().split_at_mut(self.limbs());
        let (ya, yb) = y.halves();
        let high = add_assign(a, ya);
        let (_, carry) = subtract_if_reached(a, high, &self.n);
        let high = add_assign(b, yb) + add_word(b, carry);
        subtract_if_reached(b, high, &self.n);
        sum
    }

    /// x − y.
    pub fn sub(&self, x: &Residue, y: &Residue) -> Residue {
        let mut difference = x.clone();
        let (a, b) = difference.limbs_mut().split_at_mut(self.limbs());
        let (ya, yb) = y.halves();
        let borrow = self.sub_half(a, ya, 0);
        self.sub_half(b, yb, borrow);
        difference
    }

    /// x ← x − y − borrow, plus n if that is negative; returns 1 if n was added, else 0.
    fn sub_half(&self, x: &mut [u64], y: &[u64], mut borrow: u64) -> u64 {
        for (x, &y) in x.iter_mut().zip(y) {
            (*x, borrow) = sbb(*x, y, borrow);
        }
        // Hidden from the optimiser, which might turn the mask into a branch, and has.
        let (mask, mut carry) = (black_box(borrow.wrapping_neg()), 0);
        for (x, &n) in x.iter_mut().zip(&self.n) {
            (*x, carry) = adc(*x, n & mask, carry);
        }
        borrow
    }

    /// x ← x·(1 + m·n) for an m of L limbs, of which only the residue modulo n matters. Costs 4L²
    /// limb products, since 1 + m·n changes only the second half: (a, b)·(1, m) = (a, b + a·m).
    ///
    /// # Panics
    /// If m has another number of limbs.
    pub fn mul_one_plus_n_times(&self, x: &mut Residue, m: &[u64]) {
        let l = self.limbs();
        assert_eq!(m.len(), l, "the multiple of n has as many limbs as n");
        // a is in Montgomery form, so m must be too for the product to stay there: a·m·R/R.
        // Checking that m is below n would branch on a secret, and is not needed: R·n bounds the
        // product.
        let m = self.half_product(m, self.r_mod_n());
        let product = self.half_product(&m, x.halves().0);
        let b = &mut x.limbs_mut()[l..];
        let high = add_assign(b, &product);
        subtract_if_reached(b, high, &self.n);
    }

    /// R² mod n: the first half of R in Montgomery form.
    pub(crate) fn r_mod_n(&self) -> &[u64] {
        self.r.halves().0
    }

    /// x ← x·2^shift for a shift below 60, with two divisions by one limb and 2L limb products.
    /// Variable time in x, since processors may divide in variable time.
    pub(crate) fn shift_up_vartime(&self, x: &mut Residue, shift: u32) {
        let l = self.limbs();
        // One more than n's top limb, so that no quotient is too large; it is at most 1 too small.
        let divisor = u128::from(self.n[l - 1]) + 1;
        let (a, b) = x.limbs_mut().split_at_mut(l);
        let mut more = 0;
        for half in [a, b] {
            // (high, half) ← half·2^shift + more.
            let (mut high, mut carry) = (0, more);
            for limb in half.iter_mut() {
                let wide = (u128::from(*limb) << shift) + u128::from(high);
                (*limb, carry) = adc(wide as u64, 0, carry);
                high = (wide >> 64) as u64;
            }
            high += carry;
            let quotient = (((u128::from(high) << 64) | u128::from(half[l - 1])) / divisor) as u64;
            let (mut borrow, mut product) = (0, 0);
            for (limb, &n) in half.iter_mut().zip(&self.n) {
                let low;
                (low, product) = mac(0, quotient, n, product);
                (*limb, borrow) = sbb(*limb, low, borrow);
            }
            high = high.wrapping_sub(product).wrapping_sub(borrow);
            let (_, one) = subtract_if_reached(half, high, &self.n);
            more = quotient + one;
        }
    }

    /// x ← x/2^shift for a shift from 1 to 63: Montgomery's reduction by that many bits.
    pub(crate) fn shift_down(&self, x: &mut Residue, shift: u32) {
        let l = self.limbs();
        let (a, b) = x.limbs_mut().split_at_mut(l);
        // x = a + b·n = (a + m·n) + (b − m)·n.
        let m = self.reduce_bits(a, shift);
        let mut m_half = vec![0; l];
        m_half[0] = m;
        self.sub_half(b, &m_half, 0);
        self.reduce_bits(b, shift);
    }

    /// half ← (half + m·n)/2^shift for the m below 2^shift that makes the division exact.
    fn reduce_bits(&self, half: &mut [u64], shift: u32) -> u64 {
        let m = half[0].wrapping_mul(self.n_inv) & ((1 << shift) - 1);
        let (mut low, mut carry) = mac(half[0], m, self.n[0], 0);
        for i in 1..half.len() {
            let next;
            (next, carry) = mac(half[i], m, self.n[i], carry);
            half[i - 1] = (low >> shift) | (next << (64 - shift));
            low = next;
        }
        half[half.len() - 1] = (low >> shift) | (carry << (64 - shift));
        m
    }

    /// Whether all of these are units, that is, coprime to n. Costs one product of half size each,
    /// and one greatest common divisor (by crypto-bigint). Variable time in the numbers and n.
    pub fn are_units_vartime<'a>(&self, numbers: impl IntoIterator<Item = &'a Residue>) -> bool {
        // The Montgomery form multiplies by powers of 2, which are coprime to n.
        let mut product = self.one.halves().0.to_vec();
        for x in numbers {
            product = self.half_product(&product, x.halves().0);
        }
        let n = BoxedUint::from_words(self.n.iter().copied());
        BoxedUint::from_words(product)
            .gcd_vartime(&n)
            .is_one()
            .to_bool()
    }

    /// The inverse of x, or `None` if x has a factor in common with n.
    ///
    /// An inversion modulo n (by crypto-bigint), and one step of Hensel's lifting from n to n².
    pub fn invert(&self, x: &Residue) -> Option<Residue> {
        self.lift_inverse(x, BoxedUint::invert_odd_mod)
    }

    /// As [`invert`](Self::invert), but faster and in time that depends on x and n.
    pub fn invert_vartime(&self, x: &Residue) -> Option<Residue> {
        self.lift_inverse(x, BoxedUint::invert_odd_mod_vartime)
    }

    fn lift_inverse(
        &self,
        x: &Residue,
        invert: fn(&BoxedUint, &Odd<BoxedUint>) -> CtOption<BoxedUint>,
    ) -> Option<Residue> {
        let n = Odd::new(BoxedUint::from_words(self.n.iter().copied())).into_option()?;
        let guess = invert(&BoxedUint::from_words(self.halves(x).0), &n).into_option()?;
        // x·guess = 1 + k·n, so x⁻¹ = guess·(1 − k·n).
        let mut inverse = self.residue(guess.as_words());
        let (_, k) = self.halves(&self.mul(x, &inverse));
        let mut minus_k = vec![0; self.limbs()];
        self.sub_half(&mut minus_k, &k, 0);
        self.mul_one_plus_n_times(&mut inverse, &minus_k);
        Some(inverse)
    }
}

impl std::fmt::Debug for SquareModulus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "SquareModulus({} limbs, {})",
            self.limbs(),
            self.kernel_name()
        )
    }
}
