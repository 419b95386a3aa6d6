//! Horner's rule in the exponent, Π xᵢ^(2^(s·i)) for lists of x; alone, or on the squarings of a
//! power.

use std::sync::mpsc;

use zeroize::Zeroizing;

use crate::chain::{Chain, Factor, Numbers, Step};
use crate::lanes::{horner_group, widest};
use crate::number::Number;
use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// Π lists\[j\]\[i\]^(2^(squarings·i)) for each list j; 1 for an empty list. The time depends only
/// on the lists' lengths and `squarings`: s squarings and one product per number of a list except
/// its last.
///
/// Fastest for groups of eight or four lists of about the same length.
pub fn horner_many(
    modulus: &SquareModulus,
    lists: &[Vec<&Residue>],
    squarings: u32,
) -> Vec<Residue> {
    products(modulus, lists, squarings, &[], &[])
}

/// bases\[j\]^exponent · Π lists\[j\]\[i\]^(2^(squarings·i)) for each list j, for a public exponent;
/// bases and lists may be secret.
///
/// The power's squarings shift the lists' numbers: for an exponent of |n| bits, |n| squarings in
/// total, a product per number of a list, and about |n|/8 + 64 for the power.
///
/// # Panics
/// If there is not one base per list.
pub fn horner_powers_vartime(
    modulus: &SquareModulus,
    lists: &[Vec<&Residue>],
    squarings: u32,
    bases: &[Residue],
    exponent: &[u64],
) -> Vec<Residue> {
    assert_eq!(lists.len(), bases.len(), "there must be one base per list");
    products(modulus, lists, squarings, bases, exponent)
}

/// Π list\[i\]^(2^(squarings·i)), times base^exponent if there is a power, on two cores: as by [`horner_many`] or
/// [`horner_powers_vartime`] in 0.6 times the time, for about as much work.
///
/// The first half of a number depends on no second half (see `product`): so one thread of rayon's current pool
/// computes the first halves of all products, and another the second halves, a few products behind.
pub fn horner_in_halves_vartime(
    modulus: &SquareModulus,
    list: &[&Residue],
    squarings: u32,
    power: Option<(&Residue, &[u64])>,
) -> Residue {
    let (base, exponent) = (power.map(|(base, _)| base), power.map(|(_, e)| e));
    let chain = Chain::new(exponent.unwrap_or(&[]), squarings as usize, list.len());
    let numbers = Single {
        modulus,
        list,
        base,
    };
    let Some(first) = chain.first() else {
        return modulus.one();
    };
    let odd_powers = chain.odd_powers(&numbers);
    let terms: Vec<Number> = (0..list.len()).map(|i| numbers.term(i)).collect();
    let number = |factor| match factor {
        Factor::OddPower(i) => &odd_powers[i],
        Factor::Term(i) => &terms[i],
    };
    let factors = chain.steps().map(|step| match step {
        Step::Square => None,
        Step::Multiply(factor) => Some(number(factor)),
    });
    let factors: Vec<_> = factors.collect();
    modulus.leave(&in_halves(modulus, number(first).clone(), &factors))
}

/// Products in sequence: squares, where there is no factor.
///
/// The first halves never wait. So they finish, and then the second ones, even if there is no
/// second thread.
fn in_halves(modulus: &SquareModulus, mut x: Number, factors: &[Option<&Number>]) -> Number {
    let length = modulus.note_length();
    let (a, b) = x.halves_mut();
    let (sender, receiver) = mpsc::channel();
    let first_halves = move || {
        for factors in factors.chunks(AT_ONCE) {
            let mut notes = Zeroizing::new(vec![0; factors.len() * length]);
            for (factor, note) in factors.iter().zip(notes.chunks_exact_mut(length)) {
                modulus.first_half(a, *factor, note);
            }
            // If nobody listens, the other thread has panicked, and so will this one when it ends.
            let _ = sender.send(notes);
        }
    };
    let second_halves = || {
        for (factors, notes) in factors.chunks(AT_ONCE).zip(receiver) {
            for (factor, note) in factors.iter().zip(notes.chunks_exact(length)) {
                modulus.second_half(b, *factor, note);
            }
        }
    };
    rayon::join(first_halves, second_halves);
    x
}

/// Products whose notes are handed over together: enough that handing over takes negligible time,
/// few enough that the second thread finishes soon after the first.
const AT_ONCE: usize = 32;

/// Without any bases, the exponent must be 0.
fn products(
    modulus: &SquareModulus,
    lists: &[Vec<&Residue>],
    squarings: u32,
    bases: &[Residue],
    exponent: &[u64],
) -> Vec<Residue> {
    let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
    let chain = Chain::new(exponent, squarings as usize, longest);
    let mut products = Vec::with_capacity(lists.len());
    let mut left = bases;
    for lists in lists.chunks(widest()) {
        let (bases, others) = left.split_at(lists.len().min(left.len()));
        left = others;
        match horner_group(modulus, lists, bases, &chain) {
            Some(group) => products.extend(group),
            None => products.extend(lists.iter().enumerate().map(|(j, list)| {
                let base = bases.get(j);
                let numbers = Single {
                    modulus,
                    list,
                    base,
                };
                let product = match list.len() == longest {
                    true => chain.run(&numbers),
                    false => Chain::new(exponent, squarings as usize, list.len()).run(&numbers),
                };
                product.map_or_else(|| modulus.one(), |product| modulus.leave(&product))
            })),
        }
    }
    products
}

/// Numbers of one list.
struct Single<'a> {
    modulus: &'a SquareModulus,
    list: &'a [&'a Residue],
    base: Option<&'a Residue>,
}

impl Numbers for Single<'_> {
    type Number = Number;

    fn square(&self, x: &mut Number) {
        self.modulus.square(x);
    }

    fn multiply(&self, x: &mut Number, y: &Number) {
        self.modulus.multiply(x, y);
    }

    fn base(&self) -> Number {
        let base = self.base.expect("an exponent has a base");
        self.modulus.enter(base)
    }

    fn term(&self, index: usize) -> Number {
        self.modulus.enter(self.list[index])
    }
}
