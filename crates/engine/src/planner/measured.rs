//! The built-in costs: figures of one machine. `veilcast bench --calibrate` stores those of another.

mod kernels;

use std::sync::OnceLock;
use std::time::Instant;

use veilcast_paillier::{KeyPolicy, PublicKey, kernel};

use super::costs::{Costs, DECRYPTIONS_AT_ONCE, RANDOMIZERS_AT_ONCE, Seconds};

impl Costs {
    /// The costs that the planner uses unless it is given better ones: those of a current x86-64
    /// server with the kernel that this processor has, for keys of 2048, 3072 and 4096 bits, and
    /// for others the nearest of these, scaled as the operations' counts of limb products grow.
    pub fn built_in(key_bits: u32) -> Self {
        Self::with_kernel(kernel(), key_bits)
    }

    /// The built-in costs of another kernel, by its [name](kernel); those of the portable one for an
    /// unknown name.
    pub fn with_kernel(kernel: &str, key_bits: u32) -> Self {
        let distance = |measured: &&Self| measured.key_bits.abs_diff(key_bits);
        let nearest = kernels::with_kernel(kernel).iter().min_by_key(distance);
        let nearest = nearest.expect("some sizes are measured");
        let ratio = f64::from(key_bits) / f64::from(nearest.key_bits);
        Self {
            key_bits,
            seconds: nearest
                .seconds
                .zip(&GROWTH, |s, power| s * ratio.powf(power)),
            ..*nearest
        }
    }

    /// The built-in costs times how much longer this machine takes than the one that they were
    /// measured on: measured by eight randomisers under a key of 2048 bits, the fastest of three
    /// runs on one core, when it is first needed.
    pub fn of_this_machine(key_bits: u32) -> Self {
        static SLOWNESS: OnceLock<f64> = OnceLock::new();
        let measured = SLOWNESS.get().copied();
        // Not within `get_or_init`: while this thread waits for the one that measures, it may do another task of its pool,
        // which might ask for the same, and would wait for itself.
        let measured = measured.unwrap_or_else(slowness);
        let slowness = *SLOWNESS.get_or_init(|| measured);
        let built_in = Self::built_in(key_bits);
        Self {
            seconds: built_in
                .seconds
                .zip(&built_in.seconds, |seconds, _| slowness * seconds),
            ..built_in
        }
    }

    /// These costs for keys of another size: if the machine takes some multiple of the built-in
    /// costs at one size, each operation is assumed to take the same multiple at the other.
    #[must_use]
    pub fn for_key_bits(&self, key_bits: u32) -> Self {
        let (from, to) = (Self::built_in(self.key_bits), Self::built_in(key_bits));
        let slowness = self.seconds.zip(&from.seconds, |own, usual| own / usual);
        Self {
            key_bits,
            seconds: slowness.zip(&to.seconds, |factor, usual| factor * usual),
            ..*self
        }
    }
}

/// How many times as long as the built-in costs this machine takes.
fn slowness() -> f64 {
    let modulus: Vec<u8> = (0..RSA_2048.len() / 2)
        .map(|i| u8::from_str_radix(&RSA_2048[2 * i..2 * i + 2], 16).expect("hexadecimal digits"))
        .collect();
    let key =
        PublicKey::from_modulus(&modulus, KeyPolicy::default()).expect("a product of two primes");
    let time = |_| {
        let started = Instant::now();
        key.randomizers(RANDOMIZERS_AT_ONCE);
        started.elapsed().as_secs_f64()
    };
    let fastest = || (0..3).map(time).fold(f64::INFINITY, f64::min);
    // Otherwise they would be spread over all cores.
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let fastest = match one_thread {
        Ok(pool) => pool.install(fastest),
        Err(_) => rayon::current_num_threads() as f64 * fastest(),
    };
    fastest
        / Costs::built_in(2048)
            .seconds
            .of_randomizers(RANDOMIZERS_AT_ONCE)
}

/// A modulus of 2048 bits to measure with: the number RSA-2048 of the RSA factoring challenge.
const RSA_2048: &str = "\
    c7970ceedcc3b0754490201a7aa613cd73911081c790f5f1a8726f463550bb5b7ff0db8e1ea1189ec72f93d1650011bd\
    721aeeacc2acde32a04107f0648c2813a31f5b0b7765ff8b44b4b6ffc93384b646eb09c7cf5e8592d40ea33c80039f35\
    b4f14a04b51f7bfd781be4d1673164ba8eb991c2c4d730bbbe35f592bdef524af7e8daefd26c66fc02c479af89d64d37\
    3f442709439de66ceb955f3ea37d5159f6135809f85334b5cb1813addc80cd05609f10ac6a95ad65872c909525bdad32\
    bc729592642920f24c61dc5b3c3b7923e56b16a4d9d373d8721f24a3fc0f1b3131f55615172866bccc30f95054c824e7\
    33a5eb6817f7bc16399d48c6361cc7e5";

/// The power of the key's size with which operations grow: 2 for a few products, 3 for powers.
const GROWTH: Seconds = Seconds {
    product: 2.0,
    inversion: 2.0,
    decoding: 2.0,
    unit_check: 2.0,
    encryption: 3.0,
    correction: 1.0,
    cell: 0.0,
    expansion: 2.0,
    randomizers: [3.0; RANDOMIZERS_AT_ONCE],
    decryptions: [3.0; DECRYPTIONS_AT_ONCE],
};
