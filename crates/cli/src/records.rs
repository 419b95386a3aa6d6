//! Records read from files, quantised, and grouped into requests.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail};
use veilcast_client::EntryDirectory;
use veilcast_engine::{Planner, SeededEntries, Session};
use veilcast_model::Card;
use veilcast_model::card::QuantizedRecord;
use veilcast_model::input::{self, ReadError};
use veilcast_paillier::SecretKey;

use crate::planning::PlanArgs;

/// Most ciphertexts that one request of ours carries, unless a record has more: it bounds the memory
/// and the time that a request takes (6 MB under the default key), and lets long work show progress.
const REQUEST_CIPHERTEXTS: usize = 1 << 13;

/// Records for one request, in input order.
#[derive(Default)]
pub(crate) struct Batch {
    /// The quantised records.
    pub(crate) records: Vec<Vec<u32>>,
    /// How many of their values lay outside the model's range.
    pub(crate) clipped: usize,
}

impl AsRef<[Vec<u32>]> for Batch {
    fn as_ref(&self) -> &[Vec<u32>] {
        &self.records
    }
}

/// How many records to send at once: as many whole rows of ciphertexts as we send and the card allows.
pub(crate) fn batch_size(session: &Session) -> usize {
    let shared = session.records_per_group();
    let rows = (REQUEST_CIPHERTEXTS / session.card().features()).max(1);
    match (rows * shared).min(session.max_records()) {
        few if few < shared => few.max(1),
        many => many - many % shared,
    }
}

/// How many records all files hold together; nothing if one is a pipe, whose content can be read but once.
///
/// It reads them, so that what can't be used is found before there is work to lose.
pub(crate) fn count(card: &Card, inputs: &[PathBuf]) -> anyhow::Result<Option<u64>> {
    let mut count = Some(0);
    for path in inputs {
        let metadata =
            fs::metadata(path).with_context(|| format!("can't read {}", path.display()))?;
        if metadata.is_dir() {
            bail!("{} is a directory, not a file of records", path.display());
        }
        if !metadata.is_file() {
            count = None;
            continue;
        }
        let mut more = 0;
        for record in input::open(card, path)? {
            record.map_err(|error| naming(error, path))?;
            more += 1;
        }
        count = count.map(|before| before + more);
    }
    if count == Some(0) {
        bail!("there are no records in the input");
    }
    Ok(count)
}

/// A session in the layout that suits so many records best, or one if it isn't known how many; with
/// seeded uploads if a pool has entries for all of them.
pub(crate) fn session(
    card: &Card,
    key: SecretKey,
    count: Option<u64>,
    plan: &PlanArgs,
) -> anyhow::Result<Session> {
    let public = key.public_key().clone();
    let count = count.map_or(1, |count| usize::try_from(count).unwrap_or(usize::MAX));
    let pool = plan.pool(&public)?;
    let entries = pool.as_ref().map(EntryDirectory::count).transpose()?;
    let costs = plan.costs(public.bits())?;
    let planner = Planner::new(card, public.bits()).with_costs(&costs);
    let best = planner.best(count, entries.unwrap_or(0))?;
    let mut session = Session::new(card.clone(), key)?;
    session.set_layout(best.layout)?;
    let Some(pool) = pool.filter(|_| best.is_seeded) else {
        return Ok(session);
    };
    let pool = Mutex::new(pool);
    Ok(session.with_entries(move |count| {
        // A panic elsewhere leaves a pool whole: what it took is used up.
        let mut pool = pool.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = SeededEntries::take(&mut *pool, &public, count);
        taken.map_err(|error| format!("{:#}", anyhow::Error::new(error)))
    }))
}

/// The records of all files, in order, in batches of `size`; ends after the first error.
///
/// Files are opened one after another.
pub(crate) fn batches(
    card: &Card,
    inputs: Vec<PathBuf>,
    size: usize,
) -> impl Iterator<Item = anyhow::Result<Batch>> + Send + use<> {
    let card = Arc::new(card.clone());
    let mut records = inputs
        .into_iter()
        .flat_map(move |path| quantized(Arc::clone(&card), path));
    let mut failed = false;
    std::iter::from_fn(move || {
        let mut batch = Batch::default();
        while !failed && batch.records.len() < size {
            match records.next() {
                Some(Ok(record)) => {
                    batch.clipped += record.clipped;
                    batch.records.push(record.values);
                }
                Some(Err(error)) => {
                    failed = true;
                    return Some(Err(error));
                }
                None => break,
            }
        }
        (!batch.records.is_empty()).then_some(Ok(batch))
    })
}

/// The quantised records of one file.
fn quantized(
    card: Arc<Card>,
    path: PathBuf,
) -> Box<dyn Iterator<Item = anyhow::Result<QuantizedRecord>> + Send> {
    let records = match input::open(&card, &path) {
        Ok(records) => records,
        Err(error) => return Box::new(std::iter::once(Err(error.into()))),
    };
    Box::new(records.enumerate().map(move |(index, record)| {
        let record = record.map_err(|error| naming(error, &path))?;
        card.quantize(&record)
            .with_context(|| format!("record {index} (from 0) of {}", path.display()))
    }))
}

/// The error with the file's name, if it doesn't tell it itself.
fn naming(error: ReadError, path: &Path) -> anyhow::Error {
    let name = path.display().to_string();
    if error.to_string().contains(&name) {
        error.into()
    } else {
        anyhow::Error::new(error).context(format!("can't use {name}"))
    }
}

/// Says how many values were moved into the model's range, if any.
pub(crate) fn clipped_note(clipped: usize) -> Option<String> {
    let what = match clipped {
        0 => return None,
        1 => "1 value outside the range that the model knows was",
        _ => &format!("{clipped} values outside the range that the model knows were"),
    };
    Some(format!("note: {what} moved to its edge"))
}
