//! Tables of encrypted records and of answers, as streams of Arrow in memory: a copy of them costs next to nothing beside
//! the arithmetic.

use numpy::PyReadonlyArray2;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use veilcast_card::{Card as PublicCard, chain};
use veilcast_engine::Session as Owner;
use veilcast_tables::{Decrypted as OfGroup, Part, TableError, ipc};
use zeroize::Zeroizing;

use crate::cards::{Records, Texts};
use crate::errors::Fault;
use crate::models::Model;
use crate::outcome::{Outcome, Predicted};
use crate::sessions::{SealedModel, Session};
use crate::work;

/// Where rows are from: a file, its row group, and the first of its rows.
type Origin = (Option<String>, Option<usize>, usize);

/// What the groups of a table of answers say, and what is in them: batches, groups, numbers of records; and the
/// predictions, or faults, of all records, one group after another.
type Decrypted = (Vec<String>, Vec<u32>, Vec<usize>, Outcome);

/// How many records a group of a table has.
#[pyfunction]
pub(crate) fn table_group_size(session: &Session) -> PyResult<usize> {
    Ok(veilcast_tables::group_size(&owner(session)?))
}

/// Encrypts records into rows of requests.
#[pyfunction]
pub(crate) fn encrypt_table<'py>(
    py: Python<'py>,
    session: &Session,
    numbers: PyReadonlyArray2<'py, f64>,
    texts: Vec<Texts>,
    batch: &str,
    first: u32,
) -> PyResult<Bound<'py, PyBytes>> {
    let records = Records::encode(py, session.encoder(), &numbers, &texts)?;
    let owner = owner(session)?;
    let stream = work::until_signal(py, |stop| {
        let rows =
            veilcast_tables::encrypt(&owner, &records.0, batch, first, &mut || work::pause(stop))?;
        Ok::<_, TableError>(ipc::write(&rows.schema(), &[rows]))
    })?;
    Ok(PyBytes::new(py, &stream.map_err(|error| fault(&error))?))
}

/// Computes rows of answers to rows of requests.
#[pyfunction]
pub(crate) fn score_table<'py>(
    py: Python<'py>,
    model: &Model,
    stream: &[u8],
    origin: Origin,
) -> PyResult<Bound<'py, PyBytes>> {
    let answers = work::until_signal(py, |stop| {
        let mut answers = Vec::new();
        for part in parts(stream, origin)? {
            let evaluator = model.evaluator();
            answers.push(veilcast_tables::score(evaluator, &part, &mut || {
                work::pause(stop)
            })?);
        }
        Ok::<_, TableError>(ipc::write(&veilcast_tables::answers(), &answers))
    })?;
    Ok(PyBytes::new(py, &answers.map_err(|error| fault(&error))?))
}

/// Decrypts rows of answers.
#[pyfunction]
pub(crate) fn decrypt_table(
    py: Python<'_>,
    session: &Session,
    stream: &[u8],
    origin: Origin,
) -> PyResult<Decrypted> {
    let owner = owner(session)?;
    let groups = work::until_signal(py, |stop| {
        let mut groups = Vec::new();
        for part in parts(stream, origin)? {
            groups.extend(veilcast_tables::decrypt(&owner, &part, &mut || {
                work::pause(stop)
            })?);
        }
        Ok::<_, TableError>(groups)
    })?;
    let groups = groups.map_err(|error| fault(&error))?;
    Ok(outcome(owner.card(), owner.max_records(), groups))
}

/// What groups say, and a card makes of their scores.
fn outcome(card: &PublicCard, max_records: usize, groups: Vec<OfGroup>) -> Decrypted {
    let (mut batches, mut numbers, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
    let mut predicted = Predicted::new(card);
    for group in groups {
        batches.push(group.batch);
        numbers.push(group.group);
        match group.scores {
            Ok(scores) => {
                sizes.push(scores.len());
                for scores in &scores {
                    predicted.add(card, Ok(scores));
                }
            }
            Err(error) => {
                // As many as the row says, which may be anything: no more than a group can have.
                let size = group.records.min(max_records);
                for _ in 0..size {
                    predicted.add(card, Err(error.clone()));
                }
                sizes.push(size);
            }
        }
    }
    (batches, numbers, sizes, predicted.into())
}

/// How many records a group of a table for a sealed model has.
#[pyfunction]
pub(crate) fn sealed_table_group_size(model: &SealedModel) -> usize {
    veilcast_tables::sealed_group_size(&model.weights())
}

/// Puts records into a sealed model's weights: rows of requests, and what opens the answer to each.
#[pyfunction]
pub(crate) fn encrypt_sealed_table<'py>(
    py: Python<'py>,
    model: &SealedModel,
    numbers: PyReadonlyArray2<'py, f64>,
    texts: Vec<Texts>,
    batch: &str,
    first: u32,
) -> PyResult<(Bound<'py, PyBytes>, Vec<Bound<'py, PyBytes>>)> {
    let records = Records::encode(py, model.encoder(), &numbers, &texts)?;
    let weights = model.weights();
    let made = work::until_signal(py, |stop| {
        let pause = &mut || work::pause(stop);
        let made = veilcast_tables::encrypt_sealed(&weights, &records.0, batch, first, pause)?;
        let stream = ipc::write(&made.rows.schema(), &[made.rows]);
        Ok::<_, TableError>((stream, made.openings))
    })?;
    let (stream, openings) = made.map_err(|error| fault(&error))?;
    let openings = openings.iter().map(|opening| PyBytes::new(py, opening));
    Ok((PyBytes::new(py, &stream), openings.collect()))
}

/// Reads rows of a sealed model's answers, by what opens each of them.
#[pyfunction]
pub(crate) fn decrypt_sealed_table(
    py: Python<'_>,
    model: &SealedModel,
    stream: &[u8],
    openings: Vec<Vec<u8>>,
    origin: Origin,
) -> PyResult<Decrypted> {
    let weights = model.weights();
    let openings: Vec<Zeroizing<Vec<u8>>> = openings.into_iter().map(Zeroizing::new).collect();
    let groups = work::until_signal(py, |stop| {
        let (mut groups, mut rest) = (Vec::new(), openings.as_slice());
        for part in parts(stream, origin)? {
            let (own, after) = rest.split_at(part.rows.num_rows().min(rest.len()));
            rest = after;
            let pause = &mut || work::pause(stop);
            groups.extend(veilcast_tables::decrypt_sealed(
                weights.card(),
                &part,
                own,
                pause,
            )?);
        }
        Ok::<_, TableError>(groups)
    })?;
    let groups = groups.map_err(|error| fault(&error))?;
    Ok(outcome(weights.card(), weights.max_records(), groups))
}

/// The engine's session for tables.
fn owner(session: &Session) -> Result<Owner, Fault> {
    let card = session.encoder().card().clone();
    let owner = veilcast_tables::session(card, session.key());
    owner.map_err(|error| Fault::Card(chain(&error)))
}

fn parts(stream: &[u8], (file, row_group, first_row): Origin) -> Result<Vec<Part>, TableError> {
    let mut first_row = first_row;
    let parts = ipc::read(stream)?.into_iter().map(|rows| {
        let part = Part {
            file: file.clone(),
            row_group,
            first_row,
            ..Part::from(rows)
        };
        first_row += part.rows.num_rows();
        part
    });
    Ok(parts.collect())
}

fn fault(error: &TableError) -> Fault {
    Fault::Table(chain(error))
}
