//! [`SecretKey`]: key generation and decryption. The owner's faster encryption is in `encryption`, faster
//! decryption of many small numbers in `bounded`.

mod bounded;
mod encryption;

use std::sync::{Mutex, OnceLock};

use crypto_bigint::{BoxedUint, ConcatenatingMul, Gcd, Odd};
use crypto_primes::hazmat::{MillerRabin, SetBits, SmallFactorsSieveFactory};
use crypto_primes::{Flavor, is_prime, sieve_and_find};
use rayon::prelude::*;
use veilcast_arith::{Power, Residue, at_once, pow_many};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::ciphertext::Ciphertext;
use crate::encoding::{bytes_from_limbs, limbs_from_bytes};
use crate::key_proof::{self, KeyProof};
use crate::plaintext::Plaintext;
use crate::policy::KeyPolicy;
use crate::prime_ring::PrimeRing;
use crate::public_key::PublicKey;
use crate::public_values::published;
use crate::random;
use crate::randomizer::Randomizer;

/// The number of random bases to test an imported prime with: a composite that was constructed to
/// pass the usual test passes each of these with a probability of at most 1/4.
const RANDOM_BASES: usize = 8;

/// Two primes p and q of equal length, which decrypt, and encrypt faster than the public key does.
///
/// It can't be cloned and is wiped on drop; `Debug` shows only the public key.
pub struct SecretKey {
    public: PublicKey,
    secret: Secret,
    /// Spare randomisers, computed together with one that was needed.
    spare: Mutex<Vec<Randomizer>>,
    /// The modulus's proof, once it has been needed.
    proof: OnceLock<KeyProof>,
}

#[derive(Zeroize, ZeroizeOnDrop)]
struct Secret {
    p: PrimeRing,
    q: PrimeRing,
    /// q⁻¹ modulo p.
    q_inverse: BoxedUint,
    /// q² modulo n².
    q_squared: Residue,
    /// q⁻² modulo p².
    q_squared_inverse: Residue,
}

/// Why two numbers can't be a secret key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretKeyError {
    /// The size is not among the accepted ones.
    #[error("a key of {0} bits is not supported; choose 2048, 3072 or 4096")]
    Size(u32),
    /// The primes don't each have half as many bits as their product.
    #[error(
        "the key's primes have {p} and {q} bits; both must have the same number, and their product twice that"
    )]
    Lengths {
        /// Bits of the first.
        p: u32,
        /// Bits of the second.
        q: u32,
    },
    /// One of them is not prime.
    #[error(
        "{0} of the key is not a prime number: the key is damaged or was made by a faulty program"
    )]
    NotPrime(&'static str),
    /// The primes are equal, or so close that their product is easily factored.
    #[error("the key's primes are too close to each other: the key is not safe to use")]
    TooClose,
    /// n has a factor in common with φ(n).
    #[error("the key's modulus has a factor in common with (p − 1)·(q − 1): not a Paillier key")]
    NotCoprime,
    /// A number encrypted under the key did not decrypt.
    #[error("the key failed its self-test: a number encrypted under it did not decrypt")]
    SelfTest,
}

/// A ciphertext could not be decrypted. The error deliberately says no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ciphertext could not be decrypted")]
pub struct DecryptError;

