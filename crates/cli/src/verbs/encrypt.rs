//! `veilcast encrypt`: records to a request file, offline.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{anyhow, bail};
use serde::Serialize;
use veilcast_engine::{Predictor, Prepared};
use veilcast_files::Options;
use veilcast_report::Changes;

use crate::args::{IgnoreColumns, OutFile, ReadingArgs};
use crate::failure::Hint as _;
use crate::files::{OutputFile, Readers};
use crate::output::{Output, STANDARD_OUTPUT, counted};
use crate::planning::PlanArgs;
use crate::records::{Inputs, batches};
use crate::{keys, models, records, sealed};

/// Encrypt records into a request file, for `veilcast compute` elsewhere.
///
/// The file is the binary body of the HTTP request. For a sealed model, give --sealed and --opening instead of --key.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::ENCRYPT)]
pub(crate) struct Args {
    /// Secret key file of the data owner.
    #[arg(long, required_unless_present = "sealed")]
    key: Option<PathBuf>,
    /// The encrypted weights of a sealed model, sealed.bin, which are used instead of a key.
    #[arg(long, value_name = "FILE.bin", conflicts_with_all = ["key", "pool"], requires = "opening")]
    sealed: Option<PathBuf>,
    /// File for what opens the answer of a sealed model. It is secret: keep it until the answer is decrypted, and delete it then.
    #[arg(long, value_name = "FILE", requires = "sealed")]
    opening: Option<PathBuf>,
    /// The model's public card.
    #[arg(long)]
    card: PathBuf,
    /// The model's public part, public.onnx, if its card names one: it computes features of each record
    /// before they are encrypted.
    #[arg(long, value_name = "FILE.onnx")]
    public_part: Option<PathBuf>,
    /// Records: PNG, NPY, IDX or a table with a header (CSV, Parquet, Arrow or a workbook); `-` for
    /// a table on standard input.
    #[arg(long = "in", value_name = "INPUT")]
    input: PathBuf,
    #[command(flatten)]
    ignore: IgnoreColumns,
    #[command(flatten)]
    reading: ReadingArgs,
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
    if out == Path::new(STANDARD_OUTPUT) && args.opening.as_ref() == Some(out) {
        bail!("the request and its opening can't both go to standard output: name a file for one");
    }
    let file = OutputFile::binary(out, *force)?;
    let card = models::load_card(&args.card)?;
    let encoder = models::encoder(&card, args.public_part.as_deref())?;
    let opening = args
        .opening
        .as_deref()
        .map(|path| OutputFile::create(path, *force, Readers::Owner));
    let opening = opening.transpose()?;
    let inputs = Inputs {
        paths: vec![args.input.clone()],
        options: Options {
            ignore: args.ignore.columns(),
            reading: args.reading.reading(),
            ..Options::default()
        },
    };
    let count = records::count(&card, &inputs)?;
    let predictor: Predictor = match (&args.sealed, &args.key) {
        (Some(file), _) => Arc::new(sealed::load(&card, file)?).into(),
        (None, Some(key)) => {
            let key = keys::load_secret(key, output)?;
            Arc::new(records::session(&card, key, count, &args.plan)?).into()
        }
        (None, None) => bail!("name the key with --key"),
    };
    let most = predictor.max_records();
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
    let busy = output.busy("encrypting");
    let body = match predictor.prepare(&batch.records)? {
        Prepared::Encrypted(request) => request.to_binary().bytes,
        Prepared::Sealed(request, secrets) => {
            // Without it the answer could never be read.
            if let Some(opening) = opening {
                sealed::write_opening(opening, &secrets)?;
            }
            request.to_binary().bytes
        }
        Prepared::Layered(..) => bail!(
            "records go through hidden layers in several exchanges with the service: use `veilcast predict`"
        ),
        Prepared::Masked(..) | Prepared::Round(..) => {
            bail!("vouchers need a connection to the service")
        }
    };
    drop(busy);
    file.complete(&body)?;
    if !batch.changes.is_none() {
        output.note(&batch.changes);
    }
    output.beside(out).result(&Encrypted {
        file: out.clone(),
        records: batch.records.len() as u64,
        changes: batch.changes,
        bytes: body.len(),
    })
}
