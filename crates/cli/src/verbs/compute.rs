//! `veilcast compute`: a request file to a response file, offline.

use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;
use veilcast_engine::{Evaluator, KeyPolicy};
use veilcast_protocol::{InferResponse, Limits};

use crate::args::OutFile;
use crate::files::{OutputFile, Readers};
use crate::output::{Output, counted};
use crate::{messages, models};

/// Compute a model on a request file, and write a response file.
///
/// Neither needs nor learns a secret: input and output are encrypted.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Directory of the model.
    #[arg(long, value_name = "MODEL_DIR")]
    model: PathBuf,
    /// File that `veilcast encrypt` wrote.
    #[arg(long = "in", value_name = "REQUEST")]
    request: PathBuf,
    #[command(flatten)]
    file: OutFile,
}

#[derive(Serialize)]
struct Computed {
    file: PathBuf,
    records: u64,
    bytes: usize,
}

impl fmt::Display for Computed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: encrypted scores of {}, {} bytes",
            self.file.display(),
            counted(self.records, "record"),
            self.bytes
        )
    }
}

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    let OutFile { out, force } = &args.file;
    let mut file = OutputFile::create(out, *force, Readers::Usual)?;
    let evaluator = Evaluator::new(models::load(&args.model)?, KeyPolicy::default());
    let card = evaluator.card();
    let most = card.limits();
    let limits = Limits::new(most.max_records as usize, most.max_ciphertexts as usize);
    let (request, digest) = messages::load_request(&args.request, &limits)?;
    let response = evaluator
        .evaluate(&request)
        .with_context(|| format!("{} can't be computed", args.request.display()))?;
    let response = InferResponse {
        request_digest: Some(digest),
        ..response
    };
    let body = response.to_binary().bytes;
    file.write_all(&body)
        .with_context(|| format!("can't write {}", out.display()))?;
    file.finish()?;
    output.result(&Computed {
        file: out.clone(),
        records: request.records() as u64,
        bytes: body.len(),
    })
}
