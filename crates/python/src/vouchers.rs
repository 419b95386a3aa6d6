//! Vouchers, made ahead of time: in a directory, by a service or from its answers' bytes, and spent on records.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use numpy::PyReadonlyArray2;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use veilcast_card::chain;
use veilcast_client::{FillError, Filler, VoucherDirectory};
use veilcast_engine::{DrawnVouchers, Unmasking};
use veilcast_protocol::{Framing, InferRequest, InferResponse, Limits, MaskedResponse};

use crate::cards::{Card, Records, Texts};
use crate::errors::Fault;
use crate::outcome::Outcome;
use crate::progress::telling;
use crate::secret_key::SecretKey;
use crate::service::{Service, Stop, fault};
use crate::sessions::{Session, no_answer, outcome};
use crate::work;

/// The vouchers of a key in a directory.
#[pyclass(frozen, module = "veilcast._native")]
pub(crate) struct Vouchers(Arc<VoucherDirectory>);

#[pymethods]
impl Vouchers {
    #[new]
    fn new(directory: PathBuf, key: &SecretKey) -> PyResult<Self> {
        let opened = VoucherDirectory::open(directory, key.shared().public_key());
        let directory = opened.map_err(|error| Fault::Voucher(chain(&error)))?;
        Ok(Self(Arc::new(directory)))
    }

    /// How many are left for a card.
    pub(crate) fn count(&self, card: &Card) -> PyResult<usize> {
        let count = self.0.count(card.0.digest());
        Ok(count.map_err(|error| Fault::Voucher(chain(&error)))?.good)
    }
}

impl Vouchers {
    pub(crate) fn directory(&self) -> Arc<VoucherDirectory> {
        Arc::clone(&self.0)
    }
}

/// Makes vouchers for a session's model. `progress` is called with the number of those that are there.
#[pyfunction]
#[pyo3(signature = (service, model, session, vouchers, count, *, progress=None, stop=None))]
#[expect(clippy::too_many_arguments, reason = "Python's arguments have names")]
pub(crate) fn fill_vouchers<'py>(
    py: Python<'py>,
    service: &Service,
    model: &str,
    session: &Session,
    vouchers: &Vouchers,
    count: NonZeroUsize,
    progress: Option<Bound<'py, PyAny>>,
    stop: Option<&Stop>,
) -> PyResult<usize> {
    let owner = session.owner(1, None)?;
    let directory = vouchers.directory();
    let done = AtomicUsize::new(0);
    let tell = telling(&done, progress);
    let filled = service.run(py, stop, tell, async |client| {
        let filler = Filler::new(client, model, owner, directory);
        let filled = filler.fill(count, |more| {
            done.fetch_add(more, Ordering::Relaxed);
        });
        filled.await.map_err(|error| match error {
            FillError::Client(error) => fault(error),
            error => Fault::Voucher(chain(&error)),
        })
    })?;
    Ok(filled.vouchers)
}

/// Vouchers that wait for the answer to the request for them. Secret.
#[pyclass(frozen, module = "veilcast._native")]
pub(crate) struct Drawn(Mutex<Option<(DrawnVouchers, InferRequest)>>);

#[pymethods]
impl Drawn {
    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "drawn vouchers are secret, and are never pickled",
        ))
    }
}

/// Draws vouchers for a session's model: the request for them, and what its answer makes vouchers of.
#[pyfunction]
pub(crate) fn draw_vouchers<'py>(
    py: Python<'py>,
    session: &Session,
    count: usize,
) -> PyResult<(Bound<'py, PyBytes>, Drawn)> {
    let owner = session.owner(1, None)?;
    let drawn = work::at_once(py, || owner.draw_vouchers(count))?;
    let (drawn, request) = drawn.map_err(|error| Fault::Voucher(chain(&error)))?;
    let bytes = PyBytes::new(py, &request.to_binary().bytes);
    Ok((bytes, Drawn(Mutex::new(Some((drawn, request))))))
}

