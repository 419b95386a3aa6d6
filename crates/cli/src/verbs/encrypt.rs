//! `veilcast encrypt`: records to a request file, offline.

use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use serde::Serialize;

use crate::args::OutFile;
use crate::failure::Hint as _;
use crate::files::{OutputFile, Readers};
use crate::output::{Output, counted};
use crate::planning::PlanArgs;
use crate::records::{batches, clipped_note};
use crate::{keys, models, records};

/// Encrypt records into a request file, for `veilcast compute` elsewhere.
///
/// The file is the binary body of the HTTP request.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Secret key file of the data owner.
    #[arg(long)]
    key: PathBuf,
    /// The model's public card.
    #[arg(long)]
    card: PathBuf,
    /// Records: PNG, CSV with a header, NPY or IDX.
    #[arg(long = "in", value_name = "INPUT")]
    input: PathBuf,
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    file: OutFile,
}

#[derive(Serialize)]
struct Encrypted {
    file: PathBuf,
    records: u64,
    clipped_values: usize,
    bytes: usize,
}

impl fmt::Display for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} encrypted, {} bytes",
            self.file.display(),
            counted(self.records, "record"),
            self.bytes
        )
    }
}

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    let OutFile { out, force } = &args.file;
    let mut file = OutputFile::create(out, *force, Readers::Usual)?;
    let card = models::load_card(&args.card)?;
    let key = keys::load_secret(&args.key)?;
    let inputs = [args.input.clone()];
    let count = records::count(&card, &inputs)?;
    let session = records::session(&card, key, count, &args.plan)?;
    let most = session.max_records();
    let mut batches = batches(&card, inputs.to_vec(), most);
    let batch = batches
        .next()
        .unwrap_or_else(|| Err(anyhow!("{} holds no records", args.input.display())))?;
    if batches.next().is_some() {
        return Err(anyhow!(
            "{} holds more than {most} records",
            args.input.display()
        ))
        .hint(format!(
            "a request to this model takes at most {most}: split the file"
        ));
    }
    let body = session.encrypt(&batch.records)?.to_binary().bytes;
    file.write_all(&body)
        .with_context(|| format!("can't write {}", out.display()))?;
    file.finish()?;
    if let Some(note) = clipped_note(batch.clipped) {
        output.note(note);
    }
    output.result(&Encrypted {
        file: out.clone(),
        records: batch.records.len() as u64,
        clipped_values: batch.clipped,
        bytes: body.len(),
    })
}
