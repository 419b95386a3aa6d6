//! Predictions by a service, of any number of records.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use numpy::PyReadonlyArray2;
use pyo3::prelude::*;
use veilcast_card::{Encoder, QuantizedRecord, chain};
use veilcast_client::{Pipeline, PipelineError, masked_records_at_once, records_at_once};
use veilcast_engine::{Predictor, VoucherSource};

use crate::cards::{Card, Records, Texts};
use crate::errors::Fault;
use crate::outcome::{Outcome, Predicted};
use crate::progress::telling;
use crate::service::{Service, Stop, fault};
use crate::sessions::{SealedModel, Session};
use crate::vouchers::Vouchers;

/// What records go through.
#[derive(FromPyObject)]
pub(crate) enum Through<'py> {
    Session(PyRef<'py, Session>),
    Sealed(PyRef<'py, SealedModel>),
}

impl Through<'_> {
    fn encoder(&self) -> &Encoder {
        match self {
            Self::Session(session) => session.encoder(),
            Self::Sealed(model) => model.encoder(),
        }
    }
}

/// What a model says about records, however many: rows of numbers, where NaN is no value, and columns of texts. `progress` is
/// called with the number of records that are done.
///
/// With vouchers, records are masked as long as there are enough for a request, and encrypted otherwise.
#[pyfunction]
#[pyo3(signature = (service, model, through, numbers, texts, *, vouchers=None, in_flight=None, progress=None, stop=None))]
#[expect(clippy::too_many_arguments, reason = "Python's arguments have names")]
pub(crate) fn predict<'py>(
    py: Python<'py>,
    service: &Service,
    model: &str,
    through: Through<'py>,
    numbers: PyReadonlyArray2<'py, f64>,
    texts: Vec<Texts>,
    vouchers: Option<&Vouchers>,
    in_flight: Option<NonZeroUsize>,
    progress: Option<Bound<'py, PyAny>>,
    stop: Option<&Stop>,
) -> PyResult<Outcome> {
    let never = Stop::default();
    let stop = stop.unwrap_or(&never);
    let flag = stop.flag();
    let records = Records::encode_until(py, through.encoder(), &numbers, &texts, flag)?;
    let (count, changed) = (records.len(), records.changed());
    let card = through.encoder().card().clone();
    let (predictor, size) = predictor(&through, count, vouchers)?;
    drop((through, numbers, texts));
    let done = AtomicUsize::new(0);
    let tell = telling(&done, progress);
    let predicted = service.run(py, Some(stop), tell, async |client| {
        let start = Instant::now();
        let mut records = records.0.into_iter();
        let groups = std::iter::from_fn(move || {
            let group: Vec<QuantizedRecord> = records.by_ref().take(size.get()).collect();
            (!group.is_empty()).then_some(Ok::<_, PipelineError>(group))
        });
        let pipeline = Pipeline::new(client, model, predictor);
        let pipeline = pipeline.in_flight(in_flight.unwrap_or(Pipeline::IN_FLIGHT));
        let mut answers = pipeline.run(groups);
        let mut predicted = Predicted::new(&card);
        predicted.taken.changed = changed;
        let mut digest = card.digest();
        while let Some(answered) = answers.next().await {
            let answered = answered.map_err(pipeline_fault)?;
            let by = answered.predictor.card();
            if by.digest() != digest {
                digest = by.digest();
                let place = (predicted.records(), by.version().to_owned());
                predicted.taken.replaced.push(place);
            }
            let fault = answered.scores.as_ref().err().map(|error| chain(error));
            for index in 0..answered.group.len() {
                let scores = match (&answered.scores, &fault) {
                    (Ok(scores), _) => Ok(scores[index].as_slice()),
                    (Err(_), fault) => Err(fault.clone().unwrap_or_default()),
                };
                predicted.add(by, scores);
            }
            let taken = &mut predicted.taken;
            taken.requests += u64::from(answered.requests);
            taken.masked += answered.masked;
            taken.retries += u64::from(answered.tries - answered.requests);
            taken.bytes_up += answered.bytes_up;
            taken.bytes_down += answered.bytes_down;
            done.store(predicted.records(), Ordering::Relaxed);
        }
        predicted.taken.seconds = start.elapsed().as_secs_f64();
        Ok(predicted)
    })?;
    Ok(predicted.into())
}

/// What makes requests of this many records, and how many at a time.
fn predictor(
    through: &Through<'_>,
    count: usize,
    vouchers: Option<&Vouchers>,
) -> PyResult<(Predictor, NonZeroUsize)> {
    let session = match through {
        Through::Sealed(model) => {
            let predictor = Predictor::from(model.weights());
            let size = records_at_once(&predictor);
            return Ok((predictor, size));
        }
        Through::Session(session) => session,
    };
    let source = vouchers.map(|vouchers| vouchers.directory() as Arc<dyn VoucherSource>);
    let predictor = Predictor::from(session.owner(count, source)?);
    let card = session.encoder().card();
    let is_masked = match vouchers {
        Some(vouchers) => vouchers.count(&Card(card.clone()))? >= count,
        None => false,
    };
    let size = match is_masked {
        true => masked_records_at_once(card),
        false => records_at_once(&predictor),
    };
    Ok((predictor, size))
}

fn pipeline_fault(error: PipelineError) -> Fault {
    match error {
        PipelineError::Client(error) => fault(error),
        error @ PipelineError::Encrypt(_) => Fault::Record(chain(&error)),
        error => Fault::Card(chain(&error)),
    }
}
