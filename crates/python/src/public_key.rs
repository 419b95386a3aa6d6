//! [`PublicKey`] for Python.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use veilcast_paillier::{KeyPolicy, PublicKey as Key, PublicKeyFile};

use crate::errors::Fault;
use crate::key_files::{self, Readers};

/// A modulus, under which anyone can encrypt and compute.
#[pyclass(frozen, module = "veilcast._native")]
pub(crate) struct PublicKey(pub(crate) Key);

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
        Ok(Self(key.map_err(Fault::from)?))
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
        Ok(Self(file.key))
    }

    /// Writes a key file, without a proof.
    fn save(&self, py: Python<'_>, path: PathBuf, overwrite: bool) -> PyResult<()> {
        let file = PublicKeyFile {
            key: self.0.clone(),
            proof: None,
        };
        let text = file.to_json(&key_files::name(&self.0));
        py.detach(|| key_files::write(&path, overwrite, Readers::Usual, &text))
    }

    /// The modulus as big-endian bytes.
    #[getter]
    fn modulus<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.modulus())
    }

    /// Bits of the modulus.
    #[getter]
    fn bits(&self) -> u32 {
        self.0.bits()
    }

    /// SHA-256 of the modulus.
    #[getter]
    fn fingerprint<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.fingerprint())
    }

    /// Bytes of a ciphertext.
    #[getter]
    fn ciphertext_bytes(&self) -> usize {
        self.0.ciphertext_bytes()
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn __hash__(&self) -> u64 {
        let start = self.0.fingerprint();
        start[..8]
            .iter()
            .fold(0, |hash, &byte| hash << 8 | u64::from(byte))
    }

    fn __repr__(&self) -> String {
        format!(
            "<public key, {} bits, {}>",
            self.0.bits(),
            key_files::name(&self.0)
        )
    }
}
