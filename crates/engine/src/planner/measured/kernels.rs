//! What operations take by kernel, on a virtual core of an Intel Xeon of the Sapphire Rapids generation that was
//! shared with others: medians of two runs of `veilcast bench --key-bits B --json` with `VEILCAST_KERNEL` set,
//! in CPU time, to three digits. Where more operations at once took less time than fewer, which is noise,
//! both have the lower figure.

use crate::planner::costs::{Costs, Seconds};

/// Costs by the size of the key.
type Measured = [Costs; 3];

/// The costs with this kernel, as [`kernel`](veilcast_paillier::kernel) names it.
pub(super) fn with_kernel(kernel: &str) -> &'static Measured {
    match kernel {
        "avx512-ifma" => &AVX512_IFMA,
        "avx2" => &AVX2,
        "adx" => &ADX,
        _ => &PORTABLE,
    }
}

/// Depends neither on the kernel nor on the key.
const CELL: f64 = 0.165e-6;

const AVX512_IFMA: Measured = [
    Costs {
        key_bits: 2048,
        link_bytes_per_second: Costs::LINK_BYTES_PER_SECOND,
        seconds: Seconds {
            product: 0.677e-6,
            inversion: 185e-6,
            decoding: 3.5e-6,
            unit_check: 77.2e-6,
            encryption: 67.7e-6,
            correction: 1.11e-6,
            cell: CELL,
            expansion: 7.89e-6,
            randomizers: [
                1780e-6, 3550e-6, 5950e-6, 5960e-6, 7290e-6, 7290e-6, 7300e-6, 7300e-6,
            ],
            decryptions: [960e-6, 1020e-6, 1430e-6, 1510e-6],
        },
    },
    Costs {
        key_bits: 3072,
        link_bytes_per_second: Costs::LINK_BYTES_PER_SECOND,
        seconds: Seconds {
            product: 1.35e-6,
            inversion: 385e-6,
            decoding: 6.47e-6,
            unit_check: 167e-6,
            encryption: 186e-6,
            correction: 1.8e-6,
            cell: CELL,
            expansion: 14.4e-6,
            randomizers: [
                5400e-6, 10700e-6, 19400e-6, 19400e-6, 24500e-6, 24500e-6, 24500e-6, 25200e-6,
            ],
            decryptions: [2220e-6, 3150e-6, 4220e-6, 4260e-6],
        },
    },
    Costs {
        key_bits: 4096,
        link_bytes_per_second: Costs::LINK_BYTES_PER_SECOND,
        seconds: Seconds {
            product: 2.03e-6,
            inversion: 664e-6,
            decoding: 9.7e-6,
            unit_check: 277e-6,
            encryption: 416e-6,
            correction: 2.63e-6,
            cell: CELL,
            expansion: 22.5e-6,
            randomizers: [
                9890e-6, 19900e-6, 30100e-6, 45500e-6, 56800e-6, 56800e-6, 56800e-6, 56800e-6,
            ],
            decryptions: [3980e-6, 6990e-6, 9420e-6, 9500e-6],
        },
    },
];

const AVX2: Measured = [
    Costs {
        key_bits: 2048,
        link_bytes_per_second: Costs::LINK_BYTES_PER_SECOND,
        seconds: Seconds {
            product: 2.29e-6,
            inversion: 175e-6,
            decoding: 6.2e-6,
            unit_check: 68.5e-6,
            encryption: 202e-6,
            correction: 1.09e-6,
            cell: CELL,
            expansion: 8.65e-6,
            randomizers: [
                4060e-6, 8060e-6, 12100e-6, 13400e-6, 20700e-6, 24900e-6, 27200e-6, 28000e-6,
            ],
            decryptions: [1380e-6, 2310e-6, 4090e-6, 4540e-6],
        },
    },
    Costs {
        key_bits: 3072,
        link_bytes_per_second: Costs::LINK_BYTES_PER_SECOND,
        seconds: Seconds {
            product: 4.94e-6,
            inversion: 388e-6,
            decoding: 12.8e-6,
            unit_check: 155e-6,
            encryption: 602e-6,
            correction: 1.77e-6,
            cell: CELL,
            expansion: 16.9e-6,
            randomizers: [
                12900e-6, 26000e-6, 39000e-6, 45500e-6, 64600e-6, 77600e-6, 84500e-6, 89600e-6,
            ],
            decryptions: [3980e-6, 6650e-6, 12000e-6, 13100e-6],
        },
    },
    Costs {
        key_bits: 4096,
        link_bytes_per_second: Costs::LINK_BYTES_PER_SECOND,
        seconds: Seconds {
            product: 8.81e-6,
            inversion: 674e-6,
            decoding: 21.5e-6,
            unit_check: 272e-6,
            encryption: 1310e-6,
            correction: 2.68e-6,
            cell: CELL,
            expansion: 27.7e-6,
            randomizers: [
                29500e-6, 58900e-6, 89000e-6, 104000e-6, 150000e-6, 176000e-6, 198000e-6, 213000e-6,
            ],
            decryptions: [9100e-6, 16100e-6, 27500e-6, 34600e-6],
        },
    },
];

