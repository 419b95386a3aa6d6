//! One chain of squarings for a power and for Horner's rule:
//! base^exponent · Π termsᵢ^(2^(shift·i)).
//!
//! Both are computed from their highest bit down, by squaring one number and occasionally
//! multiplying it by a factor. So the squarings that the power takes anyway shift the terms as
//! well.
//!
//! The power takes sliding windows over odd powers (Handbook of Applied Cryptography, 14.85).

use crate::limbs::bit_window;

/// Most bits of an exponent that are processed at a time.
const LARGEST_WINDOW: usize = 7;

/// What to multiply by, and when: it depends on the exponent, the shift and the number of terms, all of them
/// public.
pub(crate) struct Chain {
    /// The factors, each with the number of squarings that follow it, in descending order of that
    /// number.
    factors: Vec<(usize, Factor)>,
    /// How many odd powers of the base are needed.
    odd_powers: usize,
}

#[derive(Clone, Copy)]
pub(crate) enum Factor {
    /// base^(2i + 1).
    OddPower(usize),
    Term(usize),
}

/// How a chain computes with numbers.
pub(crate) trait Numbers {
    type Number: Clone;

    fn square(&self, x: &mut Self::Number);

    /// x ← x·y.
    fn multiply(&self, x: &mut Self::Number, y: &Self::Number);

    /// The base, for an exponent other than 0.
    fn base(&self) -> Self::Number;

    fn term(&self, index: usize) -> Self::Number;
}

/// What to do to the number next.
pub(crate) enum Step {
    Square,
    Multiply(Factor),
}

impl Chain {
    pub(crate) fn new(exponent: &[u64], shift: usize, terms: usize) -> Self {
        let (mut factors, odd_powers) = windows(exponent);
        factors.extend((0..terms).map(|i| (shift * i, Factor::Term(i))));
        factors.sort_by_key(|&(squarings, _)| std::cmp::Reverse(squarings));
        Self {
            factors,
            odd_powers,
        }
    }

    /// The factor to begin with, if any.
    pub(crate) fn first(&self) -> Option<Factor> {
        self.factors.first().map(|&(_, factor)| factor)
    }

    /// What to do then.
    pub(crate) fn steps(&self) -> impl Iterator<Item = Step> {
        let next = self.factors.iter().skip(1).map(Some).chain([None]);
        self.factors
            .iter()
            .zip(next)
            .flat_map(|(&(left, _), next)| {
                let (squarings, factor) = match next {
                    Some(&(squarings, factor)) => (squarings, Some(factor)),
                    None => (0, None),
                };
                let squares = std::iter::repeat_with(|| Step::Square).take(left - squarings);
                squares.chain(factor.map(Step::Multiply))
            })
    }

    /// The product, or `None` if it has no factors.
    pub(crate) fn run<N: Numbers>(&self, numbers: &N) -> Option<N::Number> {
        let odd_powers = self.odd_powers(numbers);
        let mut product = match self.first()? {
            Factor::OddPower(i) => odd_powers[i].clone(),
            Factor::Term(i) => numbers.term(i),
        };
        for step in self.steps() {
            match step {
                Step::Square => numbers.square(&mut product),
                Step::Multiply(Factor::OddPower(i)) => {
                    numbers.multiply(&mut product, &odd_powers[i]);
                }
                Step::Multiply(Factor::Term(i)) => numbers.multiply(&mut product, &numbers.term(i)),
            }
        }
        Some(product)
    }

    /// The odd powers that are among the factors.
    pub(crate) fn odd_powers<N: Numbers>(&self, numbers: &N) -> Vec<N::Number> {
        let mut powers = Vec::with_capacity(self.odd_powers);
        if self.odd_powers > 0 {
            powers.push(numbers.base());
        }
        if self.odd_powers > 1 {
            let mut square = powers[0].clone();
            numbers.square(&mut square);
            for i in 1..self.odd_powers {
                let mut next = powers[i - 1].clone();
                numbers.multiply(&mut next, &square);
                powers.push(next);
            }
        }
        powers
    }
}

/// The factors of a power, and how many odd powers they are chosen from.
fn windows(exponent: &[u64]) -> (Vec<(usize, Factor)>, usize) {
    let is_set = |i: &usize| bit_window(exponent, *i, 1) == 1;
    let Some(highest) = (0..64 * exponent.len()).rev().find(is_set) else {
        return (Vec::new(), 0);
    };
    let width = best_width(highest + 1);
    let (mut factors, mut largest) = (Vec::new(), 0);
    let mut left = highest + 1;
    while let Some(high) = (0..left).rev().find(is_set) {
        // The longest window below that ends in a set bit.
        let low = (high + 1).saturating_sub(width);
        let low = (low..=high).find(is_set).unwrap_or(high);
        let index = bit_window(exponent, low, high + 1 - low) as usize / 2;
        factors.push((low, Factor::OddPower(index)));
        largest = largest.max(index);
        left = low;
    }
    (factors, largest + 1)
}

/// The width with the fewest products for an exponent of `bits` bits: those of the odd powers, and one
/// per window, which are `width` + 1 bits apart on average.
fn best_width(bits: usize) -> usize {
    let products = |width: usize| (1 << (width - 1)) + bits / (width + 1);
    (1..=LARGEST_WINDOW)
        .min_by_key(|&width| products(width))
        .unwrap_or(1)
}
