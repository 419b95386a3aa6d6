//! [`Model`], the model owner's side.

use std::path::PathBuf;
use std::sync::Arc;

use numpy::PyReadonlyArray2;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use veilcast_card::{Way, chain};
use veilcast_engine::{EvaluateError, Evaluator, KeyPolicy, SealingKey, seal};
use veilcast_model::{Model as Whole, ModelError};
use veilcast_protocol::{ContentDigest, Framing, InferResponse, Inference, Limits, MaskedResponse};
use veilcast_server::read_voucher_secrets;

use crate::cards::{Card, Records, Texts};
use crate::errors::Fault;
use crate::outcome::{Outcome, Predicted};
use crate::secret_key::SecretKey;
use crate::sessions::encoder;
use crate::work;

/// A model with its private weights.
#[pyclass(frozen, module = "veilcast._native")]
pub(crate) struct Model {
    evaluator: Evaluator,
    sealing_key: Option<SealingKey>,
}

#[pymethods]
impl Model {
    /// The model in a directory, with its key if it is sealed and there is one, and the file of the secrets that vouchers are
    /// derived from if others share them.
    #[staticmethod]
    #[pyo3(signature = (directory, sealing_key=None, voucher_secret=None))]
    fn load(
        py: Python<'_>,
        directory: PathBuf,
        sealing_key: Option<&SecretKey>,
        voucher_secret: Option<PathBuf>,
    ) -> PyResult<Self> {
        let whole = work::at_once(py, || Whole::load(&directory))?;
        let whole = whole.map_err(|error| {
            let directory = directory.display();
            Fault::Model(format!(
                "can't use the model in {directory}: {}",
                chain(&error)
            ))
        })?;
        let opened = Self::opened(py, whole, sealing_key)?;
        let Some(file) = voucher_secret else {
            return Ok(opened);
        };
        let secrets = read_voucher_secrets(&file);
        let secrets = secrets.map_err(|error| Fault::Voucher(chain(&error)))?;
        Ok(Self {
            evaluator: opened.evaluator.with_voucher_secrets(Arc::new(secrets)),
            ..opened
        })
    }

    /// Writes the model's directory.
    fn save(&self, py: Python<'_>, directory: PathBuf, overwrite: bool) -> PyResult<()> {
        let saved = work::at_once(py, || self.evaluator.model().save(&directory, overwrite))?;
        Ok(saved.map_err(|error| match error {
            ModelError::Exists { .. } => Fault::Exists(format!(
                "{error}: choose another place, or say overwrite=True"
            )),
            error => Fault::Model(chain(&error)),
        })?)
    }

    /// The same model, whose weights also travel encrypted under a key; offered so alone if `only` is true.
    fn sealed(&self, py: Python<'_>, key: &SecretKey, only: bool) -> PyResult<Self> {
        let mut ways = match only {
            true => Vec::new(),
            false => self.evaluator.model().card().ways().to_vec(),
        };
        if !ways.contains(&Way::Sealed) {
            ways.push(Way::Sealed);
        }
        let shared = key.shared();
        let sealed = work::at_once(py, || seal(self.evaluator.model().clone(), &shared, ways))?;
        let sealed = sealed.map_err(|error| Fault::Sealed(chain(&error)))?;
        Self::opened(py, sealed, Some(key))
    }

    #[getter]
    fn card(&self) -> Card {
        Card(self.evaluator.card().clone())
    }

