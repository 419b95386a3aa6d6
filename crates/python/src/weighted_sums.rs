//! Sums of ciphertexts weighted by known numbers of any size.
//!
//! The weights are cut into digits of at most 30 bits with the weight's sign. One sum per digit is
//! computed by [`PublicKey::weighted_sums_vartime`], which shares its work among the ciphertexts of a
//! sum, and Horner's rule puts the digits' sums together. Variable time in the weights.

use pyo3::prelude::*;
use rayon::prelude::*;
use veilcast_paillier::{Ciphertext, Plaintext, PublicKey};

use crate::work;

/// Most bits of a digit, so that it is an `i32`.
const DIGIT: u32 = 30;

/// The most ciphertexts that are summed together: more would hardly share more work.
const TERMS: usize = 2048;

/// About how many terms are computed between looks at signals.
const SLICE: usize = 16 * 1024;

/// For each of `rows` rows of weights, the weighted sum of the ciphertexts. There must be a weight
/// for each row and ciphertext, and at least one ciphertext.
pub(crate) fn compute(
    py: Python<'_>,
    key: &PublicKey,
    ciphertexts: &[Ciphertext],
    weights: &[Plaintext],
    rows: usize,
) -> PyResult<Vec<Ciphertext>> {
    let count = ciphertexts.len();
    let signed = work::each(py, weights.len(), |i| {
        key.sign_and_magnitude_vartime(&weights[i])
    })?;
    let widest = signed.iter().map(|(_, magnitude)| bits_vartime(magnitude));
    let bits = widest.max().unwrap_or(0).max(1);
    let digits = bits.div_ceil(DIGIT);
    let width = bits.div_ceil(digits);

    let pool = work::pool(py)?;
    // Few sums are cut into parts, one for each thread.
    let threads = pool.current_num_threads();
    let parts = if rows * (digits as usize) < 2 * threads {
        threads
    } else {
        1
    };
    let terms = count.div_ceil(parts).clamp(1, TERMS);
    let rows_at_once = (SLICE / (terms * digits as usize)).max(1);
    let starts: Vec<usize> = (0..count).step_by(terms).collect();

    let mut sums = Vec::with_capacity(rows);
    for first in (0..rows).step_by(rows_at_once) {
        let these = first..rows.min(first + rows_at_once);
        let mut totals: Option<Vec<Ciphertext>> = None;
        for group in starts.chunks(parts) {
            let compute = |&start: &usize| {
                let range = start..count.min(start + terms);
                let digit_rows: Vec<Vec<i32>> = these
                    .clone()
                    .flat_map(|row| (0..digits).map(move |digit| (row, digit)))
                    .map(|(row, digit)| {
                        let row = &signed[row * count..][range.clone()];
                        row.iter()
                            .map(|weight| part(weight, digit * width, width))
                            .collect()
                    })
                    .collect();
                let digit_rows = digit_rows.par_iter().map(Vec::as_slice);
                key.weighted_sums_vartime(&ciphertexts[range], digit_rows)
            };
            let computed: Vec<Vec<Ciphertext>> =
                py.detach(|| pool.install(|| group.par_iter().map(compute).collect()));
            for more in computed {
                totals = Some(match totals {
                    None => more,
                    Some(totals) => work::each(py, more.len(), |i| key.add(&totals[i], &more[i]))?,
                });
            }
            py.check_signals()?;
        }
        let totals = totals.unwrap_or_default();
        if digits == 1 {
            sums.extend(totals);
        } else {
            let lists: Vec<Vec<Ciphertext>> =
                totals.chunks(digits as usize).map(<[_]>::to_vec).collect();
            sums.extend(py.detach(|| pool.install(|| key.horner_vartime(&lists, width))));
        }
    }
    Ok(sums)
}

/// A digit of a weight, with the weight's sign.
fn part((is_negative, magnitude): &(bool, Vec<u64>), at: u32, width: u32) -> i32 {
    let digit = bits_at(magnitude, at, width) as i32;
    if *is_negative { -digit } else { digit }
}

/// The number of bits up to the highest that is set, of limbs of which the last isn't 0.
fn bits_vartime(limbs: &[u64]) -> u32 {
    let last = limbs.last().copied().unwrap_or(0);
    64 * limbs.len() as u32 - last.leading_zeros().min(64 * limbs.len() as u32)
}

/// Up to 32 bits of a number from bit `at` on.
fn bits_at(limbs: &[u64], at: u32, count: u32) -> u32 {
    let (whole, bits) = ((at / 64) as usize, at % 64);
    let limb = |i: usize| u128::from(limbs.get(i).copied().unwrap_or(0));
    let wide = limb(whole) | limb(whole + 1) << 64;
    ((wide >> bits) as u64 & ((1 << count) - 1)) as u32
}
