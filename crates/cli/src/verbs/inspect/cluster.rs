//! A cluster, as typed.

use std::num::NonZeroUsize;

use clap::Args;
use veilcast_report::Cluster;

/// The most records: beyond them, floats can't count.
const MOST_RECORDS: f64 = (1_u64 << 53) as f64;

/// What a table's costs depend on.
#[derive(Args)]
pub(super) struct ClusterArgs {
    /// Predict what a table of these records takes on this many cores: core hours, bytes, the cheapest way and size of keys.
    #[arg(long, value_name = "CORES")]
    cluster: Option<NonZeroUsize>,
    /// Price of one core for an hour, in any currency.
    #[arg(long, value_name = "PRICE", requires = "cluster", value_parser = price)]
    core_hour: Option<f64>,
    /// Price of moving a gigabyte, in the same currency.
    #[arg(long, value_name = "PRICE", requires = "cluster", value_parser = price)]
    gigabyte: Option<f64>,
}

impl ClusterArgs {
    pub(super) fn cluster(&self) -> Option<Cluster> {
        self.cluster.map(|cores| Cluster {
            cores,
            core_hour: self.core_hour,
            gigabyte: self.gigabyte,
        })
    }
}

/// A number of records, such as `1000` or `1e9`.
pub(super) fn count(text: &str) -> Result<NonZeroUsize, String> {
    let whole = |number: &f64| (1.0..=MOST_RECORDS).contains(number) && number.fract() == 0.0;
    let number = text.parse().ok().filter(whole);
    let count = number.and_then(|number| NonZeroUsize::new(number as usize));
    count.ok_or_else(|| "give a whole number from 1 to 2^53, such as 1000 or 1e9".to_owned())
}

fn price(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(price) if (0.0..=1e6).contains(&price) => Ok(price),
        _ => Err("give a number from 0 to 1000000".to_owned()),
    }
}
