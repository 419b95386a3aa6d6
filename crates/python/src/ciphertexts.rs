//! [`Ciphertexts`]: a flat array of ciphertexts of one key.

use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rayon::prelude::*;
use veilcast_paillier::{Ciphertext, CiphertextError, PublicKey as Key};

use crate::arithmetic;
use crate::errors::Fault;
use crate::plaintexts::Plaintexts;
use crate::public_key::PublicKey;
use crate::weighted_sums;
use crate::work;

/// How many ciphertexts are written between looks at signals.
const AT_ONCE: usize = 16 * 1024;

/// Ciphertexts of one key, one after another.
#[pyclass(frozen, module = "veilcast._native")]
pub(crate) struct Ciphertexts {
    pub(crate) key: Key,
    pub(crate) items: Vec<Ciphertext>,
}

#[pymethods]
impl Ciphertexts {
    /// Each number encrypted under fresh randomness, with the public key.
    #[staticmethod]
    fn encrypt(
        py: Python<'_>,
        key: &PublicKey,
        plaintexts: &Plaintexts,
        short_exponents: bool,
    ) -> PyResult<Self> {
        let numbers = plaintexts.of(&key.key)?;
        let short = match short_exponents {
            true => Some(work::at_once(py, || key.short_exponents())??),
            false => None,
        };
        let items = work::in_slices(py, numbers.len(), |range| {
            let randomizers = match short {
                Some(short) => short.randomizers(range.len()),
                None => key.key.randomizers(range.len()),
            };
            Ok(key.key.encrypt_many_with(&numbers[range], randomizers))
        })?;
        Ok(Self::new(&key.key, items))
    }

    /// Ciphertexts from their bytes, one after another, each checked.
    #[staticmethod]
    #[pyo3(name = "decode")]
    fn from_bytes(
        py: Python<'_>,
        key: &PublicKey,
        data: PyReadonlyArray1<'_, u8>,
    ) -> PyResult<Self> {
        let data = data.as_slice().map_err(|_| {
            Fault::Ciphertext("the ciphertexts' bytes aren't one after another".into())
        })?;
        Self::decode(py, &key.key, data)
    }

    /// Encryptions of 0 without randomness: they hide nothing, and are to be computed with.
    #[staticmethod]
    fn zeros(py: Python<'_>, key: &PublicKey, count: usize) -> PyResult<Self> {
        let width = key.key.ciphertext_bytes();
        let mut one = vec![0; width];
        one[width - 1] = 1;
        let zero = Self::decode(py, &key.key, &one)?;
        let items = zero.items.iter().cycle().take(count).cloned();
        Ok(Self::new(&key.key, items.collect()))
    }

    /// The ciphertexts at these places.
    fn take(&self, places: PyReadonlyArray1<'_, i64>) -> PyResult<Self> {
        let places = self.places(&places.as_array().to_vec())?;
        let items = places.into_iter().map(|place| self.items[place].clone());
        Ok(Self::new(&self.key, items.collect()))
    }

    /// The ciphertexts of all parts, one after another.
    #[staticmethod]
    fn concatenate(key: &PublicKey, parts: Vec<PyRef<'_, Self>>) -> PyResult<Self> {
        let mut items = Vec::with_capacity(parts.iter().map(|part| part.items.len()).sum());
        for part in &parts {
            items.extend_from_slice(part.of(&key.key)?);
        }
        Ok(Self::new(&key.key, items))
    }

    /// The sum with as many other ciphertexts.
    fn add(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
        let other = self.as_many(other)?;
        let sum = |i: usize| self.key.add(&self.items[i], &other[i]);
        Ok(Self::new(&self.key, work::each(py, other.len(), sum)?))
    }

    /// The difference to as many other ciphertexts.
    fn subtract(&self, py: Python<'_>, other: &Self) -> PyResult<Self> {
        let other = self.as_many(other)?;
        let items = arithmetic::differences(py, &self.key, Some(&self.items), other)?;
        Ok(Self::new(&self.key, items))
    }

    /// The negative numbers of these.
    fn negate(&self, py: Python<'_>) -> PyResult<Self> {
        let items = arithmetic::differences(py, &self.key, None, &self.items)?;
        Ok(Self::new(&self.key, items))
    }

    /// The sum with as many known numbers. It has the randomness that the ciphertexts have.
    fn add_plaintexts(&self, py: Python<'_>, numbers: &Plaintexts) -> PyResult<Self> {
        let numbers = self.as_many_numbers(numbers)?;
        let sum = |i: usize| self.key.add_plaintext(&self.items[i], &numbers[i]);
        Ok(Self::new(&self.key, work::each(py, numbers.len(), sum)?))
    }

    /// The product with as many known numbers. Variable time in them.
    fn multiply(&self, py: Python<'_>, numbers: &Plaintexts) -> PyResult<Self> {
        let numbers = self.as_many_numbers(numbers)?;
        let items = arithmetic::products(py, &self.key, &self.items, numbers)?;
        Ok(Self::new(&self.key, items))
    }