/// Keeps the vouchers that an answer makes of drawn ones, and returns how many they are. The drawn ones are used up, also by an
/// answer that isn't theirs: a mask that was answered twice would serve two records.
#[pyfunction]
pub(crate) fn keep_vouchers(
    py: Python<'_>,
    session: &Session,
    drawn: &Drawn,
    answer: &[u8],
    vouchers: &Vouchers,
) -> PyResult<usize> {
    let mut waiting = drawn.0.lock().unwrap_or_else(PoisonError::into_inner);
    let Some((drawn, request)) = waiting.take() else {
        return Err(Fault::Voucher(
            "an answer has used up these drawn vouchers: draw others".into(),
        )
        .into());
    };
    drop(waiting);
    let owner = session.owner(1, None)?;
    let card = owner.card();
    let most = request.records();
    let limits = Limits::new(most, most.saturating_mul(card.outputs()));
    let kept = work::at_once(py, || {
        let answer = InferResponse::decode(answer, Framing::SelfDelimiting, &limits);
        let answer = answer.map_err(|error| no_answer(chain(&error)))?;
        let made = owner.vouchers(drawn, &request, &answer);
        let made = made.map_err(|error| no_answer(chain(&error)))?;
        let count = made.len();
        let kept = vouchers.0.add(made);
        kept.map_err(|error| Fault::Voucher(chain(&error)))?;
        Ok::<_, Fault>(count)
    })??;
    Ok(kept)
}

/// What opens the answer to one masked request. Secret.
#[pyclass(frozen, name = "Unmasking", module = "veilcast._native")]
pub(crate) struct UnmaskingOf(Unmasking);

#[pymethods]
impl UnmaskingOf {
    fn __len__(&self) -> usize {
        self.0.records()
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "what opens an answer is secret, and is never pickled",
        ))
    }
}

/// A request with these records, each masked by a voucher, which is spent; and what opens its answer.
#[pyfunction]
pub(crate) fn mask<'py>(
    py: Python<'py>,
    session: &Session,
    numbers: PyReadonlyArray2<'py, f64>,
    texts: Vec<Texts>,
    vouchers: &Vouchers,
) -> PyResult<(Bound<'py, PyBytes>, UnmaskingOf)> {
    let card = session.encoder().card();
    let records = Records::encode(py, session.encoder(), &numbers, &texts)?;
    let (count, most) = (records.len(), card.limits().max_records as usize);
    if count > most {
        return Err(Fault::Record(format!(
            "a request to this model has at most {most} records, and there are {count}: mask them in parts"
        ))
        .into());
    }
    let masked = work::at_once(py, || {
        let taken = vouchers.0.take(card, count);
        let Some(taken) = taken.map_err(|error| Fault::Voucher(chain(&error)))? else {
            let there = vouchers.0.count(card.digest());
            let there = there.map_err(|error| Fault::Voucher(chain(&error)))?.good;
            return Err(Fault::Voucher(format!(
                "there are {there} vouchers for {count} records: make more"
            )));
        };
        let masked = taken.mask(card, &records.0);
        masked.map_err(|error| Fault::Voucher(chain(&error)))
    })?;
    let (request, unmasking) = masked?;
    let bytes = PyBytes::new(py, &request.to_binary().bytes);
    Ok((bytes, UnmaskingOf(unmasking)))
}

/// The predictions in the answer to a masked request, by what opens it.
#[pyfunction]
pub(crate) fn unmask(
    py: Python<'_>,
    session: &Session,
    answer: &[u8],
    unmasking: &UnmaskingOf,
) -> PyResult<Outcome> {
    let card = session.encoder().card();
    let limits = Limits::new(card.limits().max_records as usize, 0);
    let scores = work::at_once(py, || {
        let answer = MaskedResponse::decode(answer, Framing::SelfDelimiting, &limits);
        let answer = answer.map_err(|error| no_answer(chain(&error)))?;
        let scores = unmasking.0.scores(&answer);
        scores.map_err(|error| no_answer(chain(&error)))
    })??;
    Ok(outcome(card, &scores))
}
