//! Products of entries of a table that all lanes share.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::ring::{Lane, Ring, digits};
use crate::kernel::lanes::{Lanes4, Lanes8};
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
        let kernel = LaneKernel::detect()?;
        Some(Self {
            lane: Lane::new(modulus, digits(modulus.limbs())?),
            kernel,
        })
    }

    fn ring<L: Lanes>(&self) -> Ring<L> {
        Ring::new(self.kernel, &[&self.lane])
    }

    /// How many blocks a part of a table takes.
    pub(crate) fn part_blocks(&self, entries: usize) -> usize {
        entries / 8 * 2 * self.lane.n.len()
    }

    /// A part of a table, of 16, 32 or 64 entries: the blocks of all entries' first digits, then those
    /// of their second digits, and so on.
    pub(crate) fn part(&self, entries: &[Residue]) -> Zeroizing<Vec<Block>> {
        let ring = self.ring::<Lanes8>();
        let eights = entries.as_chunks::<8>().0;
        let eights: Vec<_> = eights
            .iter()
            .map(|eight| ring.enter(&eight.each_ref()))
            .collect();
        let block = |digit: &Lanes8| Block(std::array::from_fn(|i| digit.lane(i)));
        let digits = 0..2 * self.lane.n.len();
        Zeroizing::new(
            digits
                .flat_map(|i| eights.iter().map(move |eight| block(&eight[i])))
                .collect(),
        )
    }

    /// For each list of indices, the product of the entries that they select, one from each part of
    /// the table. Every entry of a part is read.
    pub(crate) fn products(
        &self,
        modulus: &SquareModulus,
        table: &[Block],
        entries: usize,
        picks: &[Vec<u64>],
    ) -> Vec<Residue> {
        match picks.len() {
            ..=4 => self.products_in::<Lanes4>(modulus, table, entries, picks),
            _ => self.products_in::<Lanes8>(modulus, table, entries, picks),
        }
    }

    fn products_in<L: Lanes>(
        &self,
        modulus: &SquareModulus,
        table: &[Block],
        entries: usize,
        picks: &[Vec<u64>],
    ) -> Vec<Residue> {
        let ring = self.ring::<L>();
        let digits = 2 * self.lane.n.len();
        let groups: Vec<&[Vec<u64>]> = picks.chunks(L::COUNT).collect();
        let mut products: Vec<Option<Zeroizing<Vec<L>>>> = vec![None; groups.len()];
        let mut factor = Zeroizing::new(vec![L::default(); digits]);
        // Part by part, so that each is read from memory once for all groups.
        for (i, part) in table.chunks_exact(self.part_blocks(entries)).enumerate() {
            for (group, product) in groups.iter().zip(&mut products) {
                let indices = L::from_fn(|lane| group[lane.min(group.len() - 1)][i]);
                L::select_shared(self.kernel, &mut factor, part, &indices);
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
