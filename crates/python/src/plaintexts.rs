//! [`Plaintexts`]: numbers, encoded for a key.

use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use veilcast_paillier::{EncodedNumber, EncodedNumberError, Plaintext, PublicKey as Key, Slots};
use zeroize::Zeroizing;

use crate::errors::Fault;
use crate::public_key::PublicKey;
use crate::work;

/// Numbers encoded for a key: to be encrypted or computed with, or just decrypted. They are secret
/// and wiped when the object goes.
#[pyclass(frozen, module = "veilcast._native")]
pub(crate) struct Plaintexts {
    pub(crate) key: Key,
    pub(crate) numbers: Vec<Plaintext>,
}

#[pymethods]
impl Plaintexts {
    /// Signed integers as multiples of 16^exponent, for an exponent of 0 or less.
    #[staticmethod]
    fn integers(
        py: Python<'_>,
        key: &PublicKey,
        values: PyReadonlyArray1<'_, i64>,
        exponent: i32,
    ) -> PyResult<Self> {
        let (key, values) = (key.key.clone(), Zeroizing::new(values.as_array().to_vec()));
        let encoded = work::each(py, values.len(), |i| {
            let number = EncodedNumber::from_integer(&key, values[i].into());
            match exponent {
                0 => Ok(number),
                _ => number.decrease_exponent_to(&key, exponent),
            }
        })?;
        let numbers = plaintexts(encoded)?;
        Ok(Self { key, numbers })
    }

    /// Floating-point numbers as multiples of 16^exponent, halves rounded to even.
    #[staticmethod]
    fn floats(
        py: Python<'_>,
        key: &PublicKey,
        values: PyReadonlyArray1<'_, f64>,
        exponent: i32,
    ) -> PyResult<Self> {
        let (key, values) = (key.key.clone(), Zeroizing::new(values.as_array().to_vec()));
        let encoded = work::each(py, values.len(), |i| {
            EncodedNumber::from_f64_with_exponent(&key, values[i], exponent)
        })?;
        let numbers = plaintexts(encoded)?;
        Ok(Self { key, numbers })
    }

    /// Numbers below n as big-endian bytes.
    #[staticmethod]
    fn raw(key: &PublicKey, values: Vec<Vec<u8>>) -> PyResult<Self> {
        let values = Zeroizing::new(values);
        let key = key.key.clone();
        let number = |bytes: &Vec<u8>| key.plaintext_from_bytes(bytes).map_err(Fault::from);
        let numbers = values.iter().map(number).collect::<Result<_, _>>()?;
        Ok(Self { key, numbers })
    }

    /// Rows of `row` numbers, each row in as few plaintexts as possible, in slots for integers of `bits` bits.
    fn packed(&self, py: Python<'_>, bits: u32, row: usize) -> PyResult<Self> {
        let slots = self.slots(bits)?;
        let rows = self.numbers.chunks(row.max(1));
        let groups: Vec<&[Plaintext]> = rows.flat_map(|row| row.chunks(slots.most())).collect();
        let packed = work::each(py, groups.len(), |i| {
            slots.pack(groups[i]).map_err(Fault::from)
        })?;
        Ok(Self {
            key: self.key.clone(),
            numbers: packed.into_iter().collect::<Result<_, _>>()?,
        })
    }

    /// The numbers that were packed in rows of `row`.
    fn unpacked(&self, py: Python<'_>, bits: u32, row: usize) -> PyResult<Self> {
        let slots = self.slots(bits)?;
        let per_row = row.div_ceil(slots.most()).max(1);
        let unpacked = work::each(py, self.numbers.len(), |i| {
            let before = i % per_row * slots.most();
            let count = row.saturating_sub(before).min(slots.most());
            slots.unpack(&self.numbers[i], count).map_err(|_| {
                Fault::Decryption(format!(
                    "ciphertext {i} holds more than its slots: it was changed, or isn't one of packed numbers"
                ))
            })
        })?;
        let unpacked: Vec<Vec<Plaintext>> = unpacked.into_iter().collect::<Result<_, _>>()?;
        Ok(Self {
            key: self.key.clone(),
            numbers: unpacked.into_iter().flatten().collect(),
        })
    }

