//! `veilcast encrypt`: records to a request file, offline.

use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use serde::Serialize;
use veilcast_files::Options;

use crate::args::{IgnoreColumns, OutFile};
use crate::failure::Hint as _;
use crate::files::{OutputFile, Readers};
use crate::output::{Output, counted};
use crate::planning::PlanArgs;
use crate::records::{Changes, Inputs, batches};
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
    /// The model's public part, public.onnx, if its card names one: it computes features of each record
    /// before they are encrypted.
    #[arg(long, value_name = "FILE.onnx")]
    public_part: Option<PathBuf>,
    /// Records: PNG, CSV with a header, NPY or IDX.
    #[arg(long = "in", value_name = "INPUT")]
    input: PathBuf,
    #[command(flatten)]
    ignore: IgnoreColumns,
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    file: OutFile,
}

#[derive(Serialize)]
struct Encrypted {
    file: PathBuf,
    records: u64,
    #[serde(flatten)]
    changes: Changes,
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
    let encoder = models::encoder(&card, args.public_part.as_deref())?;
    let key = keys::load_secret(&args.key)?;
    let inputs = Inputs {
        paths: vec![args.input.clone()],
        options: Options {
            ignore: args.ignore.columns(),
            ..Options::default()
        },
    };
    let count = records::count(&card, &inputs)?;
    let session = records::session(&card, key, count, &args.plan)?;
    let most = session.max_records();
    let mut batches = batches(encoder, inputs, 0, most);
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
    if !batch.changes.is_none() {
        output.note(batch.changes);
    }
    output.result(&Encrypted {
        file: out.clone(),
        records: batch.records.len() as u64,
        changes: batch.changes,
        bytes: body.len(),
    })
}
