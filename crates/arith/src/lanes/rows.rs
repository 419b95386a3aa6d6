//! Numbers of one ring, each in a row of digits, which are gathered into lanes in groups of eight
//! or four.
//!
//! A product in lanes gives x·y/R' where residues are kept for x·y/R. Rows hold residues times R'/R
//! = 2^s, for an s smaller than a digit's bits: shifting there and back takes a hundredth of the
//! time of products.

use std::sync::Mutex;

use rayon::prelude::*;

use super::ring::{Lane, Ring, kernel, reduced};
use crate::kernel::lanes::{Lanes4, Lanes8};
use crate::kernel::{Block, Digits, IfmaLanes, Lanes};
use crate::residue::Residue;
use crate::reused::Reusable;
use crate::square_modulus::{MAX_LIMBS, SquareModulus};

/// A ring for rows.
pub(crate) struct RowRing {
    kernel: IfmaLanes,
    eight: Ring<Lanes8>,
    four: Ring<Lanes4>,
    digits: Digits,
    /// s.
    shift: u32,
}

/// Numbers in digits, of one [`RowRing`]. They are not wiped, since numbers in rows are public.
#[derive(Default)]
pub(crate) struct Rows(Vec<Block>);

impl RowRing {
    /// The ring in lanes, if the processor has eight of them: in four, moving numbers there and back takes
    /// longer than multiplying them.
    pub(crate) fn new(modulus: &SquareModulus) -> Option<Self> {
        let (kernel, digits) = kernel(modulus.limbs())?;
        let ifma = kernel.eight()?;
        let lane = Lane::new(modulus, digits);
        Some(Self {
            kernel: ifma,
            eight: Ring::new(ifma, &[&lane]),
            four: Ring::new(kernel, &[&lane]),
            digits,
            shift: (digits.bits * digits.count - 64 * modulus.limbs()) as u32,
        })
    }

    /// Blocks per row, which hold a's digits, then b's.
    fn width(&self) -> usize {
        (2 * self.digits.count).div_ceil(8)
    }

    /// Makes room for `count` more rows.
    pub(crate) fn reserve(&self, rows: &mut Rows, count: usize) {
        rows.0.reserve(count * self.width());
    }

    /// How many rows there are.
    pub(crate) fn count(&self, rows: &Rows) -> usize {
        rows.0.len() / self.width()
    }

    /// Appends a residue.
    pub(crate) fn push(&self, modulus: &SquareModulus, rows: &mut Rows, residue: &Residue) {
        let mut residue = residue.clone();
        modulus.shift_up_vartime(&mut residue, self.shift);
        let (a, b) = residue.halves();
        let (a, b) = (LittleEndian::new(a), LittleEndian::new(b));
        let Digits { bits, count } = self.digits;
        let digit = |i: usize| match i.checked_sub(count) {
            None => a.digit(i, bits),
            // Zeros fill the last block.
            Some(i) => b.digit(i.min(count), bits),
        };
        let block = |k: usize| Block(std::array::from_fn(|j| digit(8 * k + j)));
        rows.0.extend((0..self.width()).map(block));
    }

    pub(crate) fn leave(&self, modulus: &SquareModulus, rows: &Rows, row: usize) -> Residue {
        let digits = self
            .row(&rows.0, row as u32)
            .iter()
            .flat_map(|block| block.0);
        let digits: Vec<u64> = digits.collect();
        let Digits { bits, count } = self.digits;
        let (a, b) = digits[..2 * count].split_at(count);
        let mut residue = reduced(modulus, a, b, bits);
        modulus.shift_down(&mut residue, self.shift);
        residue
    }

    fn row<'a>(&self, rows: &'a [Block], row: u32) -> &'a [Block] {
        &rows[row as usize * self.width()..][..self.width()]
    }

    /// Appends the products of pairs of rows, in their order, each core computing `at_once` of them at a time.
    pub(crate) fn push_products(&self, rows: &mut Rows, pairs: &[[u32; 2]], at_once: usize) {
        let (width, known) = (self.width(), rows.0.len());
        rows.0.resize(known + pairs.len() * width, Block::default());
        let (known, products) = rows.0.split_at_mut(known);
        let products = products.par_chunks_mut(at_once * width);
        products
            .zip(pairs.par_chunks(at_once))
            .for_each(|(products, pairs)| {
                let (mut lanes8, mut lanes4) = ([vec![], vec![]], [vec![], vec![]]);
                let groups = products.chunks_mut(Lanes8::COUNT * width);
                for (products, group) in groups.zip(pairs.chunks(Lanes8::COUNT)) {
                    match group.len() {
                        ..=4 => self.group(&self.four, known, group, &mut lanes4, products),
                        _ => self.group(&self.eight, known, group, &mut lanes8, products),
                    }
                }
            });
    }

    fn group<L: Lanes>(
        &self,
        ring: &Ring<L>,
        rows: &[Block],
        pairs: &[[u32; 2]],
        [x, y]: &mut [Vec<L>; 2],
        products: &mut [Block],
    ) {
        // Lanes that are left over repeat the last pair.
        let row = |lane: usize, i: usize| self.row(rows, pairs[lane.min(pairs.len() - 1)][i]);
        let digits = 2 * self.digits.count;
        for lanes in [&mut *x, &mut *y] {
            lanes.resize(8 * self.width(), L::default());
        }
        L::gather(self.kernel, x, |lane| row(lane, 0));
        if pairs.iter().all(|[a, b]| a == b) {
            ring.square(&mut x[..digits]);
        } else {
            L::gather(self.kernel, y, |lane| row(lane, 1));
            ring.mul(&mut x[..digits], &y[..digits]);
        }
        L::scatter(self.kernel, products, x);
    }
}

impl Reusable for Rows {
    fn spare() -> &'static Mutex<Vec<Self>> {
        static SPARE: Mutex<Vec<Rows>> = Mutex::new(Vec::new());
        &SPARE
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

/// A public number's bytes, and zeros above, from which digits are read fast.
struct LittleEndian([u8; 8 * MAX_LIMBS + 16]);

impl LittleEndian {
    fn new(number: &[u64]) -> Self {
        let mut bytes = [0; _];
        for (bytes, limb) in bytes.as_chunks_mut().0.iter_mut().zip(number) {
            *bytes = limb.to_le_bytes();
        }
        Self(bytes)
    }

    /// Digit i of `bits` bits, at most 56.
    fn digit(&self, i: usize, bits: usize) -> u64 {
        let (start, shift) = (bits * i / 8, bits * i % 8);
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.0[start..start + 8]);
        (u64::from_le_bytes(bytes) >> shift) & ((1 << bits) - 1)
    }
}