    /// The signed integers, all of at most the magnitude `bound` (big-endian bytes).
    fn to_integers<'py>(
        &self,
        py: Python<'py>,
        bound: &[u8],
    ) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let bound = self.bound(bound)?;
        let decoded = work::each(py, self.numbers.len(), |i| {
            let number = self.checked(i, &bound)?;
            let value = self.key.decode(number).map(i64::try_from);
            value.and_then(Result::ok).ok_or_else(|| {
                Fault::Overflow(format!(
                    "number {i} does not fit 64 bits: decrypt with dtype=object"
                ))
            })
        })?;
        let mut values = Zeroizing::new(decoded.into_iter().collect::<Result<Vec<_>, _>>()?);
        Ok(PyArray1::from_vec(py, std::mem::take(&mut *values)))
    }

    /// The nearest floating-point numbers to the numbers times 16^exponent, all of at most the
    /// magnitude `bound` (big-endian bytes, without the exponent).
    fn to_floats<'py>(
        &self,
        py: Python<'py>,
        exponent: i32,
        bound: &[u8],
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let bound = self.bound(bound)?;
        let decoded = work::each(py, self.numbers.len(), |i| {
            let number = self.checked(i, &bound)?.clone();
            let number = EncodedNumber::from_plaintext(number, exponent);
            number.to_f64(&self.key).map_err(Fault::from)
        })?;
        let mut values = Zeroizing::new(decoded.into_iter().collect::<Result<Vec<_>, _>>()?);
        Ok(PyArray1::from_vec(py, std::mem::take(&mut *values)))
    }

    /// The numbers below n as big-endian bytes, of as many bytes as n has.
    fn to_raw<'py>(
        &self,
        py: Python<'py>,
        bound: Option<&[u8]>,
    ) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let bound = bound.map(|bound| self.bound(bound)).transpose()?;
        let raw = |i: usize| {
            let number = match &bound {
                Some(bound) => self.checked(i, bound)?,
                None => &self.numbers[i],
            };
            Ok(PyBytes::new(py, &number.to_bytes()))
        };
        (0..self.numbers.len()).map(raw).collect()
    }

    fn __len__(&self) -> usize {
        self.numbers.len()
    }

    fn __repr__(&self) -> String {
        format!("<{} plaintexts, not shown>", self.numbers.len())
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "plaintexts are secret and are never pickled",
        ))
    }
}

impl Plaintexts {
    /// The numbers, if they are of this key.
    pub(crate) fn of(&self, key: &Key) -> Result<&[Plaintext], Fault> {
        if self.key == *key {
            Ok(&self.numbers)
        } else {
            Err(Fault::OtherKey)
        }
    }

    fn slots(&self, bits: u32) -> Result<Slots, Fault> {
        Slots::new(&self.key, bits).ok_or_else(|| {
            Fault::Overflow(format!("the key has no room for a number of {bits} bits"))
        })
    }

    fn bound(&self, bytes: &[u8]) -> Result<Plaintext, Fault> {
        (self.key.plaintext_from_bytes(bytes))
            .map_err(|_| Fault::Overflow("the bound is larger than the key's modulus".into()))
    }

    /// A number that is within the bound which is known of it.
    fn checked(&self, index: usize, bound: &Plaintext) -> Result<&Plaintext, Fault> {
        let number = &self.numbers[index];
        if self.key.is_within(number, bound) {
            return Ok(number);
        }
        Err(Fault::Decryption(format!(
            "number {index} is larger than the array's bound: the ciphertexts were changed, or made \
             with a larger bound than the array says"
        )))
    }
}

fn plaintexts(
    encoded: Vec<Result<EncodedNumber, EncodedNumberError>>,
) -> Result<Vec<Plaintext>, Fault> {
    let encoded = encoded.into_iter();
    encoded
        .map(|number| Ok(number?.plaintext().clone()))
        .collect()
}
