//! The built-in costs: figures of one machine, to be replaced by those of another with
//! `veilcast bench`.
//!
//! One core of a virtual machine with an x86-64 server processor of 2024 that has AVX-512 IFMA, shared
//! with others; medians of five rounds, written by
//! `veilcast bench --key-bits B --json`.

use super::costs::{Costs, Seconds};

/// Costs by the size of the key.
pub(super) const MEASURED: [Costs; 1] = [Costs {
    key_bits: 2048,
    link_bytes_per_second: Costs::LINK_BYTES_PER_SECOND,
    seconds: Seconds {
        product: 1.3e-6,
        square: 1.2e-6,
        inversion: 280e-6,
        decoding: 5e-6,
        unit_check: 300e-6,
        encryption: 126e-6,
        correction: 2e-6,
        expansion: 15e-6,
        randomizers: [2.6e-3, 5.2e-3, 7.5e-3, 7.5e-3, 10e-3, 10e-3, 11e-3, 11.5e-3],
        decryptions: [1.5e-3, 1.7e-3, 2.1e-3, 2.1e-3],
    },
}];
