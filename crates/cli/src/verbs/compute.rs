//! `veilcast compute`: a request file to a response file, offline.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use serde::Serialize;
use veilcast_engine::{Evaluator, KeyPolicy};
use veilcast_protocol::{InferResponse, Inference, Layout, Limits, MaskedResponse};

use crate::args::OutFile;
use crate::failure::Hint as _;
use crate::files::OutputFile;
use crate::output::{Output, counted};
use crate::{keys, messages, models};

/// Compute a model on a request file, and write a response file.
///
/// Neither needs nor learns a secret of the data owner's: input and output are encrypted or masked.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::COMPUTE)]
pub(crate) struct Args {
    /// Directory of the model.
    #[arg(long, value_name = "MODEL_DIR")]
    model: PathBuf,
    /// Secret key file of a sealed model, for a request that was made of its encrypted weights.
    #[arg(long, value_name = "FILE")]
    sealing_key: Option<PathBuf>,
    /// File that `veilcast encrypt` wrote; `-` is standard input.
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
    let file = OutputFile::binary(out, *force)?;
    let evaluator = evaluator(args, output)?;
    let most = evaluator.card().limits();
    let limits = Limits::new(most.max_records as usize, most.max_ciphertexts as usize);
    let (request, digest) = messages::load_inference(&args.request, &limits)?;
    let request_digest = Some(digest);
    let busy = output.busy("computing");
    let computed = match &request {
        Inference::Encrypted(encrypted) if matches!(encrypted.layout(), Layout::Layer { .. }) => {
            return Err(anyhow!("a layer of a network is a part of the way alone")).hint(
                "send the request to a service, which can go on from there: `veilcast predict`",
            );
        }
        Inference::Encrypted(encrypted) => evaluator.evaluate(encrypted).map(|response| {
            let response = InferResponse {
                request_digest,
                ..response
            };
            response.to_binary()
        }),
        Inference::Sealed(sealed) => {
            let opened = evaluator.evaluate_sealed(sealed, &mut || Ok(()));
            opened.map(|response| {
                let response = MaskedResponse {
                    request_digest,
                    ..response
                };
                response.to_binary()
            })
        }
        Inference::Masked(_) | Inference::Round(_) => {
            return Err(anyhow!("vouchers are good at their service alone"))
                .hint("send the request to the service that made them");
        }
    };
    drop(busy);
    let computed =
        computed.with_context(|| format!("{} can't be computed", args.request.display()));
    let body = match (&request, &args.sealing_key) {
        (Inference::Sealed(_), None) => computed.hint("give the model's key with --sealing-key")?,
        _ => computed?,
    };
    let body = body.bytes;
    file.complete(&body)?;
    output.beside(out).result(&Computed {
        file: out.clone(),
        records: request.records() as u64,
        bytes: body.len(),
    })
}

/// The model, with its key if it is sealed and there is one.
fn evaluator(args: &Args, output: Output) -> anyhow::Result<Evaluator> {
    let evaluator = Evaluator::new(models::load(&args.model)?, KeyPolicy::default());
    let Some(path) = &args.sealing_key else {
        return Ok(evaluator);
    };
    let key = keys::load_secret(path, output)?;
    evaluator
        .with_sealing_key(key.into())
        .with_context(|| format!("can't open the model with {}", path.display()))
}
