//! `veilcast keygen`: a new secret key.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use veilcast_paillier::DEFAULT_KEY_BITS;

use crate::args::{OutFile, key_bits};
use crate::keys;
use crate::output::Output;

/// Make a secret key, readable only by its owner.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::KEYGEN)]
pub(crate) struct Args {
    #[command(flatten)]
    file: OutFile,
    /// Size of the key, in bits: 2048, 3072 or 4096.
    #[arg(long, default_value_t = DEFAULT_KEY_BITS, value_parser = key_bits)]
    bits: u32,
}

#[derive(Serialize)]
struct Made {
    file: PathBuf,
    bits: u32,
    fingerprint: String,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            bits,
            fingerprint,
        } = self;
        writeln!(
            f,
            "{}: a secret key of {bits} bits, fingerprint {fingerprint}",
            file.display()
        )?;
        write!(
            f,
            "Keep it: answers encrypted under it can't be read without it."
        )
    }
}

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    let OutFile { out, force } = &args.file;
    let file = keys::SecretFile::create(out, *force)?;
    let key = keys::generate(args.bits, output)?;
    file.finish(&key)?;
    output.beside(out).result(&Made {
        file: out.clone(),
        bits: args.bits,
        fingerprint: keys::fingerprint(key.public_key()),
    })
}
