//! Records read from files, quantised, and grouped into requests.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, bail};
use veilcast_card::{Card, Encoder, QuantizedRecord, Way, chain};
use veilcast_client::EntryDirectory;
use veilcast_engine::{Planner, SeededEntries, Session};
use veilcast_files::table::Unreadable;
use veilcast_files::{self as input, Options, ReadError, STANDARD_INPUT};
use veilcast_paillier::SecretKey;
use veilcast_report::Changes;

use crate::failure::{Hint as _, WHOLE_PROGRAM};
use crate::planning::PlanArgs;

/// Files of records, and what to do with columns that the model doesn't take.
#[derive(Clone)]
pub(crate) struct Inputs {
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) options: Options,
}

impl Inputs {
    /// What identifies these records: the files with their sizes and modification times, and the
    /// columns.
    ///
    /// # Errors
    /// Each must be a file whose content can be read again.
    pub(crate) fn identity(&self) -> anyhow::Result<String> {
        let mut files = Vec::new();
        for path in &self.paths {
            let unusable = || format!("can't read {}", path.display());
            let metadata = fs::metadata(path).with_context(unusable)?;
            if !metadata.is_file() {
                bail!(
                    "{} isn't a file that can be read again, which --resume needs",
                    path.display()
                );
            }
            let changed = metadata.modified().with_context(unusable)?;
            let changed = changed.duration_since(UNIX_EPOCH).unwrap_or_default();
            files.push((
                path.display().to_string(),
                metadata.len(),
                changed.as_nanos() as u64,
            ));
        }
        Ok(serde_json::to_string(&(files, &self.options.keep))?)
    }
}

/// Records for one request, in input order.
#[derive(Default)]
pub(crate) struct Batch {
    /// The quantised records.
    pub(crate) records: Vec<QuantizedRecord>,
    /// The kept cells of each.
    pub(crate) kept: Vec<Vec<String>>,
    /// What was done to their values.
    pub(crate) changes: Changes,
}

impl AsRef<[QuantizedRecord]> for Batch {
    fn as_ref(&self) -> &[QuantizedRecord] {
        &self.records
    }
}

/// How many records all files hold together; nothing if one is a pipe, whose content can be read
/// only once.
///
/// It reads them, so that problems are found before there is work to lose.
pub(crate) fn count(card: &Card, inputs: &Inputs) -> anyhow::Result<Option<u64>> {
    let mut count = Some(0);
    for path in &inputs.paths {
        if path == Path::new(STANDARD_INPUT) {
            count = None;
            continue;
        }
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
        let records = input::open(card.input(), path, &inputs.options);
        for record in records.map_err(|error| naming(error, path))? {
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

/// A session in the layout that suits this many records best, or one if it isn't known how many;
/// with seeded uploads if a pool has entries for all of them.
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
    if !card.ways().contains(&Way::Direct) || card.hidden().is_some() {
        return Ok(Session::new(card.clone(), key)?);
    }
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
        // A panic elsewhere leaves a pool intact: what it took is used up.
        let mut pool = pool.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = SeededEntries::take(&mut *pool, &public, count);
        taken.map_err(|error| chain(&error))
    }))
}

/// The records of all files but the first `done`, in order, in batches of `size`; ends after the
/// first error.
///
/// Files are opened one after another.
pub(crate) fn batches(
    encoder: Encoder,
    inputs: Inputs,
    done: u64,
    size: usize,
) -> impl Iterator<Item = anyhow::Result<Batch>> + Send + use<> {
    let (encoder, options) = (Arc::new(encoder), inputs.options);
    let mut records = inputs
        .paths
        .into_iter()
        .flat_map(move |path| quantized(Arc::clone(&encoder), path, &options))
        .skip(usize::try_from(done).unwrap_or(usize::MAX));
    let mut failed = false;
    std::iter::from_fn(move || {
        let mut batch = Batch::default();
        while !failed && batch.records.len() < size {
            match records.next() {
                Some(Ok(read)) => {
                    batch.changes += read.changes;
                    batch.records.push(read.record);
                    batch.kept.push(read.kept);
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

/// A quantised record of a file.
struct Quantized {
    record: QuantizedRecord,
    /// The cells that are kept.
    kept: Vec<String>,
    /// What was done to its values; of the first record also what was found out about the file.
    changes: Changes,
}

/// The quantised records of one file.
fn quantized(
    encoder: Arc<Encoder>,
    path: PathBuf,
    options: &Options,
) -> Box<dyn Iterator<Item = anyhow::Result<Quantized>> + Send> {
    let records = match input::open(encoder.card().input(), &path, options) {
        Ok(records) => records,
        Err(error) => return Box::new(std::iter::once(Err(naming(error, &path)))),
    };
    let mut notes = Changes::default();
    for said in records.said() {
        notes.note(format!("{}: {said}", path.display()));
    }
    let mut notes = Some(notes);
    Box::new(records.enumerate().map(move |(index, record)| {
        let read = record.map_err(|error| naming(error, &path))?;
        let record = encoder
            .quantize(&read.raw)
            .with_context(|| format!("record {index} (from 0) of {}", path.display()))?;
        let mut changes = notes.take().unwrap_or_default();
        let counts = [record.clipped(), record.imputed(), record.unknown()];
        changes.add(
            encoder.card().input(),
            counts,
            record.changed(),
            &read.missing,
        );
        Ok(Quantized {
            record,
            kept: read.kept,
            changes,
        })
    }))
}

/// The error with the file's name, unless it already has it, and with what to do.
pub(crate) fn naming(error: ReadError, path: &Path) -> anyhow::Error {
    let names_file = error.names_file();
    let hint = match &error {
        ReadError::ExtraColumns { .. } => {
            "leave them out with --ignore-columns and their names, or --ignore-columns all; they \
             aren't sent"
        }
        ReadError::NotANumber {
            fault: Unreadable::Ambiguous | Unreadable::OtherDecimal,
            ..
        } => "say which is the decimal mark with --decimal point or --decimal comma",
        ReadError::NotBuiltIn { .. } => WHOLE_PROGRAM,
        ReadError::NotUtf8 { .. } => "name the encoding with --encoding, such as windows-1252",
        _ if names_file => return error.into(),
        _ => return anyhow::Error::new(error).context(format!("can't use {}", path.display())),
    };
    Err::<(), _>(error).hint(hint).expect_err("it is an error")
}