impl SecretKey {
    /// Generates a key whose modulus has `bits` bits. The two primes are searched for in parallel.
    ///
    /// Both primes are 3 modulo 4 and have their two top bits set.
    ///
    /// # Errors
    /// The size must be one that the policy accepts.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn generate(bits: u32, policy: KeyPolicy) -> Result<Self, SecretKeyError> {
        if !policy.allows(bits) {
            return Err(SecretKeyError::Size(bits));
        }
        loop {
            let (p, q) = rayon::join(|| random_prime(bits / 2), || random_prime(bits / 2));
            match Self::from_prime_numbers(p, q, policy) {
                Err(SecretKeyError::TooClose | SecretKeyError::NotCoprime) => continue,
                key => return key,
            }
        }
    }

    /// The key of two primes, given as big-endian bytes, after full checks.
    ///
    /// # Errors
    /// The primes must be prime, of equal length, far enough apart, and give a modulus of a size
    /// that the policy accepts, coprime to (p − 1)·(q − 1); a round trip must succeed.
    ///
    /// # Panics
    /// If the operating system's generator fails.
    pub fn from_primes(p: &[u8], q: &[u8], policy: KeyPolicy) -> Result<Self, SecretKeyError> {
        let number = |bytes: &[u8]| {
            let limbs = Zeroizing::new(limbs_from_bytes(bytes));
            let used = limbs.len() - limbs.iter().rev().take_while(|&&limb| limb == 0).count();
            // Zero has a limb too.
            let limbs = limbs.iter().copied().chain([0]).take(used.max(1));
            Zeroizing::new(BoxedUint::from_words(limbs))
        };
        let (p, q) = (number(p), number(q));
        if p.bits() != q.bits() {
            return Err(SecretKeyError::Lengths {
                p: p.bits(),
                q: q.bits(),
            });
        }
        let bits = p.bits() + q.bits();
        if !policy.allows(bits) {
            return Err(SecretKeyError::Size(bits));
        }
        let (p_is_prime, q_is_prime) = rayon::join(|| is_surely_prime(&p), || is_surely_prime(&q));
        for (name, is_prime) in [("p", p_is_prime), ("q", q_is_prime)] {
            if !is_prime {
                return Err(SecretKeyError::NotPrime(name));
            }
        }
        Self::from_prime_numbers(p, q, policy)
    }

    /// The key of two numbers that are known to be prime.
    fn from_prime_numbers(
        p: Zeroizing<BoxedUint>,
        q: Zeroizing<BoxedUint>,
        policy: KeyPolicy,
    ) -> Result<Self, SecretKeyError> {
        let n = published(p.concatenating_mul(&*q));
        let half = n.bits() / 2;
        if p.bits() != half || q.bits() != half || !policy.allows(n.bits()) {
            return Err(SecretKeyError::Lengths {
                p: p.bits(),
                q: q.bits(),
            });
        }
        let (larger, smaller) = if *p > *q { (&p, &q) } else { (&q, &p) };
        if larger.wrapping_sub(&**smaller).bits() + 100 < half {
            return Err(SecretKeyError::TooClose);
        }
        let minus_one = |x: &BoxedUint| Zeroizing::new(x.wrapping_sub(BoxedUint::one()));
        let phi = Zeroizing::new(minus_one(&p).concatenating_mul(&*minus_one(&q)));
        if !n.gcd(&phi).is_one().to_bool() {
            return Err(SecretKeyError::NotCoprime);
        }

        let odd = |x: &BoxedUint| Odd::new(x.clone()).expect("large primes are odd");
        let public = PublicKey::from_checked(&odd(&n));
        let (odd_p, odd_q) = (Zeroizing::new(odd(&p)), Zeroizing::new(odd(&q)));
        let (ring_p, ring_q) = (PrimeRing::new(&odd_p, &q), PrimeRing::new(&odd_q, &p));
        let q_squared = Zeroizing::new(q.concatenating_mul(&*q));
        let in_p = ring_p.ring().residue(q_squared.as_words());
        let secret = Secret {
            q_squared_inverse: ring_p
                .ring()
                .invert(&in_p)
                .expect("different primes are coprime"),
            q_inverse: q
                .rem(odd_p.as_nz_ref())
                .invert_odd_mod(&odd_p)
                .expect("different primes are coprime"),
            q_squared: public.ring().residue(q_squared.as_words()),
            p: ring_p,
            q: ring_q,
        };
        let spare = Mutex::new(Vec::new());
        let key = Self {
            public,
            secret,
            spare,
            proof: OnceLock::new(),
        };
        key.self_test()?;
        Ok(key)
    }

    /// Encrypts a random number as the owner and with the public key, and decrypts both.
    fn self_test(&self) -> Result<(), SecretKeyError> {
        let m = self.public.random_plaintext();
        for c in [self.encrypt(&m), self.public.encrypt(&m)] {
            if self.decrypt(&c) != Ok(m.clone()) {
                return Err(SecretKeyError::SelfTest);
            }
        }
        Ok(())
    }

    /// The public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The primes p and q as big-endian bytes: the secret itself, only for key files.
    pub(crate) fn primes(&self) -> [Zeroizing<Vec<u8>>; 2] {
        [&self.secret.p, &self.secret.q]
            .map(|prime| Zeroizing::new(bytes_from_limbs(prime.ring().n())))
    }

    /// The plaintext of a ciphertext, computed modulo p and q.
    ///
    /// Constant time. The ciphertext is blinded, and the result is checked for faults before it is
    /// returned. Don't send a decrypted plaintext to whoever made the ciphertext.
    ///
    /// # Errors
    /// If the computation was faulty, without details.
    ///
    /// # Panics
    /// If the ciphertext belongs to another key, or the operating system's generator fails.
    pub fn decrypt(&self, c: &Ciphertext) -> Result<Plaintext, DecryptError> {
        self.decrypt_group(std::slice::from_ref(c))
            .map(|mut plaintexts| plaintexts.remove(0))
    }

    /// The plaintexts of several ciphertexts, as by [`decrypt`](Self::decrypt), spread over the
    /// cores.
    ///
    /// # Errors
    /// If any of them can't be decrypted.
    ///
    /// # Panics
    /// As `decrypt`.
    pub fn decrypt_many(&self, ciphertexts: &[Ciphertext]) -> Result<Vec<Plaintext>, DecryptError> {
        let (limbs, threads) = (self.secret.p.ring().limbs(), rayon::current_num_threads());
        // A number modulo p² and one modulo q² each.
        let at_once = at_once(limbs, 2, ciphertexts.len(), threads);
        let groups = ciphertexts
            .par_chunks(at_once)
            .map(|group| self.decrypt_group(group));
        Ok(groups
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect())
    }

    fn decrypt_group(&self, ciphertexts: &[Ciphertext]) -> Result<Vec<Plaintext>, DecryptError> {
        let primes = [&self.secret.p, &self.secret.q];
        let number = |c| self.public.ring().to_limbs(self.public.residue(c));
        if let [c] = ciphertexts
            && rayon::current_num_threads() > 1
        {
            let number = number(c);
            let [power_in_p, power_in_q] = primes.map(|prime| {
                || {
                    let blinded = prime.blinded(&number);
                    prime.ring().pow(&blinded, prime.power(&blinded).exponent)
                }
            });
            let (in_p, in_q) = rayon::join(power_in_p, power_in_q);
            return Ok(vec![self.recombine(&in_p, &in_q)?]);
        }
        let blinded: Vec<[Residue; 2]> = ciphertexts
            .iter()
            .map(number)
            .map(|c| primes.map(|prime| prime.blinded(&c)))
            .collect();
        let powers: Vec<Power<'_>> = blinded
            .iter()
            .flat_map(|[in_p, in_q]| [primes[0].power(in_p), primes[1].power(in_q)])
            .collect();
        let powers = pow_many(&powers);
        powers
            .as_chunks()
            .0
            .iter()
            .map(|[in_p, in_q]| self.recombine(in_p, in_q))
            .collect()
    }

    /// The plaintext, from the ciphertext's powers modulo p² and q².
    fn recombine(&self, in_p: &Residue, in_q: &Residue) -> Result<Plaintext, DecryptError> {
        let Secret { p, q, .. } = &self.secret;
        let in_p = p.logarithm(in_p).map_err(|_| DecryptError)?;
        let in_q = q.logarithm(in_q).map_err(|_| DecryptError)?;
        let m = self.garner(&p.message(&in_p), &q.message(&in_q));
        if p.agrees(&m, &in_p) && q.agrees(&m, &in_q) {
            Ok(Plaintext::from_checked(m.as_words().to_vec()))
        } else {
            Err(DecryptError)
        }
    }

    /// The number below n that is `in_p` modulo p and `in_q` modulo q.
    fn garner(&self, in_p: &BoxedUint, in_q: &BoxedUint) -> Zeroizing<BoxedUint> {
        let Secret {
            p, q, q_inverse, ..
        } = &self.secret;
        // x = x_q + q·((x_p − x_q)·q⁻¹ mod p).
        let quotient = p.multiple_of_difference(in_p, in_q, q_inverse);
        let multiple = Zeroizing::new(quotient.concatenating_mul(q.prime().as_ref()));
        Zeroizing::new(multiple.wrapping_add(in_q))
    }

    /// The proof that this key's modulus is fit for use with somebody else's service; computed
    /// once.
    ///
    /// Constant time. Costs sixteen powers of half size, and a check of each root before it is
    /// returned.
    ///
    /// # Panics
    /// If the computation was faulty: a wrong root would reveal the primes.
    pub fn key_proof(&self) -> &KeyProof {
        if let Some(proof) = self.proof.get() {
            return proof;
        }
        // Not within `get_or_init`: while this thread waits for others of its pool, it may do a task of theirs that asks
        // for the proof too, and would wait for itself. Whoever comes second has computed the same.
        let challenges = key_proof::challenges(&self.public);
        let roots = self.nth_roots(&challenges);
        let proof = KeyProof::from_roots(&self.public, &challenges, &roots);
        self.proof.get_or_init(|| proof)
    }

    /// The n-th roots modulo n of numbers below it.
    fn nth_roots(&self, numbers: &[BoxedUint]) -> Vec<Zeroizing<BoxedUint>> {
        let Secret { p, q, .. } = &self.secret;
        let roots_modulo = |prime: &PrimeRing, other: &PrimeRing| -> Vec<Zeroizing<BoxedUint>> {
            let exponent = prime.root_exponent(other);
            let reduced = numbers.iter().map(|number| prime.reduced(number));
            let bases: Vec<Residue> = reduced
                .map(|number| prime.ring().residue(&number))
                .collect();
            let powers: Vec<Power<'_>> = bases
                .iter()
                .map(|base| Power {
                    modulus: prime.ring(),
                    base,
                    exponent: &exponent,
                })
                .collect();
            let roots = pow_many(&powers).into_iter();
            let halves = roots.map(|root| prime.ring().halves(&root).0);
            halves
                .map(|limbs| Zeroizing::new(BoxedUint::from_words(limbs)))
                .collect()
        };
        let (in_p, in_q) = rayon::join(|| roots_modulo(p, q), || roots_modulo(q, p));
        let pairs = in_p.iter().zip(&in_q);
        pairs.map(|(in_p, in_q)| self.garner(in_p, in_q)).collect()
    }
}

