//! `veilcast seal`: a model's weights, encrypted for its clients.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use serde::Serialize;
use veilcast_card::{CardDigest, Way};
use veilcast_engine::{records_per_sealed_ciphertext, seal};

use crate::keys;
use crate::models;
use crate::output::{Output, counted};

/// Encrypt a model's weights for its clients, under a key of the service's.
///
/// A client of a sealed model needs no key: it computes with the encrypted weights, and the service
/// decrypts nothing but masked scores. The records are then hidden whatever becomes of Paillier's
/// cryptosystem; the weights are hidden by it.
///
/// The encrypted weights, sealed.bin, and a new card that names them take the place of the model directory, whole
/// or not at all. `veilcast serve --sealing-key` opens it. Make a key of its own for each model: `veilcast keygen`.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::SEAL)]
pub(crate) struct Args {
    /// Directory of the model.
    #[arg(value_name = "MODEL_DIR")]
    model: PathBuf,
    /// Secret key file of the service's, for this model alone.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Offer the model only sealed, and in no other way.
    #[arg(long)]
    only: bool,
}

#[derive(Serialize)]
struct Sealed {
    model: PathBuf,
    card: CardDigest,
    key: String,
    bytes: usize,
    ways: Vec<Way>,
    records_per_ciphertext: usize,
}

impl fmt::Display for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: sealed under the key {}, {} bytes of encrypted weights, {} per ciphertext",
            self.model.display(),
            self.key,
            self.bytes,
            counted(self.records_per_ciphertext as u64, "record"),
        )?;
        write!(
            f,
            "new card {}\nKeep the key, and seal no other model under it: `veilcast serve` needs it.",
            self.card
        )
    }
}

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    let model = models::load(&args.model)?;
    let key = keys::load_secret(&args.key, output)?;
    let mut ways = match args.only {
        true => Vec::new(),
        false => model.card().ways().to_vec(),
    };
    if !ways.contains(&Way::Sealed) {
        ways.push(Way::Sealed);
    }
    let modulus = key.public_key().modulus();
    if let Some(sealed) = model.card().sealed()
        && sealed.modulus() == modulus
    {
        bail!("{} is sealed under this key already", args.model.display());
    }
    let busy = output.busy("encrypting the weights");
    let sealed = seal(model, &key, ways.clone())
        .with_context(|| format!("can't seal the model in {}", args.model.display()))?;
    drop(busy);
    sealed
        .save(&args.model, true)
        .with_context(|| format!("can't write the model in {}", args.model.display()))?;
    output.result(&Sealed {
        model: args.model.clone(),
        card: sealed.card_digest(),
        key: keys::fingerprint(key.public_key()),
        bytes: sealed.sealed_file().map_or(0, <[u8]>::len),
        ways,
        records_per_ciphertext: records_per_sealed_ciphertext(sealed.card()).unwrap_or_default(),
    })
}
