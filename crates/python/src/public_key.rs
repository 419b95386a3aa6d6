//! [`PublicKey`] for Python.

use std::path::PathBuf;
use std::sync::OnceLock;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use veilcast_files::Readers;
use veilcast_paillier::{
    KeyPolicy, PublicKey as Key, PublicKeyFile, ShortExponentRandomizers, Slots,
};

use crate::errors::Fault;
use crate::key_files;

/// A modulus, under which anyone can encrypt and compute.
#[pyclass(frozen, module = "veilcast._native")]
pub(crate) struct PublicKey {
    pub(crate) key: Key,
    /// A table for short exponents, once it has been asked for; `None` if the key is not fit for them.
    short: OnceLock<Option<ShortExponentRandomizers>>,
}

/// Keys of 1024 bits are for tests.
pub(crate) fn policy(allow_insecure_1024: bool) -> KeyPolicy {
    KeyPolicy {
        allow_insecure_1024,
    }
}

#[pymethods]
impl PublicKey {
    /// The key of a modulus, given as big-endian bytes, after checks.
    #[staticmethod]
    fn from_modulus(py: Python<'_>, n: &[u8], allow_insecure_1024: bool) -> PyResult<Self> {
        let policy = policy(allow_insecure_1024);
        let key = py.detach(|| Key::from_modulus(n, policy));
        Ok(Self::new(key.map_err(Fault::from)?))
    }

    /// The key in a file, of a public key or of a secret one.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf, allow_insecure_1024: bool) -> PyResult<Self> {
        let policy = policy(allow_insecure_1024);
        let file = py.detach(|| {
            let text = key_files::read(&path)?;
            PublicKeyFile::from_json(&text, policy)
                .map_err(|error| key_files::unusable(&path, error))
        })?;
        Ok(Self::new(file.key))
    }

    /// Writes a key file, without a proof.
    fn save(&self, py: Python<'_>, path: PathBuf, overwrite: bool) -> PyResult<()> {
        let file = PublicKeyFile {
            key: self.key.clone(),
            proof: None,
        };
        let text = file.to_json(&key_files::name(&self.key));
        py.detach(|| key_files::write(&path, overwrite, Readers::Usual, &text))
    }

    /// The modulus as big-endian bytes.
    #[getter]
    fn modulus<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.key.modulus())
    }

    /// Bits of the modulus.
    #[getter]
    fn bits(&self) -> u32 {
        self.key.bits()
    }

    /// SHA-256 of the modulus.
    #[getter]
    fn fingerprint<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.key.fingerprint())
    }

    /// Bytes of a ciphertext.
    #[getter]
    fn ciphertext_bytes(&self) -> usize {
        self.key.ciphertext_bytes()
    }

    /// How many integers of up to `bits` bits in magnitude have room in one ciphertext.
    fn slots(&self, bits: u32) -> usize {
        Slots::new(&self.key, bits).map_or(0, |slots| slots.most())
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.key == other.key
    }

    fn __hash__(&self) -> u64 {
        let start = self.key.fingerprint();
        start[..8]
            .iter()
            .fold(0, |hash, &byte| hash << 8 | u64::from(byte))
    }

    fn __repr__(&self) -> String {
        format!(
            "<public key, {} bits, {}>",
            self.key.bits(),
            key_files::name(&self.key)
        )
    }
}

impl PublicKey {
    pub(crate) fn new(key: Key) -> Self {
        Self {
            key,
            short: OnceLock::new(),
        }
    }

    /// What makes randomisers with short exponents, computed at the first call.
    ///
    /// Two threads may both compute it: if one waited for the other, it would wait for good in a child
    /// made by `fork` meanwhile.
    pub(crate) fn short_exponents(&self) -> Result<&ShortExponentRandomizers, Fault> {
        let made = match self.short.get() {
            Some(made) => made,
            None => {
                let made = ShortExponentRandomizers::new(&self.key);
                self.short.get_or_init(|| made)
            }
        };
        made.as_ref().ok_or_else(|| {
            Fault::Key(
                "this key's primes aren't both 3 modulo 4, which short exponents need: encrypt without them"
                    .into(),
            )
        })
    }
}
