//! `veilcast bench`: what operations cost on this machine.

mod measure;

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use veilcast_engine::planner::{Costs, Seconds};

use crate::args::KeyBits;
use crate::files::{OutputFile, Readers};
use crate::output::Output;

/// Measure what encrypting, computing and decrypting cost on one core of this machine.
///
/// Takes seconds to half a minute, depending on the size of the key. `inspect` and `predict` choose
/// layouts by the costs that --calibrate stores. With --json the costs are printed as they are
/// stored.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::BENCH)]
pub(crate) struct Args {
    #[command(flatten)]
    key_bits: KeyBits,
    /// File to store the costs in, for `--costs`.
    #[arg(long, value_name = "FILE")]
    calibrate: Option<PathBuf>,
    /// Replace the file if it exists.
    #[arg(long, requires = "calibrate")]
    force: bool,
}

/// The measured costs; programs see them as they are stored.
#[derive(Serialize)]
#[serde(transparent)]
struct Measured(Costs);

pub(crate) fn run(args: &Args, output: Output) -> anyhow::Result<()> {
    let create = |path| OutputFile::create(path, args.force, Readers::Usual);
    let file = args.calibrate.as_deref().map(create).transpose()?;
    let key_bits = args.key_bits.bits;
    let measured = Measured(Costs {
        key_bits,
        link_bytes_per_second: Costs::LINK_BYTES_PER_SECOND,
        seconds: measure::seconds(key_bits, output)?,
    });
    if let Some(mut file) = file {
        serde_json::to_writer_pretty(&mut file, &measured)?;
        std::io::Write::write_all(&mut file, b"\n")?;
        file.finish()?;
    }
    output.result(&measured)?;
    if let Some(path) = &args.calibrate {
        output.text(format!("\n{}: the costs, for --costs", path.display()))?;
    }
    Ok(())
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Costs {
            key_bits, seconds, ..
        } = &self.0;
        let built_in = Costs::built_in(*key_bits).seconds;
        writeln!(f, "One core of this machine, keys of {key_bits} bits\n")?;
        write!(f, "{:<42}  {:>9}  {:>9}", "operation", "µs", "built in")?;
        for ((name, own), (_, usual)) in rows(seconds).into_iter().zip(rows(&built_in)) {
            let (own, usual) = (own * 1e6, usual * 1e6);
            write!(f, "\n{name:<42}  {own:>9.2}  {usual:>9.2}")?;
        }
        Ok(())
    }
}

/// The operations, in words.
fn rows(seconds: &Seconds) -> Vec<(String, f64)> {
    let several = |what: &'static str, seconds: &[f64]| {
        let several = seconds.iter().enumerate();
        let name = move |count: usize| {
            format!(
                "{count} {what}{}",
                if count == 1 { "" } else { "s, together" }
            )
        };
        several
            .map(move |(i, &all)| (name(i + 1), all))
            .collect::<Vec<_>>()
    };
    let single = [
        ("client: encryption", seconds.encryption),
        (
            "client: correction of a seeded ciphertext",
            seconds.correction,
        ),
        ("client: preparing a table's cell", seconds.cell),
        ("both: decoding of a ciphertext", seconds.decoding),
        ("both: check of a message's ciphertexts", seconds.unit_check),
        ("service: seeded ciphertext", seconds.expansion),
        ("service: product", seconds.product),
        ("service: inversion", seconds.inversion),
    ];
    let single = single.map(|(name, seconds)| (name.to_owned(), seconds));
    let groups = [
        several("randomiser", &seconds.randomizers),
        several("decryption", &seconds.decryptions),
    ];
    single.into_iter().chain(groups.concat()).collect()
}
