//! The planner's figures, as typed.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;
use veilcast_client::EntryDirectory;
use veilcast_engine::PublicKey;
use veilcast_engine::planner::Costs;

use crate::failure::Hint as _;
use crate::files;

/// Longest file of costs, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// What operations cost, and how fast the link is.
#[derive(Args, Default)]
pub(crate) struct CostArgs {
    /// File of costs that `veilcast bench --calibrate` wrote; without it, the costs of a current
    /// server are used.
    #[arg(long, value_name = "FILE")]
    costs: Option<PathBuf>,
    /// Speed of the link between client and service in Mbit/s [default: 100, or the file's].
    #[arg(long, value_name = "MBIT/S", value_parser = megabits)]
    link: Option<f64>,
}

/// What the choice of a request's layout depends on.
#[derive(Args, Default)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    costs: CostArgs,
    /// Directory that `veilcast pool fill` filled for this key: if it has an entry for each feature of
    /// each record, uploads take a tenth of the bytes and next to no time.
    #[arg(long, value_name = "DIR", requires = "key")]
    pool: Option<PathBuf>,
}

impl PlanArgs {
    /// The costs for keys of this size.
    pub(crate) fn costs(&self, key_bits: u32) -> anyhow::Result<Costs> {
        self.costs.costs(key_bits)
    }

    /// The pool, if one is to be used.
    pub(crate) fn pool(&self, key: &PublicKey) -> anyhow::Result<Option<EntryDirectory>> {
        let Some(path) = &self.pool else {
            return Ok(None);
        };
        if !path.is_dir() {
            return Err(anyhow!("there is no pool at {}", path.display()))
                .hint("fill one with `veilcast pool fill`");
        }
        Ok(Some(EntryDirectory::open(path, key)?))
    }
}

impl CostArgs {
    /// The costs for keys of this size.
    pub(crate) fn costs(&self, key_bits: u32) -> anyhow::Result<Costs> {
        let mut costs = match &self.costs {
            None => Costs::built_in(key_bits),
            Some(path) => load(path)?.for_key_bits(key_bits),
        };
        if let Some(megabits) = self.link {
            costs.link_bytes_per_second = megabits * 1e6 / 8.0;
        }
        Ok(costs)
    }
}

/// Reads a file of costs.
fn load(path: &Path) -> anyhow::Result<Costs> {
    let json = files::read(path, MAX_BYTES)?;
    let unusable = || format!("can't use the costs in {}", path.display());
    let costs: Costs = serde_json::from_slice(&json)
        .with_context(unusable)
        .hint("give a file that `veilcast bench --calibrate` wrote")?;
    costs.checked().with_context(unusable)
}

fn megabits(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if (1e-3..=1e6).contains(&speed) => Ok(speed),
        _ => Err("give a number from 0.001 to 1000000".to_owned()),
    }
}
