//! Predictions: [`Model`], the model owner's side; [`Session`], the data owner's.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use numpy::{PyArray2, PyReadonlyArray2, ToPyArray};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use veilcast_card::{Encoder, Prediction, chain};
use veilcast_engine::{Evaluator, KeyPolicy, Planner, Session as Owner, Stopped};
use veilcast_model::Model as Whole;
use veilcast_paillier::SecretKey as Key;
use veilcast_protocol::{ContentDigest, Framing, InferRequest, InferResponse, Limits};

use crate::cards::{Card, Records};
use crate::errors::Fault;
use crate::secret_key::SecretKey;
use crate::work;

/// A model with its private weights.
#[pyclass(frozen, module = "veilcast._native")]
pub(crate) struct Model(Evaluator);

#[pymethods]
impl Model {
    /// The model in a directory.
    #[staticmethod]
    fn load(py: Python<'_>, directory: PathBuf) -> PyResult<Self> {
        let model = work::at_once(py, || Whole::load(&directory))?;
        let model = model.map_err(|error| {
            let directory = directory.display();
            Fault::Model(format!(
                "can't use the model in {directory}: {}",
                chain(&error)
            ))
        })?;
        Ok(Self(Evaluator::new(model, KeyPolicy::default())))
    }

    #[getter]
    fn card(&self) -> Card {
        Card(self.0.card().clone())
    }

    /// The bytes of what clients run before they encrypt; none if there is nothing.
    #[getter]
    fn public_part<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.0.public_part().map(|bytes| PyBytes::new(py, bytes))
    }

    /// The encrypted scores for a request.
    fn compute<'py>(&self, py: Python<'py>, request: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let limits = self.0.card().limits();
        let limits = Limits::new(limits.max_records as usize, limits.max_ciphertexts as usize);
        let answer = work::until_signal(py, |stop: &AtomicBool| {
            let fault =
                |text| Fault::Message(format!("not a request that this model takes: {text}"));
            let decoded = InferRequest::decode(request, Framing::SelfDelimiting, &limits);
            let decoded = decoded.map_err(|error| fault(chain(&error)))?;
            let mut pause = || match stop.load(Ordering::Relaxed) {
                true => Err(Stopped),
                false => Ok(()),
            };
            let computed = self.0.evaluate_in_slices(&decoded, &mut pause);
            let answer = computed.map_err(|error| fault(chain(&error)))?;
            let request_digest = Some(ContentDigest::of(request));
            Ok::<_, Fault>(
                InferResponse {
                    request_digest,
                    ..answer
                }
                .to_binary()
                .bytes,
            )
        })??;
        Ok(PyBytes::new(py, &answer))
    }
}

/// A secret key and a card: encrypts records and decrypts answers.
#[pyclass(frozen, module = "veilcast._native")]
pub(crate) struct Session {
    key: Arc<Key>,
    encoder: Encoder,
}

/// Scores, labels and probabilities of records, and what is wrong with some of them.
type Predicted<'py> = (
    Bound<'py, PyArray2<f64>>,
    Vec<Option<String>>,
    Option<Bound<'py, PyArray2<f64>>>,
    Vec<(usize, String)>,
);

#[pymethods]
impl Session {
    /// A session for a card, with the public part if the card has one.
    #[new]
    #[pyo3(signature = (card, key, public_part=None))]
    fn new(card: &Card, key: &SecretKey, public_part: Option<&[u8]>) -> PyResult<Self> {
        let encoder = veilcast_onnx::encoder(card.0.clone(), public_part);
        let encoder = encoder.map_err(|error| Fault::Card(chain(&error)))?;
        let key = key.shared();
        Owner::new(card.0.clone(), key.clone()).map_err(|error| Fault::Card(chain(&error)))?;
        Ok(Self { key, encoder })
    }

    #[getter]
    fn card(&self) -> Card {
        Card(self.encoder.card().clone())
    }

    /// The most records of one request, if `count` are to be predicted in all.
    fn max_records(&self, count: usize) -> PyResult<usize> {
        Ok(self.owner(count)?.max_records())
    }

