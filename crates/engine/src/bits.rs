//! Fields of bits in numbers of several limbs, little-endian.

/// Adds a value at a bit offset, with its carries.
///
/// # Panics
/// If the sum does not fit the limbs.
pub(crate) fn add_at(limbs: &mut [u64], bit: u32, value: u64) {
    let (mut limb, shift) = (bit as usize / 64, bit % 64);
    let mut rest = u128::from(value) << shift;
    while rest != 0 {
        let sum = u128::from(limbs[limb]) + u128::from(rest as u64);
        limbs[limb] = sum as u64;
        rest = (rest >> 64) + (sum >> 64);
        limb += 1;
    }
}

/// The `width` bits from an offset on, at most 64; bits beyond the limbs are 0.
pub(crate) fn get(limbs: &[u64], bit: u32, width: u32) -> u64 {
    let (limb, shift) = (bit as usize / 64, bit % 64);
    let at = |index: usize| limbs.get(index).copied().unwrap_or(0);
    let window = (u128::from(at(limb + 1)) << 64 | u128::from(at(limb))) >> shift;
    window as u64 & ones(width)
}

/// Replaces the `width` bits from an offset on, at most 64, by a value.
pub(crate) fn set(limbs: &mut [u64], bit: u32, width: u32, value: u64) {
    let old = get(limbs, bit, width);
    let (limb, shift) = (bit as usize / 64, bit % 64);
    let change = u128::from(old ^ value) << shift;
    limbs[limb] ^= change as u64;
    if change >> 64 != 0 {
        limbs[limb + 1] ^= (change >> 64) as u64;
    }
}

/// Adds a value of up to 128 bits at a bit offset, with its carries.
///
/// # Panics
/// If the sum does not fit the limbs.
pub(crate) fn add_wide(limbs: &mut [u64], bit: u32, value: u128) {
    add_at(limbs, bit, value as u64);
    if value >> 64 != 0 {
        add_at(limbs, bit + 64, (value >> 64) as u64);
    }
}

/// The `width` bits from an offset on, at most 128; bits beyond the limbs are 0.
pub(crate) fn get_wide(limbs: &[u64], bit: u32, width: u32) -> u128 {
    let low = get(limbs, bit, width.min(64));
    let high = get(limbs, bit + 64, width.saturating_sub(64));
    u128::from(high) << 64 | u128::from(low)
}

/// Replaces the `width` bits from an offset on, at most 128, by a value.
pub(crate) fn set_wide(limbs: &mut [u64], bit: u32, width: u32, value: u128) {
    set(limbs, bit, width.min(64), value as u64);
    if width > 64 {
        set(limbs, bit + 64, width - 64, (value >> 64) as u64);
    }
}

/// A number whose lowest `width` bits are ones, at most 128.
pub(crate) fn wide_ones(width: u32) -> u128 {
    u128::MAX
        .checked_shr(128 - width.min(128))
        .unwrap_or_default()
}

/// Copies `width` bits from one place to another, which holds zeros.
pub(crate) fn copy(from: &[u64], from_bit: u32, to: &mut [u64], to_bit: usize, width: u32) {
    for done in (0..width).step_by(64) {
        let part = (width - done).min(64);
        let value = get(from, from_bit + done, part);
        let (limb, shift) = ((to_bit + done as usize) / 64, (to_bit + done as usize) % 64);
        to[limb] |= value << shift;
        let over = (u128::from(value) << shift >> 64) as u64;
        if over != 0 {
            to[limb + 1] |= over;
        }
    }
}

/// x ← x − y modulo 2^(64·limbs), for an x with no more limbs than y; returns whether x was smaller.
pub(crate) fn subtract(x: &mut [u64], y: &[u64]) -> bool {
    let mut borrow = false;
    for (x, &y) in x.iter_mut().zip(y) {
        let (difference, below) = x.overflowing_sub(y);
        let (difference, below_borrow) = difference.overflowing_sub(u64::from(borrow));
        (*x, borrow) = (difference, below | below_borrow);
    }
    borrow
}

/// x ← x + y modulo 2^(64·limbs), for an x with no more limbs than y.
pub(crate) fn add(x: &mut [u64], y: &[u64]) {
    let mut carry = false;
    for (x, &y) in x.iter_mut().zip(y) {
        let (sum, over) = x.overflowing_add(y);
        let (sum, over_carry) = sum.overflowing_add(u64::from(carry));
        (*x, carry) = (sum, over | over_carry);
    }
}

/// Whether any bit from this one on is set.
pub(crate) fn has_bits_from(limbs: &[u64], bit: u32) -> bool {
    let (limb, shift) = (bit as usize / 64, bit % 64);
    let (first, rest) = match limbs.get(limb..) {
        Some([first, rest @ ..]) => (first >> shift, rest),
        _ => (0, &[][..]),
    };
    rest.iter().fold(first, |any, limb| any | limb) != 0
}

/// A number whose lowest `width` bits are ones.
pub(crate) fn ones(width: u32) -> u64 {
    u64::MAX.checked_shr(64 - width.min(64)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_where_they_were_put() {
        for bit in [0, 1, 41, 63, 64, 100, 127, 128] {
            for width in [1, 17, 40, 63, 64] {
                let mut limbs = [0; 4];
                add_at(&mut limbs, bit, ones(width));
                assert_eq!(get(&limbs, bit, width), ones(width), "{bit}, {width}");
                let set_bits: u32 = limbs.iter().map(|limb| limb.count_ones()).sum();
                assert_eq!(set_bits, width);
                let mut copied = [0; 4];
                copy(&limbs, bit, &mut copied, 7, width);
                assert_eq!(get(&copied, 7, width), ones(width));
                set(&mut limbs, bit, width, 1);
                assert_eq!(get(&limbs, bit, width), 1);
                let set_bits: u32 = limbs.iter().map(|limb| limb.count_ones()).sum();
                assert_eq!(set_bits, 1);
            }
        }
        assert_eq!(ones(0), 0);
    }

    #[test]
    fn wide_fields_are_where_they_were_put() {
        for bit in [0, 1, 41, 63, 64, 100] {
            for width in [1, 17, 63, 64, 65, 104, 126, 128] {
                let mut limbs = [0; 4];
                add_wide(&mut limbs, bit, wide_ones(width));
                assert_eq!(get_wide(&limbs, bit, width), wide_ones(width));
                let set_bits: u32 = limbs.iter().map(|limb| limb.count_ones()).sum();
                assert_eq!(set_bits, width, "{bit}, {width}");
                set_wide(&mut limbs, bit, width, 1);
                assert_eq!(get_wide(&limbs, bit, width), 1);
                let set_bits: u32 = limbs.iter().map(|limb| limb.count_ones()).sum();
                assert_eq!(set_bits, 1);
            }
        }
        assert_eq!(wide_ones(0), 0);
    }

    #[test]
    fn carries_go_through() {
        let mut limbs = [u64::MAX, u64::MAX, 0];
        add_at(&mut limbs, 3, 1);
        assert_eq!(limbs, [7, 0, 1]);
    }
}
