//! Products of entries of a table that all lanes share.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::ring::{Lane, Ring, kernel};
use crate::kernel::lanes::{Lanes4, Lanes8, shared_table};
use crate::kernel::{Block, LaneKernel, Lanes};
use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// The lanes of one ring, with which tables of its numbers can be made.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct SharedLanes {
    lane: Lane,
    #[zeroize(skip)]
    kernel: LaneKernel,
}

impl SharedLanes {
    pub(crate) fn new(modulus: &SquareModulus) -> Option<Self> {
        let (kernel, digits) = kernel(modulus.limbs())?;
        let lane = Lane::new(modulus, digits);
        Some(Self { lane, kernel })
    }

    /// A part of a table, of 32 or 64 entries.
    pub(crate) fn part(&self, entries: &[Residue]) -> Zeroizing<Vec<Block>> {
        let entries = match self.kernel.eight() {
            Some(eight) => self.digits::<Lanes8>(eight, entries),
            None => self.digits::<Lanes4>(self.kernel, entries),
        };
        let entries: Vec<&[u64]> = entries.iter().map(|entry| &entry[..]).collect();
        Zeroizing::new(shared_table(self.kernel, &entries))
    }

    /// The digits of numbers.
    fn digits<L: Lanes>(&self, kernel: L::Kernel, numbers: &[Residue]) -> Vec<Zeroizing<Vec<u64>>> {
        let ring = Ring::<L>::new(kernel, &[&self.lane]);
        let groups = numbers.chunks(L::COUNT).flat_map(|group| {
            let lanes = ring.enter(&group.iter().collect::<Vec<_>>());
            let digits = move |lane| Zeroizing::new(lanes.iter().map(|d| d.lane(lane)).collect());
            (0..group.len()).map(digits)
        });
        groups.collect()
    }

    /// For each list of indices, the product of the entries that they select, one from each part of
    /// the table, whose parts have `blocks` blocks. Every entry of a part is read.
    pub(crate) fn products(
        &self,
        modulus: &SquareModulus,
        table: &[Block],
        blocks: usize,
        picks: &[Vec<u64>],
    ) -> Vec<Residue> {
        let parts = table.chunks_exact(blocks.max(1));
        match self.kernel.eight() {
            Some(eight) if picks.len() > 4 => {
                self.products_in::<Lanes8>(eight, modulus, parts, picks)
            }
            _ => self.products_in::<Lanes4>(self.kernel, modulus, parts, picks),
        }
    }

    fn products_in<'a, L: Lanes>(
        &self,
        kernel: L::Kernel,
        modulus: &SquareModulus,
        parts: impl Iterator<Item = &'a [Block]>,
        picks: &[Vec<u64>],
    ) -> Vec<Residue> {
        let ring = Ring::<L>::new(kernel, &[&self.lane]);
        let groups: Vec<&[Vec<u64>]> = picks.chunks(L::COUNT).collect();
        let mut products: Vec<Option<Zeroizing<Vec<L>>>> = vec![None; groups.len()];
        let mut factor = Zeroizing::new(vec![L::default(); 2 * self.lane.n.len()]);
        // Part by part, so that each is read from memory once for all groups.
        for (i, part) in parts.enumerate() {
            for (group, product) in groups.iter().zip(&mut products) {
                let indices = L::from_fn(|lane| group[lane.min(group.len() - 1)][i]);
                L::select_shared(kernel, &mut factor, part, &indices);
                match product {
                    Some(product) => ring.mul(product, &factor),
                    None => *product = Some(factor.clone()),
                }
            }
        }
        let mut residues = Vec::with_capacity(picks.len());
        for (group, product) in groups.iter().zip(products) {
            match product {
                Some(product) => {
                    residues.extend(ring.leave(product, group.iter().map(|_| modulus)))
                }
                None => residues.extend(group.iter().map(|_| modulus.one())),
            }
        }
        residues
    }
}