#[cfg(test)]
impl SecretKey {
    /// A fault, for tests, in what decrypts modulo p (0) or q (1).
    pub(crate) fn damage_message_factor(&mut self, prime: usize) {
        match prime {
            0 => self.secret.p.damage_message_factor(),
            _ => self.secret.q.damage_message_factor(),
        }
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretKey({:?})", self.public)
    }
}

/// Whether a number that a stranger chose is prime. Variable time: a key is imported only once.
fn is_surely_prime(number: &BoxedUint) -> bool {
    if !is_prime(Flavor::Any, number) {
        return false;
    }
    let odd = Odd::new(number.clone()).expect("large primes are odd");
    let test = MillerRabin::new(odd);
    (0..RANDOM_BASES).all(|_| {
        test.test_random_base(&mut random::generator())
            .is_probably_prime()
    })
}

/// A random prime with its two top bits set that is 3 modulo 4.
fn random_prime(bits: u32) -> Zeroizing<BoxedUint> {
    let sieve =
        SmallFactorsSieveFactory::new(Flavor::Any, bits, SetBits::TwoMsb).expect("a large size");
    let is_good =
        |candidate: &BoxedUint| candidate.bit_vartime(1) && is_prime(Flavor::Any, candidate);
    let prime = sieve_and_find(
        &mut random::generator(),
        sieve,
        |_, candidate: &BoxedUint| is_good(candidate),
    );
    Zeroizing::new(
        prime
            .expect("the size is in range")
            .expect("the search goes on until it finds one"),
    )
}
