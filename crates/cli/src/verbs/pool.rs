//! `veilcast pool`: the entries of seeded uploads, made ahead of time.

use std::fmt;
use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;
use veilcast_client::EntryDirectory;
use veilcast_engine::SeededEntries;

use crate::keys;
use crate::output::Output;

/// Entries of one seed, made and kept together: an interruption loses no more than these.
const AT_ONCE: u64 = 1 << 13;

/// Do the work of uploads ahead of time: `predict --pool` then sends a tenth of the bytes, without
/// delay.
///
/// A pool is a directory of decrypted random ciphertexts of a key. Each is for one feature of one
/// record, and is removed before it is used. The pool is as secret as the records; don't copy it,
/// and don't restore it from a backup, which would bring used entries back.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::POOL)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Add entries to a key's pool.
    #[command(after_long_help = crate::examples::POOL_FILL)]
    Fill {
        #[command(flatten)]
        place: Place,
        /// How many to add: an image of 784 pixels takes 784.
        #[arg(long, value_name = "N")]
        count: NonZeroU64,
    },
    /// Show how many entries are left.
    #[command(after_long_help = crate::examples::POOL_STATUS)]
    Status {
        #[command(flatten)]
        place: Place,
    },
}

#[derive(clap::Args)]
struct Place {
    /// Secret key file.
    #[arg(long)]
    key: PathBuf,
    /// Directory of the pool [default: the key file's name with `.pool` added].
    #[arg(long, value_name = "DIR")]
    pool: Option<PathBuf>,
}

#[derive(Serialize)]
struct Status {
    pool: PathBuf,
    added: u64,
    entries: usize,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries as u64;
        let counted = match entries {
            1 => "1 entry".to_owned(),
            _ => format!("{entries} entries"),
        };
        write!(f, "{}: {counted}", self.pool.display())?;
        match self.added {
            0 => Ok(()),
            added => write!(f, ", {added} of them new"),
        }
    }
}

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    let (place, count) = match &args.action {
        Action::Fill { place, count } => (place, count.get()),
        Action::Status { place } => (place, 0),
    };
    let key = keys::load_secret(&place.key, output)?;
    let path = place
        .pool
        .clone()
        .unwrap_or_else(|| keys::beside(&place.key, ".pool"));
    let mut pool = EntryDirectory::open(&path, key.public_key())?;
    // A pool that can't be used is found before the work is done.
    pool.count()?;
    let bar = output.progress(Some(count), "entries");
    let mut added = 0;
    while added < count {
        let some = (count - added).min(AT_ONCE);
        let made = SeededEntries::generate_with(&key, some as usize, |few| bar.inc(few as u64))?;
        made.keep(&mut pool)?;
        added += some;
    }
    bar.finish_and_clear();
    output.result(&Status {
        entries: pool.count()?,
        pool: path,
        added,
    })
}