    /// The bytes of what clients run before they encrypt; none if there is nothing.
    #[getter]
    fn public_part<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        let part = self.evaluator.public_part();
        part.map(|bytes| PyBytes::new(py, bytes))
    }

    /// The bytes of the encrypted weights of a sealed model.
    #[getter]
    fn sealed_weights<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        let file = self.evaluator.sealed_file();
        file.map(|bytes| PyBytes::new(py, bytes))
    }

    /// What the model predicts in the clear, by its integers.
    fn predict<'py>(
        &self,
        py: Python<'py>,
        numbers: PyReadonlyArray2<'py, f64>,
        texts: Vec<Texts>,
    ) -> PyResult<Outcome> {
        let (model, card) = (self.evaluator.model(), self.evaluator.card());
        let encoder = encoder(card, model.public_part())?;
        let records = Records::encode(py, &encoder, &numbers, &texts)?;
        let scores = work::in_slices(py, records.len(), |range| {
            let scores = records.0[range].iter();
            let scores = scores.map(|record| model.evaluate(record));
            let scores: Result<Vec<_>, _> = scores.collect();
            scores.map_err(|error| Fault::Record(chain(&error)))
        })?;
        let mut predicted = Predicted::new(card);
        predicted.taken.changed = records.changed();
        for scores in &scores {
            predicted.add(card, Ok(scores));
        }
        Ok(predicted.into())
    }

    /// The encrypted or masked scores for a request.
    fn compute<'py>(&self, py: Python<'py>, request: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let limits = self.evaluator.card().limits();
        let limits = Limits::new(limits.max_records as usize, limits.max_ciphertexts as usize);
        let answer = work::until_signal(py, |stop| {
            let decoded = Inference::decode(request, Framing::SelfDelimiting, &limits);
            let decoded = decoded.map_err(|error| no_request(&chain(&error)))?;
            let mut pause = || work::pause(stop);
            let fault = |error: EvaluateError| no_request(&chain(&error));
            let request_digest = Some(ContentDigest::of(request));
            let body = match &decoded {
                Inference::Encrypted(encrypted) => {
                    let answer = self.evaluator.evaluate_in_slices(encrypted, &mut pause);
                    InferResponse {
                        request_digest,
                        ..answer.map_err(fault)?
                    }
                    .to_binary()
                }
                Inference::Sealed(sealed) => {
                    if !self.evaluator.opens_sealed() {
                        return Err(no_request(
                            "it was made of the encrypted weights: give the model's key, as sealing_key",
                        ));
                    }
                    let answer = self.evaluator.evaluate_sealed(sealed, &mut pause);
                    MaskedResponse {
                        request_digest,
                        ..answer.map_err(fault)?
                    }
                    .to_binary()
                }
                Inference::Round(_) => {
                    return Err(no_request(
                        "it is a round of a network with hidden layers, whose vouchers are used once: only a service, which remembers \
                         them, answers it (`serve`)",
                    ));
                }
                Inference::Masked(masked) => {
                    let answer = self.evaluator.evaluate_masked(masked);
                    MaskedResponse {
                        request_digest,
                        ..answer.map_err(fault)?
                    }
                    .to_binary()
                }
            };
            Ok::<_, Fault>(body.bytes)
        })??;
        Ok(PyBytes::new(py, &answer))
    }
}

impl Model {
    pub(crate) fn whole(&self) -> &Whole {
        self.evaluator.model()
    }

    pub(crate) fn evaluator(&self) -> &Evaluator {
        &self.evaluator
    }

    /// The model, ready to be served.
    pub(crate) fn to_serve(&self) -> Result<Evaluator, Fault> {
        evaluator(self.whole().clone(), self.sealing_key.clone())
    }

    /// A model, ready to compute; with its key if it is sealed and there is one.
    pub(crate) fn opened(
        py: Python<'_>,
        whole: Whole,
        sealing_key: Option<&SecretKey>,
    ) -> PyResult<Self> {
        let sealing_key = sealing_key.map(|key| SealingKey::from(key.shared()));
        let key = sealing_key.clone();
        let evaluator = work::at_once(py, || evaluator(whole, key))??;
        Ok(Self {
            evaluator,
            sealing_key,
        })
    }
}

fn evaluator(whole: Whole, sealing_key: Option<SealingKey>) -> Result<Evaluator, Fault> {
    let evaluator = Evaluator::new(whole, KeyPolicy::default());
    let opened = match sealing_key {
        Some(key) => evaluator.with_sealing_key(key),
        None => Ok(evaluator),
    };
    opened.map_err(|error| Fault::Sealed(chain(&error)))
}

fn no_request(text: &str) -> Fault {
    Fault::Message(format!("not a request that this model takes: {text}"))
}
