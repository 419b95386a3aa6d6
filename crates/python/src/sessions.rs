//! The data owner's side: [`Session`], with a key; [`SealedModel`], without one.

use std::sync::Arc;

use numpy::PyReadonlyArray2;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use veilcast_card::{Card as PublicCard, Encoder, Way, chain};
use veilcast_engine::{
    KeyPolicy, LayoutError, Opening, Planner, Predictor, Prepared, SealedModel as Weights,
    Session as Owner, VoucherSource,
};
use veilcast_paillier::SecretKey as Key;
use veilcast_protocol::{ContentDigest, Framing, InferResponse, Limits, MaskedResponse};

use crate::cards::{Card, Records, Texts};
use crate::errors::Fault;
use crate::outcome::{Outcome, Predicted};
use crate::secret_key::SecretKey;
use crate::work;

/// A secret key and a card: encrypts records and decrypts answers.
#[pyclass(frozen, module = "veilcast._native")]
pub(crate) struct Session {
    key: Arc<Key>,
    encoder: Encoder,
}

#[pymethods]
impl Session {
    /// A session for a card, with the public part if the card has one.
    #[new]
    #[pyo3(signature = (card, key, public_part=None))]
    fn new(card: &Card, key: &SecretKey, public_part: Option<&[u8]>) -> PyResult<Self> {
        let encoder = encoder(&card.0, public_part)?;
        let key = key.shared();
        Owner::new(card.0.clone(), key.clone()).map_err(|error| Fault::Card(chain(&error)))?;
        Ok(Self { key, encoder })
    }

    #[getter]
    fn card(&self) -> Card {
        Card(self.encoder.card().clone())
    }

    /// A request with these records: rows of numbers, where NaN is no value, and columns of texts.
    fn encrypt<'py>(
        &self,
        py: Python<'py>,
        numbers: PyReadonlyArray2<'py, f64>,
        texts: Vec<Texts>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let records = Records::encode(py, &self.encoder, &numbers, &texts)?;
        let owner = self.owner(records.len(), None)?;
        let request = match prepared(py, &owner.into(), &records)? {
            Prepared::Encrypted(request) => request,
            Prepared::Layered(..) => {
                let several = "the model has hidden layers, through which records go in several exchanges: use Client.predict";
                return Err(Fault::Card(several.into()).into());
            }
            _ => return Err(Fault::Record("the records were not encrypted".into()).into()),
        };
        Ok(PyBytes::new(py, &request.to_binary().bytes))
    }

    /// The predictions in an answer. With the request, the answer must belong to it.
    #[pyo3(signature = (answer, request=None))]
    fn decrypt(&self, py: Python<'_>, answer: &[u8], request: Option<&[u8]>) -> PyResult<Outcome> {
        let card = self.encoder.card();
        let most = card.limits();
        let records = most.max_records as usize;
        let limits = Limits::new(records, records.saturating_mul(card.outputs()));
        let scores = work::at_once(py, || {
            let digest = request.map(ContentDigest::of);
            let answer = InferResponse::decode(answer, Framing::SelfDelimiting, &limits);
            let answer = answer.map_err(|error| no_answer(chain(&error)))?;
            if digest.is_some() && answer.request_digest != digest {
                return Err(no_answer("it answers another request".into()));
            }
            let owner = Owner::new(card.clone(), self.key.clone());
            let owner = owner.map_err(|error| Fault::Card(chain(&error)))?;
            owner
                .decrypt(&answer)
                .map_err(|error| no_answer(chain(&error)))
        })??;
        Ok(outcome(card, &scores))
    }
}

impl Session {
    pub(crate) fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    pub(crate) fn key(&self) -> Arc<Key> {
        Arc::clone(&self.key)
    }

    /// The engine's session in the layout that suits this many records best, and with vouchers from a source if there is one.
    pub(crate) fn owner(
        &self,
        count: usize,
        vouchers: Option<Arc<dyn VoucherSource>>,
    ) -> PyResult<Arc<Owner>> {
        let card = self.encoder.card();
        let planned = || {
            let mut owner = Owner::new(card.clone(), self.key.clone())?;
            if card.ways().contains(&Way::Direct) && card.hidden().is_none() {
                let planner = Planner::new(card, self.key.public_key().bits());
                owner.set_layout(planner.best(count.max(1), 0)?.layout)?;
            }
            Ok(match vouchers {
                Some(source) => owner.with_vouchers(source),
                None => owner,
            })
        };
        let planned: Result<Owner, LayoutError> = planned();
        Ok(Arc::new(
            planned.map_err(|error| Fault::Card(chain(&error)))?,
        ))
    }
}

