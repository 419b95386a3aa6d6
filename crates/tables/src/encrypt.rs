//! Records to rows of requests.

use std::num::NonZeroUsize;
use std::sync::Arc;

use arrow_array::RecordBatch;
use rayon::prelude::*;
use veilcast_card::{Card, QuantizedRecord};
use veilcast_engine::{Pause, Planner, Session};
use veilcast_paillier::SecretKey;
use veilcast_protocol::{InferRequest, KeyFingerprint, Layout};

use crate::batch::Batch;
use crate::fault::{Fault, TableError};

/// How many groups are encrypted between two pauses: a group has a ciphertext for each feature, so that a few of them
/// keep all cores busy.
const AT_ONCE: usize = 8;

/// A session whose requests fit tables.
///
/// # Errors
/// The card must offer the layout `records`, and the key have room for it.
pub fn session(card: Card, key: impl Into<Arc<SecretKey>>) -> Result<Session, TableError> {
    let session = || {
        let mut session = Session::new(card, key)?;
        session.set_layout(Layout::Records)?;
        let bits = session.public_key().bits();
        Planner::new(session.card(), bits).candidate(Layout::Records, false, 1)?;
        Ok(session)
    };
    session().map_err(|error| Fault::Layout(error).nowhere())
}

/// How many records a group has, except for the last of a batch: as many as share ciphertexts, since a group costs the
/// same whatever it holds, if a request may hold as many.
pub fn group_size(session: &Session) -> usize {
    session
        .records_per_group()
        .min(session.max_records())
        .max(1)
}

/// Encrypts records into groups of a batch, numbered from `first` on: a row for each.
///
/// The session must have been made [for tables](session), and must not take entries or vouchers from a store: a task that
/// is retried would use them twice.
///
/// # Errors
/// [`TableError`] if a record was quantised for another card, or a pause says that it is to stop.
///
/// # Panics
/// If the operating system's generator fails.
pub fn encrypt(
    session: &Session,
    records: &[QuantizedRecord],
    batch: &str,
    first: u32,
    pause: Pause<'_>,
) -> Result<RecordBatch, TableError> {
    let size = group_size(session);
    let count = records.len().div_ceil(size);
    let batch = Batch {
        name: batch,
        first,
        layout: Layout::Records.name(),
        key: KeyFingerprint::of(&session.public_key().modulus()),
        card: session.card().digest(),
    };
    batch.check(count)?;
    let mut made = Vec::with_capacity(count);
    for some in records.chunks(AT_ONCE * size) {
        pause().map_err(|stopped| Fault::from(stopped).nowhere())?;
        made.extend(groups(session, some, size).map_err(|error| Fault::from(error).nowhere())?);
    }
    let messages: Vec<Vec<u8>> = made
        .par_iter()
        .map(|request| request.to_binary().bytes)
        .collect();
    let sizes: Vec<u32> = made
        .iter()
        .map(|request| request.records() as u32)
        .collect();
    Ok(batch.rows(&sizes, &messages))
}

/// Requests of one group each.
fn groups(
    session: &Session,
    records: &[QuantizedRecord],
    size: usize,
) -> Result<Vec<InferRequest>, veilcast_engine::SessionError> {
    if size == session.records_per_group() {
        let all = session.encrypt(records)?;
        return Ok(session.in_parts(&all, NonZeroUsize::MIN));
    }
    // Rows that aren't full can't be rows of one request.
    let groups = records.par_chunks(size);
    groups.map(|group| session.encrypt(group)).collect()
}
