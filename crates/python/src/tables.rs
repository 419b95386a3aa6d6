//! Tables of encrypted records and of answers, as streams of Arrow in memory: a copy of them costs next to nothing beside
//! the arithmetic.

use numpy::PyReadonlyArray2;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use veilcast_card::chain;
use veilcast_engine::Session as Owner;
use veilcast_tables::{Part, TableError, ipc};

use crate::cards::{Records, Texts};
use crate::errors::Fault;
use crate::models::Model;
use crate::outcome::{Outcome, Predicted};
use crate::sessions::Session;
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
    let (mut batches, mut numbers, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
    let mut predicted = Predicted::new(owner.card());
    for group in groups.map_err(|error| fault(&error))? {
        batches.push(group.batch);
        numbers.push(group.group);
        match group.scores {
            Ok(scores) => {
                sizes.push(scores.len());
                for scores in &scores {
                    predicted.add(owner.card(), Ok(scores));
                }
            }
            Err(error) => {
                // As many as the row says, which may be anything: no more than a group can have.
                let size = group.records.min(owner.max_records());
                for _ in 0..size {
                    predicted.add(owner.card(), Err(error.clone()));
                }
                sizes.push(size);
            }
        }
    }
    Ok((batches, numbers, sizes, predicted.into()))
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
