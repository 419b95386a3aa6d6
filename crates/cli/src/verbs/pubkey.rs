//! `veilcast pubkey`: the public part of a key, to give away.

use std::path::PathBuf;

use serde::Serialize;

use crate::args::OptionalOutFile;
use crate::files::{OutputFile, Readers};
use crate::keys;
use crate::output::{self, Output};

/// Print the public part of a key file.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Key file, secret or public.
    key: PathBuf,
    #[command(flatten)]
    file: OptionalOutFile,
}

#[derive(Serialize)]
struct Written<'a> {
    file: &'a PathBuf,
    bits: u32,
    fingerprint: String,
}

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    let key = keys::load_public(&args.key)?;
    let json = keys::public_json(&key);
    let Some(path) = &args.file.out else {
        // A key file is JSON already.
        return output::print(json.as_bytes());
    };
    OutputFile::write(path, args.file.force, Readers::Usual, json.as_bytes())?;
    let fingerprint = keys::fingerprint(&key);
    output.text(format!(
        "{}: a public key of {} bits, fingerprint {fingerprint}",
        path.display(),
        key.bits()
    ))?;
    output.json(&Written {
        file: path,
        bits: key.bits(),
        fingerprint,
    })
}
