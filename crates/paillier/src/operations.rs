//! Computing on ciphertexts with only the public key.

use rayon::prelude::*;
use veilcast_arith::{
    Fraction, Registers, Residue, at_once, divide_vartime, horner_in_halves_vartime, horner_many,
    multi_exp_vartime, pow_each_vartime,
};

use crate::ciphertext::Ciphertext;
use crate::plaintext::Plaintext;
use crate::public_key::PublicKey;
use crate::randomizer::Randomizer;

impl PublicKey {
    /// The sum of two encrypted numbers.
    ///
    /// # Panics
    /// If a ciphertext belongs to another key.
    pub fn add(&self, a: &Ciphertext, b: &Ciphertext) -> Ciphertext {
        self.ciphertext(self.ring().mul(self.residue(a), self.residue(b)))
    }

    /// The difference of two encrypted numbers. Variable time in the ciphertexts, which are public.
    ///
    /// # Panics
    /// If a ciphertext belongs to another key.
    pub fn sub(&self, a: &Ciphertext, b: &Ciphertext) -> Ciphertext {
        let inverse = self.invert(self.residue(b));
        self.ciphertext(self.ring().mul(self.residue(a), &inverse))
    }

    /// The sum of an encrypted number and a known one.
    ///
    /// The result has the same randomness as `c`: re-randomise it before you pass it on, or anyone
    /// who knows both can tell what was added.
    ///
    /// # Panics
    /// If the ciphertext belongs to another key, or the plaintext to a key of another size.
    pub fn add_plaintext(&self, c: &Ciphertext, m: &Plaintext) -> Ciphertext {
        let mut residue = self.residue(c).clone();
        self.ring().mul_one_plus_n_times(&mut residue, m.limbs());
        self.ciphertext(residue)
    }

    /// The product of an encrypted number and a known one, in time that does not depend on either.
    ///
    /// A power with an exponent of |n| bits: slow, but safe for a secret factor.
    ///
    /// # Panics
    /// If the ciphertext belongs to another key.
    pub fn mul(&self, c: &Ciphertext, factor: &Plaintext) -> Ciphertext {
        self.ciphertext(self.ring().pow(self.residue(c), factor.limbs()))
    }

    /// The product of an encrypted number and a known one, in time that depends on the factor.
    ///
    /// Factors above n/2, which represent negative numbers, cost one inversion more than their
    /// magnitudes. A factor of 0 gives the ciphertext 1: re-randomise it before you pass it on.
    ///
    /// # Panics
    /// If the ciphertext belongs to another key, or the factor to a key of another size.
    pub fn mul_vartime(&self, c: &Ciphertext, factor: &Plaintext) -> Ciphertext {
        let (is_negative, magnitude) = self.sign_and_magnitude_vartime(factor);
        let power = self.ring().pow_vartime(self.residue(c), &magnitude);
        self.ciphertext(if is_negative {
            self.invert(&power)
        } else {
            power
        })
    }

    /// factors\[i\]·cᵢ for each i as by [`mul_vartime`](Self::mul_vartime), spread over the cores. Faster than one by
    /// one: negative factors share one inversion per thread, and several powers are computed at once where the
    /// processor allows it.
    ///
    /// # Panics
    /// If there is not one factor per ciphertext, a ciphertext belongs to another key, or a factor to a key of
    /// another size.
    pub fn mul_many_vartime(
        &self,
        ciphertexts: &[Ciphertext],
        factors: &[Plaintext],
    ) -> Vec<Ciphertext> {
        assert_eq!(
            ciphertexts.len(),
            factors.len(),
            "there must be one factor per ciphertext"
        );
        let per_thread = factors.len().div_ceil(rayon::current_num_threads());
        let products = |(ciphertexts, factors): (&[Ciphertext], &[Plaintext])| {
            let signed = factors
                .iter()
                .map(|factor| self.sign_and_magnitude_vartime(factor));
            let signed: Vec<(bool, Vec<u64>)> = signed.collect();
            let bases: Vec<&Residue> = ciphertexts.iter().map(|c| self.residue(c)).collect();
            let exponents: Vec<&[u64]> = signed.iter().map(|(_, m)| m.as_slice()).collect();
            let powers = pow_each_vartime(self.ring(), &bases, &exponents).into_iter();
            let fractions =
                powers
                    .zip(&signed)
                    .map(|(power, (is_negative, _))| match is_negative {
                        true => Fraction::new(None, Some(power)),
                        false => Fraction::new(Some(power), None),
                    });
            divide_vartime(self.ring(), fractions.collect()).expect("ciphertexts are units")
        };
        let parts = ciphertexts
            .par_chunks(per_thread.max(1))
            .zip(factors.par_chunks(per_thread.max(1)));
        let residues = parts.flat_map_iter(products);
        residues.map(|residue| self.ciphertext(residue)).collect()
    }

