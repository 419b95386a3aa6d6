//! The kernel in plain Rust, for any number of limbs: the reference for all others.
//!
//! Schoolbook rows of 64×64→128-bit products: L² for a product, L(L+1)/2 for a square, L² for a
//! reduction (Montgomery 1985, in the form that Koç, Acar and Kaliski 1996 call SOS).

use super::interface::Kernel;
use subtle::ConstantTimeEq as _;

use crate::limbs::{adc, mac};

pub(super) const KERNEL: Kernel = Kernel {
    name: "portable",
    mul_add,
    square,
    redc,
    select,
};

fn mul_add(out: &mut [u64], x: &[u64], y: &[u64]) -> u64 {
    let l = x.len();
    assert!(
        y.len() == l && out.len() == 2 * l,
        "a product needs L, L and 2L limbs"
    );
    let mut top = 0;
    for (i, &xi) in x.iter().enumerate() {
        let row = &mut out[i..i + l + 1];
        let mut carry = 0;
        for (t, &yj) in row.iter_mut().zip(y) {
            (*t, carry) = mac(*t, xi, yj, carry);
        }
        (row[l], top) = adc(row[l], carry, top);
    }
    top
}

fn square(out: &mut [u64], x: &[u64]) {
    let l = x.len();
    assert!(out.len() == 2 * l, "a square needs L and 2L limbs");
    // The products of different limbs, once.
    out.fill(0);
    for (i, &xi) in x.iter().enumerate() {
        let mut carry = 0;
        for (t, &xj) in out[2 * i + 1..].iter_mut().zip(&x[i + 1..]) {
            (*t, carry) = mac(*t, xi, xj, carry);
        }
        out[i + l] = carry;
    }
    // Twice that, plus the squares of the limbs.
    let (mut shifted_out, mut carry) = (0, 0);
    for (t, &xi) in out.chunks_exact_mut(2).zip(x) {
        let doubled = [(t[0] << 1) | shifted_out, (t[1] << 1) | (t[0] >> 63)];
        shifted_out = t[1] >> 63;
        let (low, high) = mac(doubled[0], xi, xi, carry);
        t[0] = low;
        (t[1], carry) = adc(doubled[1], high, 0);
    }
}

fn redc(t: &mut [u64], n: &[u64], n_inv: u64) -> u64 {
    let l = n.len();
    assert!(t.len() == 2 * l, "a reduction needs 2L and L limbs");
    let mut top = 0;
    for i in 0..l {
        let row = &mut t[i..i + l + 1];
        let m = row[0].wrapping_mul(n_inv);
        let mut carry = 0;
        for (t, &nj) in row.iter_mut().zip(n) {
            (*t, carry) = mac(*t, m, nj, carry);
        }
        (row[l], top) = adc(row[l], carry, top);
        // This limb is zero now; the caller wants m in its place.
        row[0] = m;
    }
    top
}

fn select(out: &mut [u64], table: &[u64], index: u64) {
    out.fill(0);
    for (i, entry) in table.chunks_exact(out.len()).enumerate() {
        let mask = u64::from((i as u64).ct_eq(&index).unwrap_u8()).wrapping_neg();
        for (out, &limb) in out.iter_mut().zip(entry) {
            *out |= limb & mask;
        }
    }
}
