//! How a key's owner encrypts: with randomisers that are computed modulo p² and q².

use std::sync::PoisonError;

use rayon::prelude::*;
use veilcast_arith::Residue;
use zeroize::Zeroizing;

use super::{Secret, SecretKey};
use crate::ciphertext::Ciphertext;
use crate::plaintext::Plaintext;
use crate::prime_ring::PrimeRing;
use crate::randomizer::Randomizer;

/// How many randomisers are computed when one is needed: eight take little more time than one.
const AT_ONCE: usize = 8;

/// The most randomisers that a thread computes together: tables are read only once for all of them.
const GROUP: usize = 64;

impl SecretKey {
    /// A fresh encryption of 0, as by [`PublicKey::randomizer`](crate::PublicKey::randomizer) but with
    /// half-size exponents modulo p² and q², which the Chinese remainder theorem combines.
    ///
    /// The first eight cost a full power each. Then tables are computed, with 2⁶ residues per six
    /// bits of p and q (up to 7 MB for a key of 2048 bits, 16 MB for 3072, 28 MB for 4096; wiped
    /// on drop), and each randomiser costs one product per six bits. Its exponents are uniform and
    /// of full length. Their base generates all n-th powers, except with a probability below 2⁻¹⁸
    /// for a key: then it generates a subgroup whose index has only prime factors above 2¹⁶. Eight
    /// are computed at a time, and seven kept for later calls.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn randomizer(&self) -> Randomizer {
        // The lock is not held while randomisers are computed: those threads may need one
        // themselves.
        let spare = || self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let ready = spare().pop();
        ready.unwrap_or_else(|| {
            let count = if self.secret.p.has_table() {
                AT_ONCE
            } else {
                1
            };
            let mut made = self.randomizers(count);
            let one = made.pop().expect("as many as were asked for");
            spare().append(&mut made);
            one
        })
    }

    /// Fresh encryptions of 0, as by [`randomizer`](Self::randomizer), spread over the cores. On
    /// processors with AVX-512 IFMA many at once take less time each.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn randomizers(&self, count: usize) -> Vec<Randomizer> {
        let Secret { p, q, .. } = &self.secret;
        // Half of the threads for each prime, so that its table may fit their cores' caches.
        let threads = (rayon::current_num_threads() / 2).max(1);
        let groups = threads * count.div_ceil(threads * GROUP).max(1);
        let at_once = count.div_ceil(groups).max(1).next_multiple_of(AT_ONCE);
        let starts: Vec<usize> = (0..count).step_by(at_once).collect();
        let powers = |prime: &PrimeRing| -> Vec<Residue> {
            let group = |&start: &usize| prime.nth_powers(at_once.min(count - start));
            starts.par_iter().flat_map_iter(group).collect()
        };
        let (in_p, in_q) = rayon::join(|| powers(p), || powers(q));
        let pairs = in_p.par_iter().zip(&in_q);
        pairs.map(|(in_p, in_q)| self.combine(in_p, in_q)).collect()
    }

    /// The randomiser that is `in_p` modulo p² and `in_q` modulo q².
    fn combine(&self, in_p: &Residue, in_q: &Residue) -> Randomizer {
        let Secret {
            p,
            q,
            q_squared,
            q_squared_inverse,
            ..
        } = &self.secret;
        // Garner: x = x_q + q²·((x_p − x_q)·q⁻² mod p²).
        let low = Zeroizing::new(q.ring().to_limbs(in_q));
        let mut quotient = p.ring().sub(in_p, &p.ring().residue(&low));
        p.ring().mul_assign(&mut quotient, q_squared_inverse);
        let quotient = Zeroizing::new(p.ring().to_limbs(&quotient));

        let ring = self.public.ring();
        let mut residue = ring.mul(&ring.residue(&quotient), q_squared);
        residue = ring.add(&residue, &ring.residue(&low));
        Randomizer {
            residue,
            key_tag: self.public.tag(),
        }
    }

    /// Encrypts like [`PublicKey::encrypt`](crate::PublicKey::encrypt), several times faster.
    ///
    /// # Panics
    /// If the operating system's generator fails, or the plaintext belongs to a key of another
    /// size.
    pub fn encrypt(&self, m: &Plaintext) -> Ciphertext {
        self.public.encrypt_with(m, self.randomizer())
    }

    /// Encrypts several plaintexts, spread over the cores.
    ///
    /// # Panics
    /// If the operating system's generator fails, or a plaintext belongs to a key of another size.
    pub fn encrypt_many(&self, plaintexts: &[Plaintext]) -> Vec<Ciphertext> {
        self.public
            .encrypt_many_with(plaintexts, self.randomizers(plaintexts.len()))
    }
}
