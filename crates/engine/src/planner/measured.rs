//! The built-in costs: figures of one machine. `veilcast bench --calibrate` stores those of another.
//!
//! Keys of each size were measured five times by `veilcast bench --key-bits B --json`, in CPU time, on a
//! virtual core of an AMD EPYC of the Zen 4 generation (AVX-512 IFMA) that was shared with others
//! and also busy; each figure is the median, to three digits. Where the medians had more operations
//! at once take less time than fewer, which is noise, both have the lower figure.

use super::costs::{Costs, Seconds};

/// Costs by the size of the key.
pub(super) const MEASURED: [Costs; 3] = [
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