    /// For each row of places, the sum of the ciphertexts there.
    fn sums(&self, py: Python<'_>, places: PyReadonlyArray2<'_, i64>) -> PyResult<Self> {
        let rows = places.as_array();
        let rows: Result<Vec<_>, Fault> = rows
            .rows()
            .into_iter()
            .map(|row| self.places(&row.to_vec()))
            .collect();
        let items = arithmetic::sums(py, &self.key, &self.items, &rows?)?;
        Ok(Self::new(&self.key, items))
    }

    /// For each of `rows` rows of known numbers, one after another, the sum of the ciphertexts
    /// weighted by them. Variable time in them.
    fn weighted_sums(&self, py: Python<'_>, weights: &Plaintexts, rows: usize) -> PyResult<Self> {
        let weights = weights.of(&self.key)?;
        Fault::unless_equal(rows.saturating_mul(self.items.len()), weights.len())?;
        let items = weighted_sums::compute(py, &self.key, &self.items, weights, rows)?;
        Ok(Self::new(&self.key, items))
    }

    /// The same numbers under fresh randomness.
    fn rerandomize(&self, py: Python<'_>) -> PyResult<Self> {
        let items = work::in_slices(py, self.items.len(), |range| {
            let randomizers = self.key.randomizers(range.len());
            let pairs = self.items[range].par_iter().zip(randomizers);
            Ok(pairs.map(|(c, r)| self.key.rerandomize(c, r)).collect())
        })?;
        Ok(Self::new(&self.key, items))
    }

    /// The ciphertexts' bytes, one after another.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let width = self.key.ciphertext_bytes();
        // Written where Python will read them.
        PyBytes::new_with(py, width * self.items.len(), |bytes| {
            let parts = bytes.chunks_mut(AT_ONCE * width);
            for (bytes, items) in parts.zip(self.items.chunks(AT_ONCE)) {
                let encode = |(bytes, item): (&mut [u8], &Ciphertext)| {
                    bytes.copy_from_slice(&self.key.encode_ciphertext(item));
                };
                work::at_once(py, || {
                    let pairs = bytes.par_chunks_mut(width).zip(items);
                    pairs.for_each(encode);
                })?;
                py.check_signals()?;
            }
            Ok(())
        })
    }

    fn __len__(&self) -> usize {
        self.items.len()
    }

    fn __repr__(&self) -> String {
        format!("<{} ciphertexts>", self.items.len())
    }
}

impl Ciphertexts {
    pub(crate) fn new(key: &Key, items: Vec<Ciphertext>) -> Self {
        Self {
            key: key.clone(),
            items,
        }
    }

    /// Ciphertexts from their bytes, each checked.
    pub(crate) fn decode(py: Python<'_>, key: &Key, data: &[u8]) -> PyResult<Self> {
        let width = key.ciphertext_bytes();
        if !data.len().is_multiple_of(width) {
            let found = data.len();
            return Err(Fault::Ciphertext(format!(
                "{found} bytes are not a whole number of ciphertexts, which have {width} bytes under this key"
            ))
            .into());
        }
        let items = work::in_slices(py, data.len() / width, |range| {
            let bytes = &data[range.start * width..range.end * width];
            key.decode_ciphertexts(bytes.chunks(width))
                .map_err(|error| {
                    Fault::from(match error {
                        CiphertextError::Range { index } => CiphertextError::Range {
                            index: range.start + index,
                        },
                        other => other,
                    })
                })
        })?;
        Ok(Self::new(key, items))
    }

    /// The ciphertexts, if they are of this key.
    pub(crate) fn of(&self, key: &Key) -> Result<&[Ciphertext], Fault> {
        if self.key == *key {
            Ok(&self.items)
        } else {
            Err(Fault::OtherKey)
        }
    }

    /// As many others, of the same key.
    fn as_many<'a>(&self, other: &'a Self) -> Result<&'a [Ciphertext], Fault> {
        Fault::unless_equal(self.items.len(), other.items.len())?;
        other.of(&self.key)
    }

    fn as_many_numbers<'a>(
        &self,
        numbers: &'a Plaintexts,
    ) -> Result<&'a [veilcast_paillier::Plaintext], Fault> {
        Fault::unless_equal(self.items.len(), numbers.numbers.len())?;
        numbers.of(&self.key)
    }

    /// Places that exist.
    fn places(&self, places: &[i64]) -> Result<Vec<usize>, Fault> {
        let place = |&place: &i64| {
            let found = usize::try_from(place)
                .ok()
                .filter(|&place| place < self.items.len());
            found.ok_or_else(|| {
                let count = self.items.len();
                Fault::Shape(format!("there is no ciphertext {place} among {count}"))
            })
        };
        places.iter().map(place).collect()
    }
}
