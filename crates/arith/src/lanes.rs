//! Several numbers at once: [`pow_many`], and the lanes that fixed-base tables use.
//!
//! On processors with AVX-512 IFMA eight independent products cost about as much as two single ones,
//! and four as much as one. Elsewhere the same functions compute one number after another.

use crate::residue::Residue;
use crate::square_modulus::SquareModulus;

/// A power to be computed: base^exponent in a ring.
#[derive(Clone, Copy, Debug)]
pub struct Power<'a> {
    /// The ring.
    pub modulus: &'a SquareModulus,
    /// An element of it.
    pub base: &'a Residue,
    /// The exponent's little-endian limbs.
    pub exponent: &'a [u64],
}

/// Several powers, in time that depends on their number and sizes alone.
///
/// Fastest in groups of eight whose moduli and exponents have the same numbers of limbs.
pub fn pow_many(powers: &[Power<'_>]) -> Vec<Residue> {
    let mut results = Vec::with_capacity(powers.len());
    for group in powers.chunks(8) {
        match imp::pow_group(group) {
            Some(group) => results.extend(group),
            None => results.extend(
                group
                    .iter()
                    .map(|power| power.modulus.pow(power.base, power.exponent)),
            ),
        }
    }
    results
}

pub(crate) use imp::SharedLanes;

#[cfg(target_arch = "x86_64")]
mod imp {
    use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

    use super::Power;
    use crate::kernel::lanes::{LaneKernel, Lanes, Lanes4, Lanes8};
    use crate::limbs::{add_word, bit_window, subtract_if_reached};
    use crate::pow::SECRET_WINDOW;
    use crate::residue::Residue;
    use crate::square_modulus::SquareModulus;

    /// Bits of a digit.
    const BITS: usize = 52;

    /// Fewer powers than this are faster one by one, as measured on a Zen 4 core.
    fn worth_lanes(limbs: usize) -> usize {
        match limbs {
            ..=16 => 2,
            17..=48 => 3,
            _ => 4,
        }
    }

    /// Digits that a number of that many limbs has, if there is a kernel for it: room for a
    /// factor of 2¹² above n.
    fn digits(limbs: usize) -> Option<usize> {
        matches!(limbs, 16 | 24 | 32 | 48 | 64).then(|| (64 * limbs + 12).div_ceil(BITS))
    }

    /// A ring's numbers in digits, for one lane.
    #[derive(Zeroize, ZeroizeOnDrop)]
    struct Lane {
        n: Vec<u64>,
        n_inv: u64,
        /// The pair R'²/R modulo n²: takes a residue into the lanes' Montgomery form.
        enter: Vec<u64>,
        /// The pair R modulo n²: takes it back.
        leave: Vec<u64>,
    }

    impl Lane {
        fn new(modulus: &SquareModulus, digits: usize) -> Self {
            // The pair 2^e is the Montgomery form of 2^e/R.
            let mut enter = modulus.one();
            for _ in 0..2 * BITS * digits - 128 * modulus.limbs() {
                enter = modulus.add(&enter, &enter);
            }
            Self {
                n: to_digits(modulus.n(), digits),
                n_inv: modulus.n_inv & ((1 << BITS) - 1),
                enter: pair_digits(&enter, digits),
                leave: pair_digits(&modulus.one(), digits),
            }
        }
    }

    /// Rings of one size, one a lane.
    struct Ring<L: Lanes> {
        kernel: LaneKernel,
        n: Zeroizing<Vec<L>>,
        n_inv: L,
        enter: Zeroizing<Vec<L>>,
        leave: Zeroizing<Vec<L>>,
    }

    impl<L: Lanes> Ring<L> {
        /// From as many lanes as there are; the last serves for those that are left over.
        fn new(kernel: LaneKernel, lanes: &[&Lane]) -> Self {
            let lane = |i: usize| lanes[i.min(lanes.len() - 1)];
            Self {
                kernel,
                n: transposed(|i| &lane(i).n),
                n_inv: L::from_fn(|i| lane(i).n_inv),
                enter: transposed(|i| &lane(i).enter),
                leave: transposed(|i| &lane(i).leave),
            }
        }

        fn mul(&self, x: &mut [L], y: &[L]) {
            L::mul(self.kernel, x, y, &self.n, &self.n_inv);
        }

        fn square(&self, x: &mut [L]) {
            L::square(self.kernel, x, &self.n, &self.n_inv);
        }

        /// Residues as lanes; the last is repeated in lanes that are left over.
        fn enter(&self, residues: &[&Residue]) -> Zeroizing<Vec<L>> {
            let digits = |residue: &&Residue| Zeroizing::new(pair_digits(residue, self.n.len()));
            let digits: Vec<_> = residues.iter().map(digits).collect();
            let mut lanes = transposed(|i| &digits[i.min(digits.len() - 1)]);
            self.mul(&mut lanes, &self.enter);
            lanes
        }

        /// The residues of the first lanes, of the rings that they are for.
        fn leave<'m>(
            &self,
            mut lanes: Zeroizing<Vec<L>>,
            moduli: impl Iterator<Item = &'m SquareModulus>,
        ) -> Vec<Residue> {
            self.mul(&mut lanes, &self.leave);
            let (a, b) = lanes.split_at(self.n.len());
            let lane = |digits: &[L], i: usize| -> Zeroizing<Vec<u64>> {
                Zeroizing::new(digits.iter().map(|digit| digit.lane(i)).collect())
            };
            let residue = |(i, modulus)| reduced(modulus, &lane(a, i), &lane(b, i));
            moduli.enumerate().map(residue).collect()
        }
    }

    /// The residue of halves a < 2n and b < 3n, given in digits.
    fn reduced(modulus: &SquareModulus, a: &[u64], b: &[u64]) -> Residue {
        let l = modulus.limbs();
        let (mut a, mut b) = (to_limbs(a, l + 1), to_limbs(b, l + 1));
        let (a_low, a_high) = a.split_at_mut(l);
        let (_, one) = subtract_if_reached(a_low, a_high[0], modulus.n());
        add_word(&mut b, one);
        let (b_low, b_high) = b.split_at_mut(l);
        let mut high = b_high[0];
        for _ in 0..3 {
            (high, _) = subtract_if_reached(b_low, high, modulus.n());
        }
        let residue = Residue::from_halves(a_low, b_low);
        a.zeroize();
        b.zeroize();
        residue
    }

    fn to_digits(limbs: &[u64], digits: usize) -> Vec<u64> {
        (0..digits)
            .map(|i| bit_window(limbs, BITS * i, BITS))
            .collect()
    }

    fn pair_digits(residue: &Residue, digits: usize) -> Vec<u64> {
        let (a, b) = residue.halves();
        (0..2 * digits)
            .map(|i| {
                if i < digits {
                    bit_window(a, BITS * i, BITS)
                } else {
                    bit_window(b, BITS * (i - digits), BITS)
                }
            })
            .collect()
    }

    fn to_limbs(digits: &[u64], limbs: usize) -> Vec<u64> {
        let mut number = vec![0; limbs];
        for (i, &digit) in digits.iter().enumerate() {
            let (limb, shift) = (BITS * i / 64, BITS * i % 64);
            let wide = u128::from(digit) << shift;
            for (j, part) in [(limb, wide as u64), (limb + 1, (wide >> 64) as u64)] {
                if let Some(limb) = number.get_mut(j) {
                    *limb |= part;
                }
            }
        }
        number
    }

    /// The numbers of all lanes, digit by digit.
    fn transposed<'a, L: Lanes>(number: impl Fn(usize) -> &'a [u64]) -> Zeroizing<Vec<L>> {
        let digit = |i| L::from_fn(|lane| number(lane)[i]);
        Zeroizing::new((0..number(0).len()).map(digit).collect())
    }

    /// One to eight powers at once; none where they are faster one by one.
    pub(super) fn pow_group(powers: &[Power<'_>]) -> Option<Vec<Residue>> {
        let kernel = LaneKernel::detect()?;
        let first = powers.first()?;
        let (limbs, length) = (first.modulus.limbs(), first.exponent.len());
        let digits = digits(limbs)?;
        let is_like_first =
            |power: &Power<'_>| power.modulus.limbs() == limbs && power.exponent.len() == length;
        if powers.len() < worth_lanes(limbs) || length == 0 || !powers.iter().all(is_like_first) {
            return None;
        }
        Some(match powers.len() {
            ..=4 => pow_lanes::<Lanes4>(kernel, powers, digits),
            _ => pow_lanes::<Lanes8>(kernel, powers, digits),
        })
    }

    fn pow_lanes<L: Lanes>(
        kernel: LaneKernel,
        powers: &[Power<'_>],
        digits: usize,
    ) -> Vec<Residue> {
        let lanes: Vec<Lane> = powers
            .iter()
            .map(|power| Lane::new(power.modulus, digits))
            .collect();
        let ring = Ring::<L>::new(kernel, &lanes.iter().collect::<Vec<_>>());

        let base = ring.enter(&powers.iter().map(|power| power.base).collect::<Vec<_>>());
        let ones: Vec<Residue> = powers.iter().map(|power| power.modulus.one()).collect();
        let mut entry = ring.enter(&ones.iter().collect::<Vec<_>>());
        let mut table = Zeroizing::new(Vec::with_capacity(entry.len() << SECRET_WINDOW));
        for _ in 0..1 << SECRET_WINDOW {
            table.extend_from_slice(&entry);
            ring.mul(&mut entry, &base);
        }

        let mut factor = entry;
        let mut select = |window: usize| {
            let exponent = |i: usize| powers[i.min(powers.len() - 1)].exponent;
            let indices =
                L::from_fn(|i| bit_window(exponent(i), window * SECRET_WINDOW, SECRET_WINDOW));
            L::select(kernel, &mut factor, &table, &indices);
            factor.clone()
        };
        let highest = (64 * powers[0].exponent.len()).div_ceil(SECRET_WINDOW) - 1;
        let mut power = select(highest);
        for window in (0..highest).rev() {
            for _ in 0..SECRET_WINDOW {
                ring.square(&mut power);
            }
            ring.mul(&mut power, &select(window));
        }
        ring.leave(power, powers.iter().map(|power| power.modulus))
    }

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

        /// Limbs that an entry of a table takes.
        pub(crate) fn entry_limbs(&self) -> usize {
            2 * self.lane.n.len()
        }

        /// Eight numbers as entries of a table.
        pub(crate) fn entries(&self, numbers: [&Residue; 8]) -> [Vec<u64>; 8] {
            let lanes = self.ring::<Lanes8>().enter(&numbers);
            std::array::from_fn(|i| lanes.iter().map(|digit| digit.lane(i)).collect())
        }

        /// For each list of indices the product of the entries they pick, one from each part of
        /// the table; a part has `entries` entries, which are all read.
        pub(crate) fn products(
            &self,
            modulus: &SquareModulus,
            table: &[u64],
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
            table: &[u64],
            entries: usize,
            picks: &[Vec<u64>],
        ) -> Vec<Residue> {
            let ring = self.ring::<L>();
            let groups: Vec<&[Vec<u64>]> = picks.chunks(L::COUNT).collect();
            let mut products: Vec<Option<Zeroizing<Vec<L>>>> = vec![None; groups.len()];
            let mut factor = Zeroizing::new(vec![L::default(); self.entry_limbs()]);
            // Part by part, so that each is read from memory once for all groups.
            for (i, part) in table.chunks_exact(entries * self.entry_limbs()).enumerate() {
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
}

#[cfg(not(target_arch = "x86_64"))]
mod imp {
    use super::Power;
    use crate::residue::Residue;
    use crate::square_modulus::SquareModulus;

    pub(super) fn pow_group(_: &[Power<'_>]) -> Option<Vec<Residue>> {
        None
    }

    /// There are none on this processor.
    pub(crate) enum SharedLanes {}

    impl SharedLanes {
        pub(crate) fn new(_: &SquareModulus) -> Option<Self> {
            None
        }

        pub(crate) fn entry_limbs(&self) -> usize {
            match *self {}
        }

        pub(crate) fn entries(&self, _: [&Residue; 8]) -> [Vec<u64>; 8] {
            match *self {}
        }

        pub(crate) fn products(
            &self,
            _: &SquareModulus,
            _: &[u64],
            _: usize,
            _: &[Vec<u64>],
        ) -> Vec<Residue> {
            match *self {}
        }
    }
}