const ADX: Measured = [
    Costs {
        key_bits: 2048,
        link_bytes_per_second: Costs::LINK_BYTES_PER_SECOND,
        seconds: Seconds {
            product: 2.3e-6,
            inversion: 173e-6,
            decoding: 6.13e-6,
            unit_check: 68.6e-6,
            encryption: 296e-6,
            correction: 1.29e-6,
            cell: CELL,
            expansion: 8.8e-6,
            randomizers: [
                4080e-6, 8200e-6, 12300e-6, 16400e-6, 20300e-6, 24400e-6, 28600e-6, 32800e-6,
            ],
            decryptions: [1370e-6, 2730e-6, 4100e-6, 5460e-6],
        },
    },
    Costs {
        key_bits: 3072,
        link_bytes_per_second: Costs::LINK_BYTES_PER_SECOND,
        seconds: Seconds {
            product: 5.11e-6,
            inversion: 393e-6,
            decoding: 13.5e-6,
            unit_check: 160e-6,
            encryption: 899e-6,
            correction: 1.93e-6,
            cell: CELL,
            expansion: 17.4e-6,
            randomizers: [
                13400e-6, 27600e-6, 39900e-6, 53800e-6, 67900e-6, 82100e-6, 97600e-6, 112000e-6,
            ],
            decryptions: [4240e-6, 8460e-6, 12500e-6, 17000e-6],
        },
    },
    Costs {
        key_bits: 4096,
        link_bytes_per_second: Costs::LINK_BYTES_PER_SECOND,
        seconds: Seconds {
            product: 9.09e-6,
            inversion: 686e-6,
            decoding: 22.5e-6,
            unit_check: 278e-6,
            encryption: 1950e-6,
            correction: 5.83e-6,
            cell: CELL,
            expansion: 28.8e-6,
            randomizers: [
                30400e-6, 61400e-6, 92200e-6, 123000e-6, 154000e-6, 183000e-6, 214000e-6, 244000e-6,
            ],
            decryptions: [9230e-6, 18500e-6, 28100e-6, 37700e-6],
        },
    },
];

const PORTABLE: Measured = [
    Costs {
        key_bits: 2048,
        link_bytes_per_second: Costs::LINK_BYTES_PER_SECOND,
        seconds: Seconds {
            product: 3.63e-6,
            inversion: 178e-6,
            decoding: 9.42e-6,
            unit_check: 71e-6,
            encryption: 501e-6,
            correction: 1.41e-6,
            cell: CELL,
            expansion: 11.8e-6,
            randomizers: [
                6550e-6, 13400e-6, 19800e-6, 26100e-6, 32900e-6, 39300e-6, 46200e-6, 53000e-6,
            ],
            decryptions: [2010e-6, 3990e-6, 6030e-6, 8070e-6],
        },
    },
    Costs {
        key_bits: 3072,
        link_bytes_per_second: Costs::LINK_BYTES_PER_SECOND,
        seconds: Seconds {
            product: 9.06e-6,
            inversion: 409e-6,
            decoding: 22.2e-6,
            unit_check: 159e-6,
            encryption: 1430e-6,
            correction: 1.77e-6,
            cell: CELL,
            expansion: 25.6e-6,
            randomizers: [
                23000e-6, 46100e-6, 70600e-6, 91400e-6, 117000e-6, 142000e-6, 165000e-6, 184000e-6,
            ],
            decryptions: [6490e-6, 13000e-6, 19200e-6, 26700e-6],
        },
    },
    Costs {
        key_bits: 4096,
        link_bytes_per_second: Costs::LINK_BYTES_PER_SECOND,
        seconds: Seconds {
            product: 16.3e-6,
            inversion: 736e-6,
            decoding: 39.6e-6,
            unit_check: 276e-6,
            encryption: 3310e-6,
            correction: 2.6e-6,
            cell: CELL,
            expansion: 45.1e-6,
            randomizers: [
                54400e-6, 110000e-6, 169000e-6, 225000e-6, 271000e-6, 326000e-6, 381000e-6,
                434000e-6,
            ],
            decryptions: [14800e-6, 29300e-6, 43600e-6, 58500e-6],
        },
    },
];
