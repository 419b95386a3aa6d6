//! [`SecretKey`] for Python.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use veilcast_files::Readers;
use veilcast_paillier::{PublicKeyFile, SecretKey as Key};

use crate::ciphertexts::Ciphertexts;
use crate::errors::Fault;
use crate::key_files;
use crate::plaintexts::Plaintexts;
use crate::public_key::{PublicKey, policy};
use crate::work;

/// How long a search for primes runs between looks at signals.
const LOOK: Duration = Duration::from_millis(50);

/// Two primes, which decrypt, and encrypt faster than the public key does.
#[pyclass(frozen, weakref, module = "veilcast._native")]
pub(crate) struct SecretKey(Arc<Key>);

#[pymethods]
impl SecretKey {
    /// A new key. If a signal's handler raises an exception, the search goes on in the background
    /// until it ends, and its result is wiped.
    #[staticmethod]
    fn generate(py: Python<'_>, bits: u32, allow_insecure_1024: bool) -> PyResult<Self> {
        let policy = policy(allow_insecure_1024);
        let (sender, mut made) = channel();
        // It fails if nobody waits any more.
        work::pool(py)?.spawn(move || drop(sender.send(Key::generate(bits, policy))));
        loop {
            let (result, receiver) = py.detach(move || (made.recv_timeout(LOOK), made));
            made = receiver;
            match result {
                Ok(key) => return Ok(Self(key.map_err(Fault::from)?.into())),
                Err(RecvTimeoutError::Timeout) => py.check_signals()?,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(PyRuntimeError::new_err("no key could be made: try again"));
                }
            }
        }
    }

    /// The key of two primes, given as big-endian bytes, after full checks.
    #[staticmethod]
    fn from_primes(
        py: Python<'_>,
        p: &[u8],
        q: &[u8],
        allow_insecure_1024: bool,
    ) -> PyResult<Self> {
        let policy = policy(allow_insecure_1024);
        let key = work::at_once(py, || Key::from_primes(p, q, policy))?;
        Ok(Self(key.map_err(Fault::from)?.into()))
    }

    /// The key in a file, after full checks.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf, allow_insecure_1024: bool) -> PyResult<Self> {
        let policy = policy(allow_insecure_1024);
        let text = py.detach(|| key_files::read(&path))?;
        let key = work::at_once(py, || Key::from_json(&text, policy))?;
        let key = key.map_err(|error| match PublicKeyFile::from_json(&text, policy) {
            Ok(_) if matches!(error, veilcast_paillier::KeyFileError::Json(_)) => {
                key_files::public_where_secret(&path)
            }
            _ => key_files::unusable(&path, error),
        })?;
        Ok(Self(key.into()))
    }

    /// Writes a key file that only its owner can read.
    fn save(&self, py: Python<'_>, path: PathBuf, overwrite: bool) -> PyResult<()> {
        let text = self.json(py)?;
        py.detach(|| key_files::write(&path, overwrite, Readers::Owner, &text))
    }

    /// The content of a key file: it holds the primes.
    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.json(py)?.to_string())
    }

    #[getter]
    fn public_key(&self) -> PublicKey {
        PublicKey::new(self.0.public_key().clone())
    }

    /// Encrypts each number under fresh randomness.
    fn encrypt(&self, py: Python<'_>, plaintexts: &Plaintexts) -> PyResult<Ciphertexts> {
        let numbers = plaintexts.of(self.0.public_key())?;
        // Not one by one: spare randomisers would be used by a child made by `fork`, too.
        let items = work::in_slices(py, numbers.len(), |range| {
            Ok(self.0.encrypt_many(&numbers[range]))
        })?;
        Ok(Ciphertexts::new(self.0.public_key(), items))
    }

    /// Decrypts each ciphertext: many sooner if their numbers have at most `bits` bits in magnitude.
    #[pyo3(signature = (ciphertexts, bits=None))]
    fn decrypt(
        &self,
        py: Python<'_>,
        ciphertexts: &Ciphertexts,
        bits: Option<u32>,
    ) -> PyResult<Plaintexts> {
        let key = self.0.public_key();
        let items = ciphertexts.of(key)?;
        let numbers = work::in_slices(py, items.len(), |range| {
            Ok(match bits {
                Some(bits) => self.0.decrypt_bounded(&items[range], bits)?,
                None => self.0.decrypt_many(&items[range])?,
            })
        })?;
        Ok(Plaintexts {
            key: key.clone(),
            numbers,
        })
    }

    fn __repr__(&self) -> String {
        format!("<secret key for {}>", key_files::name(self.0.public_key()))
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "secret keys are never pickled: save them to a file with save()",
        ))
    }
}

impl SecretKey {
    /// The key, for a session.
    pub(crate) fn shared(&self) -> Arc<Key> {
        Arc::clone(&self.0)
    }

    fn json(&self, py: Python<'_>) -> PyResult<zeroize::Zeroizing<String>> {
        work::at_once(py, || self.0.to_json(&key_files::name(self.0.public_key())))
    }
}