/// A card and its model's encrypted weights: computes on them in place of encrypting records.
#[pyclass(frozen, module = "veilcast._native")]
pub(crate) struct SealedModel {
    weights: Arc<Weights>,
    encoder: Encoder,
}

#[pymethods]
impl SealedModel {
    /// A card, the bytes of its encrypted weights, and the public part if the card has one.
    #[new]
    #[pyo3(signature = (card, weights, public_part=None))]
    fn new(
        py: Python<'_>,
        card: &Card,
        weights: &[u8],
        public_part: Option<&[u8]>,
    ) -> PyResult<Self> {
        let open = || Weights::open(card.0.clone(), weights, KeyPolicy::default());
        let weights = work::at_once(py, open)?.map_err(|error| Fault::Sealed(chain(&error)))?;
        Self::of(weights, public_part)
    }

    #[getter]
    fn card(&self) -> Card {
        Card(self.encoder.card().clone())
    }

    /// A request with these records, and what opens its answer.
    fn encrypt<'py>(
        &self,
        py: Python<'py>,
        numbers: PyReadonlyArray2<'py, f64>,
        texts: Vec<Texts>,
    ) -> PyResult<(Bound<'py, PyBytes>, OpeningOf)> {
        let records = Records::encode(py, &self.encoder, &numbers, &texts)?;
        let predictor = Predictor::from(Arc::clone(&self.weights));
        let Prepared::Sealed(request, opening) = prepared(py, &predictor, &records)? else {
            return Err(Fault::Record("the records were not masked".into()).into());
        };
        let bytes = PyBytes::new(py, &request.to_binary().bytes);
        Ok((bytes, OpeningOf(opening)))
    }

    /// The predictions in an answer, by what opens it.
    fn decrypt(&self, py: Python<'_>, answer: &[u8], opening: &OpeningOf) -> PyResult<Outcome> {
        let card = self.encoder.card();
        let limits = Limits::new(card.limits().max_records as usize, 0);
        let scores = work::at_once(py, || {
            let answer = MaskedResponse::decode(answer, Framing::SelfDelimiting, &limits);
            let answer = answer.map_err(|error| no_answer(chain(&error)))?;
            let scores = opening.0.scores(&answer);
            scores.map_err(|error| no_answer(chain(&error)))
        })??;
        Ok(outcome(card, &scores))
    }
}

impl SealedModel {
    pub(crate) fn of(weights: Weights, public_part: Option<&[u8]>) -> PyResult<Self> {
        let encoder = encoder(weights.card(), public_part)?;
        Ok(Self {
            weights: Arc::new(weights),
            encoder,
        })
    }

    pub(crate) fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    pub(crate) fn weights(&self) -> Arc<Weights> {
        Arc::clone(&self.weights)
    }
}

/// What opens the answer to one request. Secret.
#[pyclass(frozen, name = "Opening", module = "veilcast._native")]
pub(crate) struct OpeningOf(Opening);

#[pymethods]
impl OpeningOf {
    fn __len__(&self) -> usize {
        self.0.records()
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "what opens an answer is secret, and is never pickled",
        ))
    }
}

/// How records become integers for a card.
pub(crate) fn encoder(card: &PublicCard, public_part: Option<&[u8]>) -> Result<Encoder, Fault> {
    let encoder = veilcast_onnx::encoder(card.clone(), public_part);
    encoder.map_err(|error| Fault::Card(chain(&error)))
}

/// What a card makes of the scores of all records.
pub(crate) fn outcome(card: &PublicCard, scores: &[Vec<i64>]) -> Outcome {
    let mut predicted = Predicted::new(card);
    for scores in scores {
        predicted.add(card, Ok(scores));
    }
    predicted.into()
}

/// Records as one request.
fn prepared(py: Python<'_>, predictor: &Predictor, records: &Records) -> PyResult<Prepared> {
    let (count, most) = (records.len(), predictor.max_records());
    if count > most {
        return Err(Fault::Record(format!(
            "a request to this model has at most {most} records, and there are {count}: encrypt them in parts"
        ))
        .into());
    }
    let prepared = work::at_once(py, || predictor.prepare(&records.0))?;
    Ok(prepared.map_err(|error| Fault::Record(chain(&error)))?)
}

pub(crate) fn no_answer(text: String) -> Fault {
    Fault::Message(format!("not an answer of this model: {text}"))
}