    /// A request with these records: rows of numbers, where NaN is no value, and columns of texts.
    fn encrypt<'py>(
        &self,
        py: Python<'py>,
        numbers: PyReadonlyArray2<'py, f64>,
        texts: Vec<(usize, Vec<Option<String>>)>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let records = Records::encode(py, &self.encoder, &numbers, &texts)?.0;
        let owner = self.owner(records.len())?;
        let most = owner.max_records();
        if records.len() > most {
            let count = records.len();
            return Err(Fault::Record(format!(
                "a request to this model has at most {most} records, and there are {count}: encrypt them in parts"
            ))
            .into());
        }
        let request = work::at_once(py, || owner.encrypt(&records))?;
        let request = request.map_err(|error| Fault::Record(chain(&error)))?;
        Ok(PyBytes::new(py, &request.to_binary().bytes))
    }

    /// The predictions in an answer. With the request, the answer must belong to it.
    #[pyo3(signature = (answer, request=None))]
    fn decrypt<'py>(
        &self,
        py: Python<'py>,
        answer: &[u8],
        request: Option<&[u8]>,
    ) -> PyResult<Predicted<'py>> {
        let card = self.encoder.card();
        let most = card.limits();
        let records = most.max_records as usize;
        let limits = Limits::new(records, records.saturating_mul(card.outputs()));
        let fault = |text| Fault::Message(format!("not an answer of this model: {text}"));
        let scores = work::at_once(py, || {
            let digest = request.map(ContentDigest::of);
            let answer = InferResponse::decode(answer, Framing::SelfDelimiting, &limits);
            let answer = answer.map_err(|error| fault(chain(&error)))?;
            if digest.is_some() && answer.request_digest != digest {
                return Err(fault("it answers another request".into()));
            }
            let owner = Owner::new(card.clone(), self.key.clone());
            let owner = owner.map_err(|error| Fault::Card(chain(&error)))?;
            owner.decrypt(&answer).map_err(|error| fault(chain(&error)))
        })??;
        self.predicted(py, &scores)
    }
}

impl Session {
    /// A session in the layout that suits this many records best.
    fn owner(&self, count: usize) -> PyResult<Owner> {
        let card = self.encoder.card();
        let planned = || {
            let best = Planner::new(card, self.key.public_key().bits()).best(count.max(1), 0)?;
            let mut owner = Owner::new(card.clone(), self.key.clone())?;
            owner.set_layout(best.layout)?;
            Ok(owner)
        };
        let planned: Result<Owner, veilcast_engine::LayoutError> = planned();
        Ok(planned.map_err(|error| Fault::Card(chain(&error)))?)
    }

    /// What the card makes of scores. Records whose scores can't be right have none.
    fn predicted<'py>(&self, py: Python<'py>, scores: &[Vec<i64>]) -> PyResult<Predicted<'py>> {
        let card = self.encoder.card();
        let (mut all, mut labels, mut faults) = (Vec::new(), Vec::new(), Vec::new());
        let mut probabilities: Vec<f64> = Vec::new();
        let classes = card.output().labels.len();
        for (record, scores) in scores.iter().enumerate() {
            match card.predict(scores) {
                Ok(Prediction::Class(class)) => {
                    all.extend(class.scores);
                    labels.push(Some(class.label));
                    probabilities.extend(class.probabilities.unwrap_or_default());
                }
                Ok(Prediction::Quantities(values)) => {
                    all.extend(values);
                    labels.push(None);
                }
                Err(error) => {
                    all.extend(std::iter::repeat_n(f64::NAN, card.outputs()));
                    labels.push(None);
                    probabilities.extend(std::iter::repeat_n(f64::NAN, classes));
                    faults.push((record, chain(&error)));
                }
            }
        }
        let matrix = |values: Vec<f64>, columns: usize| {
            let shape = (scores.len(), columns);
            let array = numpy::ndarray::Array2::from_shape_vec(shape, values);
            array
                .map(|array| array.to_pyarray(py))
                .map_err(|error| Fault::Shape(error.to_string()))
        };
        let all = matrix(all, card.outputs())?;
        let has_probabilities = Card(card.clone()).gives_probabilities();
        let probabilities = has_probabilities
            .then(|| matrix(probabilities, classes))
            .transpose()?;
        Ok((all, labels, probabilities, faults))
    }
}
