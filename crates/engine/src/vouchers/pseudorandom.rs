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
    let mut absorbed = Shake256::default();
    absorbed.update(domain);
    for part in parts {
        absorbed.update(part);
    }
    let stride = width.div_ceil(8) as usize;
    let mut bytes = Zeroizing::new(vec![0; count * stride]);
    absorbed.finalize_xof().read(&mut bytes);
    let number = |digits: &[u8]| {
        let digits = digits.iter().rev();
        digits.fold(0, |number, &digit| number << 8 | u64::from(digit)) & bits::ones(width)
    };
    Zeroizing::new(bytes.chunks_exact(stride).map(number).collect())
}
