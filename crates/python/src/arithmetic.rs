//! Differences, products and sums of many ciphertexts.

use pyo3::prelude::*;
use rayon::prelude::*;
use veilcast_paillier::{Ciphertext, Plaintext, PublicKey};

use crate::errors::Fault;
use crate::work;

/// How many ciphertexts are added up in one go, between looks at signals.
const TERMS: usize = 1024;

/// a\[i\] − b\[i\] for each i, or −b\[i\] without a. All of a slice share one inversion per thread.
pub(crate) fn differences(
    py: Python<'_>,
    key: &PublicKey,
    a: Option<&[Ciphertext]>,
    b: &[Ciphertext],
) -> PyResult<Vec<Ciphertext>> {
    work::in_slices(py, b.len(), |range| {
        let b = &b[range.clone()];
        let a = a.map(|a| &a[range]);
        let part = b.len().div_ceil(rayon::current_num_threads()).max(1);
        let starts: Vec<usize> = (0..b.len()).step_by(part).collect();
        let parts = starts.par_iter().flat_map_iter(|&start| {
            let part = start..b.len().min(start + part);
            quotients(key, a.map(|a| &a[part.clone()]), &b[part])
        });
        Ok(parts.collect())
    })
}

fn quotients(key: &PublicKey, a: Option<&[Ciphertext]>, b: &[Ciphertext]) -> Vec<Ciphertext> {
    let count = b.len() as u32;
    let minus = |i: u32| Some(i);
    let (registers, results): (Vec<Ciphertext>, Vec<[Option<u32>; 2]>) = match a {
        Some(a) => (
            [b, a].concat(),
            (0..count).map(|i| [Some(count + i), minus(i)]).collect(),
        ),
        None => (b.to_vec(), (0..count).map(|i| [None, minus(i)]).collect()),
    };
    key.run_program_vartime(&registers, &[], &results)
}

/// numbers\[i\]·c\[i\] for each i. Variable time in the numbers.
pub(crate) fn products(
    py: Python<'_>,
    key: &PublicKey,
    ciphertexts: &[Ciphertext],
    numbers: &[Plaintext],
) -> PyResult<Vec<Ciphertext>> {
    work::in_slices(py, numbers.len(), |range| {
        Ok(key.mul_many_vartime(&ciphertexts[range.clone()], &numbers[range]))
    })
}

/// For each row of places, the sum of the ciphertexts there. A row must have one place at least.
pub(crate) fn sums(
    py: Python<'_>,
    key: &PublicKey,
    ciphertexts: &[Ciphertext],
    rows: &[Vec<usize>],
) -> PyResult<Vec<Ciphertext>> {
    if rows.iter().any(Vec::is_empty) {
        return Err(Fault::Shape("a sum needs at least one ciphertext".into()).into());
    }
    let parts: Vec<(usize, &[usize])> = (0..)
        .zip(rows)
        .flat_map(|(row, places)| places.chunks(TERMS).map(move |part| (row, part)))
        .collect();
    let partial = work::each(py, parts.len(), |i| {
        let (first, rest) = parts[i].1.split_first()?;
        let first = ciphertexts[*first].clone();
        let sum = rest
            .iter()
            .fold(first, |sum, &place| key.add(&sum, &ciphertexts[place]));
        Some(sum)
    })?;
    let mut totals: Vec<Option<Ciphertext>> = vec![None; rows.len()];
    for ((row, _), part) in parts.iter().zip(partial) {
        let total = &mut totals[*row];
        *total = match (total.take(), part) {
            (Some(total), Some(part)) => Some(key.add(&total, &part)),
            (total, part) => total.or(part),
        };
    }
    Ok(totals.into_iter().flatten().collect())
}
