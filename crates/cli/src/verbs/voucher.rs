//! `veilcast voucher`: all that takes ciphertexts, done before a record is known.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Subcommand;
use serde::Serialize;
use veilcast_card::{Card, Way};
use veilcast_client::{FillError, Filled, Filler, VoucherDirectory};
use veilcast_engine::Session;

use crate::failure::Hint as _;
use crate::output::{Output, counted};
use crate::service::{ServiceArgs, advise};
use crate::verbs::predict::fetch_card;
use crate::waiting::WaitingBar;
use crate::{keys, logging, runtime};

/// Make vouchers ahead of time: `predict --vouchers` then gets a prediction at once, for next to no bytes.
///
/// A voucher is for one record of one model. Making it takes the encryption, and the service's work on ciphertexts, that the record
/// would take. The record itself is then sent masked by numbers that only you know, and the service answers with masked scores.
///
/// Each voucher is removed before it is used. Vouchers are as secret as the records: don't copy them, and don't restore them from
/// a backup, which would bring used ones back.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::VOUCHER)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make vouchers for a model, and add them to a key's.
    #[command(after_long_help = crate::examples::VOUCHER_FILL)]
    Fill {
        #[command(flatten)]
        place: Place,
        /// How many to add.
        #[arg(long, value_name = "N")]
        count: NonZeroUsize,
    },
    /// Show how many vouchers are left for a model.
    #[command(after_long_help = crate::examples::VOUCHER_STATUS)]
    Status {
        #[command(flatten)]
        place: Place,
    },
}

#[derive(clap::Args)]
struct Place {
    /// URL of the service.
    #[arg(long, value_name = "URL")]
    server: String,
    /// Name of the model.
    #[arg(long, value_name = "NAME")]
    model: String,
    #[command(flatten)]
    service: ServiceArgs,
    /// Secret key file.
    #[arg(long)]
    key: PathBuf,
    /// Directory of the vouchers [default: the key file's name with `.vouchers` added].
    #[arg(long, value_name = "DIR")]
    vouchers: Option<PathBuf>,
}

#[derive(Serialize)]
struct Status {
    directory: PathBuf,
    model: String,
    /// For the model's current version.
    vouchers: usize,
    /// For other models or versions.
    others: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    added: Option<Added>,
}

#[derive(Serialize)]
struct Added {
    vouchers: usize,
    requests: u32,
    bytes_up: u64,
    bytes_down: u64,
    seconds: f64,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (directory, model) = (self.directory.display(), &self.model);
        let vouchers = counted(self.vouchers as u64, "voucher");
        write!(f, "{directory}: {vouchers} for the model {model}")?;
        if let Some(added) = &self.added {
            write!(
                f,
                ", {} of them new: {}, {:.1} s, {} bytes up, {} bytes down",
                added.vouchers,
                counted(added.requests.into(), "request"),
                added.seconds,
                added.bytes_up,
                added.bytes_down
            )?;
        }
        match self.others {
            0 => Ok(()),
            others => write!(
                f,
                "; {} for other models or versions",
                counted(others as u64, "voucher")
            ),
        }
    }
}

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    logging::start(logging::Format::of(output), "warn");
    let (place, count) = match &args.action {
        Action::Fill { place, count } => (place, Some(*count)),
        Action::Status { place } => (place, None),
    };
    let key = keys::load_secret(&place.key, output)?;
    let path = place
        .vouchers
        .clone()
        .unwrap_or_else(|| keys::beside(&place.key, ".vouchers"));
    let directory = Arc::new(VoucherDirectory::open(&path, key.public_key())?);
    let runtime = runtime::start()?;
    let bar = WaitingBar::new(output.progress(None, "card"));
    let client = place
        .service
        .client(&place.server, Some(bar.on_wait()), output)?;
    let card = runtime.block_on(fetch_card(&client, &place.model))?;
    // A store that can't be used is found before the work is done.
    directory.count(card.digest())?;
    let added = match count {
        None => None,
        Some(count) => {
            check(&card)?;
            bar.replace(output.progress(Some(count.get() as u64), "vouchers"));
            let session = Arc::new(Session::new(card.clone(), key)?);
            let filler = Filler::new(client, &place.model, session, Arc::clone(&directory));
            let start = Instant::now();
            let filled = filler.fill(count, |some| bar.advance(some as u64));
            let filled = runtime.block_on(filled).map_err(explained)?;
            Some(Added::new(filled, start))
        }
    };
    bar.finish();
    runtime.shutdown_background();
    let left = directory.count(card.digest())?;
    output.result(&Status {
        directory: path,
        model: place.model.clone(),
        vouchers: left.good,
        others: left.others,
        added,
    })
}

impl Added {
    fn new(filled: Filled, start: Instant) -> Self {
        let Filled {
            vouchers,
            requests,
            bytes_up,
            bytes_down,
        } = filled;
        Self {
            vouchers,
            requests,
            bytes_up,
            bytes_down,
            seconds: start.elapsed().as_secs_f64(),
        }
    }
}

fn check(card: &Card) -> anyhow::Result<()> {
    if card.ways().contains(&Way::Vouchers) {
        return Ok(());
    }
    Err(anyhow::anyhow!(
        "the model {} is not offered for vouchers",
        card.name()
    ))
    .hint("send its records encrypted, with `veilcast predict`")
}

fn explained(error: FillError) -> anyhow::Error {
    match error {
        FillError::Client(error) => advise(error),
        error => error.into(),
    }
}
