//! Numbers of S bits from a secret, by SHAKE256 (FIPS 202).

use shake::{ExtendableOutput, Shake256, Update, XofReader};
use zeroize::Zeroizing;

use crate::bits;

/// `count` numbers of `width` bits, 1 to 64, from what is absorbed: a domain, and parts of fixed lengths.
///
/// Each is read from ⌈width/8⌉ bytes of the output, little-endian, of which the lowest `width` bits count.
pub(super) fn numbers(
    domain: &[u8],
    parts: &[&[u8]],
    width: u32,
    count: usize,
) -> Zeroizing<Vec<u64>> {
    let bytes = output(domain, parts, width, count);
    let number = |digits: &[u8]| {
        let digits = digits.iter().rev();
        digits.fold(0, |number, &digit| number << 8 | u64::from(digit)) & bits::ones(width)
    };
    Zeroizing::new(bytes.chunks_exact(stride(width)).map(number).collect())
}

/// The same for numbers of 1 to 128 bits.
pub(super) fn wide_numbers(
    domain: &[u8],
    parts: &[&[u8]],
    width: u32,
    count: usize,
) -> Zeroizing<Vec<u128>> {
    let bytes = output(domain, parts, width, count);
    let number = |digits: &[u8]| {
        let digits = digits.iter().rev();
        digits.fold(0, |number, &digit| number << 8 | u128::from(digit)) & bits::wide_ones(width)
    };
    Zeroizing::new(bytes.chunks_exact(stride(width)).map(number).collect())
}

fn stride(width: u32) -> usize {
    width.div_ceil(8) as usize
}

fn output(domain: &[u8], parts: &[&[u8]], width: u32, count: usize) -> Zeroizing<Vec<u8>> {
    let mut absorbed = Shake256::default();
    absorbed.update(domain);
    for part in parts {
        absorbed.update(part);
    }
    let mut bytes = Zeroizing::new(vec![0; count * stride(width)]);
    absorbed.finalize_xof().read(&mut bytes);
    bytes
}
