//! The bounded-answer mask: an answer tells its slots and nothing above them.
//!
//! A client may encrypt anything, not only quantised features. With x_i = 2^(32·i), an unmasked
//! answer Σ wᵢ·xᵢ would hold all the weights at once. So the service adds 2^S·ρ with ρ uniform
//! below ⌊n/2^S⌋, where S is the top of the answer's slots: an answer is then uniform above bit S,
//! but for one bit at most that says whether the sum passed n. Honest sums lie below 2^S, so that
//! nothing passes n and the slots are exact.

use veilcast_paillier::{Plaintext, PublicKey};

/// low + 2^bits·ρ for a fresh ρ, uniform below ⌊n/2^bits⌋.
///
/// `low` is below 2^bits, and bits below |n|.
///
/// # Panics
/// If the operating system's generator fails.
pub(crate) fn bounded(key: &PublicKey, bits: u32, low: u64) -> Plaintext {
    debug_assert!(bits >= 64 || low >> bits == 0);
    let n = key.modulus_limbs();
    // The bits of limb i that lie above the slots.
    let above = |i: usize| {
        u64::MAX
            .checked_shl(bits.saturating_sub(64 * i as u32))
            .unwrap_or(0)
    };
    loop {
        // x ↦ ⌊x/2^bits⌋ is uniform once the x of the last, incomplete block are thrown away.
        let x = key.random_plaintext();
        let mut limbs = x.limbs().to_vec();
        let is_in_last_block = (0..n.len()).all(|i| (limbs[i] ^ n[i]) & above(i) == 0);
        if is_in_last_block {
            continue;
        }
        for (i, limb) in limbs.iter_mut().enumerate() {
            *limb &= above(i);
        }
        limbs[0] |= low;
        return key
            .plaintext(&limbs)
            .expect("all of a complete block is below n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use veilcast_paillier::{KeyPolicy, SecretKey};

    #[test]
    fn the_low_bits_are_kept_and_the_rest_varies() {
        let tests_only = KeyPolicy {
            allow_insecure_1024: true,
        };
        let secret = SecretKey::generate(1024, tests_only).unwrap();
        let key = secret.public_key();
        for bits in [1, 23, 63, 64, 65, 130, 1000] {
            let low = if bits < 64 {
                (1 << bits) - 1
            } else {
                0x1234_5678_9abc_def0
            };
            let [a, b] = [bounded(key, bits, low), bounded(key, bits, low)];
            for x in [&a, &b] {
                assert_eq!(
                    x.limbs()[0]
                        & u64::MAX
                            .checked_shr(64u32.saturating_sub(bits))
                            .unwrap_or(0),
                    low
                );
                for bit in 64..bits {
                    assert_eq!(
                        x.limbs()[bit as usize / 64] >> (bit % 64) & 1,
                        0,
                        "bit {bit} of {bits}"
                    );
                }
            }
            assert_ne!(a, b, "{bits} bits leave room for a mask that differs");
        }
    }
}
