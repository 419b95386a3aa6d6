//! `veilcast pubkey`: the public part of a key, to pass on.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::args::OptionalOutFile;
use crate::files::{OutputFile, Readers};
use crate::keys;
use crate::output::{self, Output};

/// Print the public part of a key file, with the proof that services ask for.
///
/// The proof shows that the key's modulus hides a service's weights. If a file has none, it is
/// made, provided that the file holds the secret key.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::PUBKEY)]
pub(crate) struct Args {
    /// Key file, secret or public; `-` is standard input.
    key: PathBuf,
    #[command(flatten)]
    file: OptionalOutFile,
}

#[derive(Serialize)]
struct Written<'a> {
    file: &'a Path,
    bits: u32,
    fingerprint: String,
    proven: bool,
}

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    let public = keys::load_to_publish(&args.key, output)?;
    let json = keys::public_json(&public);
    let proven = public.proof.is_some();
    if !proven {
        output.note(format!(
            "{} has no proof of its key, which services ask for: its owner can add it with `veilcast pubkey`",
            args.key.display()
        ));
    }
    let Some(path) = args.file.path() else {
        // A key file is JSON already.
        return output::print(json.as_bytes());
    };
    OutputFile::write(path, args.file.force, Readers::Usual, json.as_bytes())?;
    let fingerprint = keys::fingerprint(&public.key);
    output.text(format!(
        "{}: a public key of {} bits, fingerprint {fingerprint}",
        path.display(),
        public.key.bits()
    ))?;
    output.json(&Written {
        file: path,
        bits: public.key.bits(),
        fingerprint,
        proven,
    })
}
