//! How much interpreting a network may take.

use super::error::{Fault, shown};

/// Most nodes that a network may have.
pub(super) const MAX_NODES: usize = 1000;
/// Most numbers that a tensor may have.
pub(super) const MAX_NUMBERS: usize = 1 << 24;
/// Most dimensions that a tensor may have.
const MAX_SIDES: usize = 16;
/// Most products that a node may compute in one run.
const MAX_PRODUCTS: u64 = 1 << 28;
/// Most numbers that all nodes may hold for one run, packed copies included: 1 GiB.
const MAX_ALL_NUMBERS: u64 = 1 << 28;
/// Most products and results that all nodes may compute in one run: about a second, ten at worst.
const MAX_ALL_PRODUCTS: u64 = 1 << 32;

/// How many numbers a tensor of these sides has.
pub(super) fn volume(sides: &[usize]) -> Result<usize, Fault> {
    let too_large = |limit: String| {
        let problem = format!("a tensor of {} has more than {limit}", shown(sides));
        Err(Fault::TooLarge(problem))
    };
    if sides.len() > MAX_SIDES {
        return too_large(format!("{MAX_SIDES} sides"));
    }
    if sides.iter().any(|&side| side > MAX_NUMBERS) {
        return too_large(format!("{MAX_NUMBERS} numbers along a side"));
    }
    if sides.contains(&0) {
        return Ok(0);
    }
    let product = sides.iter().try_fold(1_usize, |product, &side| {
        product.checked_mul(side).filter(|&n| n <= MAX_NUMBERS)
    });
    product.map_or_else(|| too_large(format!("{MAX_NUMBERS} numbers")), Ok)
}

/// What a network may still take.
#[derive(Debug)]
pub(super) struct Budget {
    numbers: u64,
    products: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            numbers: MAX_ALL_NUMBERS,
            products: MAX_ALL_PRODUCTS,
        }
    }
}

impl Budget {
    /// Takes the memory for the product of these factors in numbers, and the time to write them.
    pub(super) fn take_numbers(&mut self, factors: &[usize]) -> Result<(), Fault> {
        let all = take(&mut self.numbers, product(factors));
        let all = all.and_then(|()| take(&mut self.products, product(factors)));
        all.ok_or_else(|| {
            let problem = format!("the network would hold more than {MAX_ALL_NUMBERS} numbers");
            Fault::TooLarge(problem)
        })
    }

    /// Takes the time for the product of these factors in products of numbers, for one node.
    pub(super) fn take_products(&mut self, factors: &[usize]) -> Result<(), Fault> {
        let count = product(factors).filter(|&count| count <= MAX_PRODUCTS);
        if count.is_none() {
            let problem = format!("it takes more than {MAX_PRODUCTS} products");
            return Err(Fault::TooLarge(problem));
        }
        take(&mut self.products, count).ok_or_else(|| {
            let problem = format!("the network takes more than {MAX_ALL_PRODUCTS} products");
            Fault::TooLarge(problem)
        })
    }
}

fn take(left: &mut u64, count: Option<u64>) -> Option<()> {
    *left = left.checked_sub(count?)?;
    Some(())
}

/// None if it is beyond all limits.
fn product(factors: &[usize]) -> Option<u64> {
    if factors.contains(&0) {
        return Some(0);
    }
    factors.iter().try_fold(1_u64, |product, &factor| {
        product.checked_mul(factor.try_into().ok()?)
    })
}
