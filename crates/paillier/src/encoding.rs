//! Numbers as big-endian bytes outside, as little-endian limbs inside.

/// Big-endian bytes as little-endian limbs.
pub(crate) fn limbs_from_bytes(bytes: &[u8]) -> Vec<u64> {
    let limb = |chunk: &[u8]| {
        chunk
            .iter()
            .fold(0, |limb, &byte| (limb << 8) | u64::from(byte))
    };
    bytes.rchunks(8).map(limb).collect()
}

/// Little-endian limbs as big-endian bytes, eight per limb.
pub(crate) fn bytes_from_limbs(limbs: &[u64]) -> Vec<u8> {
    limbs
        .iter()
        .rev()
        .flat_map(|limb| limb.to_be_bytes())
        .collect()
}