    /// Σᵢ row\[i\]·cᵢ for each row of weights, spread over the cores. Variable time in the weights.
    ///
    /// The results are not re-randomised: the key's owner could read the weights from them.
    ///
    /// # Panics
    /// If a row does not have one weight per ciphertext, or a ciphertext belongs to another key.
    pub fn weighted_sums_vartime<'a>(
        &self,
        ciphertexts: &[Ciphertext],
        rows: impl IntoParallelIterator<Item = &'a [i32]>,
    ) -> Vec<Ciphertext> {
        let ring = self.ring();
        let bases: Vec<Residue> = ciphertexts
            .iter()
            .map(|c| self.residue(c).clone())
            .collect();
        let fractions = rows
            .into_par_iter()
            .map(|row| multi_exp_vartime(ring, &bases, row))
            .collect();
        let values = divide_vartime(ring, fractions).expect("ciphertexts are units");
        values
            .into_iter()
            .map(|residue| self.ciphertext(residue))
            .collect()
    }

    /// Weighted sums by a straight-line program of additions, spread over the cores. Variable time
    /// in the program.
    ///
    /// Registers 0 to `ciphertexts.len()` − 1 hold the ciphertexts. Each step puts the sum of two
    /// earlier registers into the next register. Each result is the difference of two registers,
    /// where `None` means 0. Consecutive steps that don't depend on each other run at the same
    /// time.
    ///
    /// The results are not re-randomised: the key's owner could read the program from them.
    ///
    /// # Panics
    /// If a step or a result uses a register that is not computed before it, or a ciphertext
    /// belongs to another key.
    pub fn run_program_vartime(
        &self,
        ciphertexts: &[Ciphertext],
        steps: &[[u32; 2]],
        results: &[[Option<u32>; 2]],
    ) -> Vec<Ciphertext> {
        let ring = self.ring();
        let mut registers = Registers::with_capacity(ring, ciphertexts.len() + steps.len());
        registers.push(ciphertexts.iter().map(|c| self.residue(c)));
        let mut left = steps;
        while !left.is_empty() {
            let known = registers.count();
            let is_ready =
                |step: &&[u32; 2]| step.iter().all(|&register| (register as usize) < known);
            let (ready, rest) = left.split_at(left.iter().take_while(is_ready).count());
            assert!(
                !ready.is_empty(),
                "a step uses a register that is not computed before it"
            );
            registers.push_products_vartime(ready);
            left = rest;
        }
        let register = |register: Option<u32>| register.map(|r| registers.get(r));
        let fractions = results
            .iter()
            .map(|&[plus, minus]| Fraction::new(register(plus), register(minus)));
        let values = divide_vartime(ring, fractions.collect()).expect("ciphertexts are units");
        values
            .into_iter()
            .map(|residue| self.ciphertext(residue))
            .collect()
    }

    /// Σᵢ sums\[i\]·2^(bits·i) for each list of sums, by Horner's rule, spread over the cores:
    /// `bits` squarings and one product for every sum but the last. The time depends only on the
    /// sizes.
    ///
    /// An empty list gives the ciphertext 1. The results are not re-randomised: they reveal to the
    /// key's owner how they were computed.
    ///
    /// # Panics
    /// If a ciphertext belongs to another key.
    pub fn horner_vartime(&self, sums: &[Vec<Ciphertext>], bits: u32) -> Vec<Ciphertext> {
        let (lists, ring) = (self.residues(sums), self.ring());
        if Self::has_two_threads_for_each(lists.len()) {
            let totals = lists
                .par_iter()
                .map(|list| horner_in_halves_vartime(ring, list, bits, None));
            return totals.map(|residue| self.ciphertext(residue)).collect();
        }
        let group = at_once(self.limbs(), 1, lists.len(), rayon::current_num_threads());
        let totals = lists
            .par_chunks(group)
            .flat_map_iter(|lists| horner_many(ring, lists, bits));
        totals.map(|residue| self.ciphertext(residue)).collect()
    }

    /// Σᵢ sums\[i\]·2^(bits·i) for each list of sums as by [`horner_vartime`](Self::horner_vartime), each
    /// under fresh randomness as by [`rerandomize`](Self::rerandomize), in hardly more time than a
    /// single [`randomizer`](Self::randomizer) takes: its squarings shift the sums.
    ///
    /// # Panics
    /// If a ciphertext belongs to another key, or the operating system's generator fails.
    pub fn horner_rerandomized_vartime(
        &self,
        sums: &[Vec<Ciphertext>],
        bits: u32,
    ) -> Vec<Ciphertext> {
        let totals = self.under_randomness(&self.residues(sums), bits);
        totals
            .into_iter()
            .map(|residue| self.ciphertext(residue))
            .collect()
    }

    fn residues<'a>(&self, lists: &'a [Vec<Ciphertext>]) -> Vec<Vec<&'a Residue>> {
        let residues = |list: &'a Vec<Ciphertext>| list.iter().map(|c| self.residue(c)).collect();
        lists.iter().map(residues).collect()
    }

    /// The same plaintext under fresh randomness, so that the ciphertext reveals nothing about how
    /// it was computed, not even to the key's owner.
    ///
    /// # Panics
    /// If the ciphertext or the randomiser belongs to another key.
    pub fn rerandomize(&self, c: &Ciphertext, randomizer: Randomizer) -> Ciphertext {
        self.assert_own(randomizer.key_tag);
        self.ciphertext(self.ring().mul(self.residue(c), &randomizer.residue))
    }

    /// The inverse of a ciphertext's residue.
    fn invert(&self, x: &Residue) -> Residue {
        self.ring()
            .invert_vartime(x)
            .expect("ciphertexts are units")
    }
}
