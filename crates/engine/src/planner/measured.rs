//! The built-in costs: figures of one machine. `veilcast bench --calibrate` stores those of another.
//!
//! Keys of each size were measured five times by `veilcast bench --key-bits B --json`, in CPU time, on a
//! virtual core of an AMD EPYC of the Zen 4 generation (AVX-512 IFMA) that was shared with others
//! and also busy; each figure is the median, to three digits. Where the medians had more operations
//! at once take less time than fewer, which is noise, both have the lower figure.

use super::costs::{Costs, DECRYPTIONS_AT_ONCE, RANDOMIZERS_AT_ONCE, Seconds};

impl Costs {
    /// The costs that the planner goes by unless it is told better ones: those of a current x86-64
    /// server with AVX-512 IFMA for keys of 2048, 3072 and 4096 bits, and for others the nearest
    /// of these, scaled by what the operations' counts of limb products grow with.
    pub fn built_in(key_bits: u32) -> Self {
        let distance = |measured: &&Self| measured.key_bits.abs_diff(key_bits);
        let nearest = MEASURED.iter().min_by_key(distance);
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

    /// These costs for keys of another size: on a machine that takes so many times the built-in
    /// costs at the one size, each operation is taken to do so at the other.
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

/// The power of the key's size with which operations grow: 2 for a few products, 3 for powers.
const GROWTH: Seconds = Seconds {
    product: 2.0,
    square: 2.0,
    inversion: 2.0,
    decoding: 2.0,
    unit_check: 2.0,
    encryption: 3.0,
    correction: 1.0,
    expansion: 2.0,
    randomizers: [3.0; RANDOMIZERS_AT_ONCE],
    decryptions: [3.0; DECRYPTIONS_AT_ONCE],
};

/// Costs by the size of the key.
const MEASURED: [Costs; 3] = [
    Costs {
        key_bits: 2048,
        link_bytes_per_second: Costs::LINK_BYTES_PER_SECOND,
        seconds: Seconds {
            product: 0.893e-6,
            square: 1.02e-6,
            inversion: 202e-6,
            decoding: 4.38e-6,
            unit_check: 72e-6,
            encryption: 139e-6,
            correction: 1.17e-6,
            expansion: 8.16e-6,
            randomizers: [
                3110e-6, 6100e-6, 6310e-6, 6310e-6, 10500e-6, 10500e-6, 11500e-6, 11500e-6,
            ],
            decryptions: [1700e-6, 1700e-6, 1940e-6, 1940e-6],
        },
    },
    Costs {
        key_bits: 3072,
        link_bytes_per_second: Costs::LINK_BYTES_PER_SECOND,
        seconds: Seconds {
            product: 1.73e-6,
            square: 2.13e-6,
            inversion: 404e-6,
            decoding: 9.36e-6,
            unit_check: 152e-6,
            encryption: 342e-6,
            correction: 2.43e-6,
            expansion: 15.2e-6,
            randomizers: [
                9370e-6, 18800e-6, 23400e-6, 23400e-6, 36600e-6, 36600e-6, 38000e-6, 39200e-6,
            ],
            decryptions: [3760e-6, 4860e-6, 5430e-6, 6120e-6],
        },
    },
    Costs {
        key_bits: 4096,
        link_bytes_per_second: Costs::LINK_BYTES_PER_SECOND,
        seconds: Seconds {
            product: 2.84e-6,
            square: 3.11e-6,
            inversion: 875e-6,
            decoding: 11.8e-6,
            unit_check: 266e-6,
            encryption: 690e-6,
            correction: 3.19e-6,
            expansion: 28.5e-6,
            randomizers: [
                16900e-6, 32100e-6, 50300e-6, 65200e-6, 77000e-6, 77000e-6, 77200e-6, 77200e-6,
            ],
            decryptions: [6210e-6, 7090e-6, 11100e-6, 11800e-6],
        },
    },
];
