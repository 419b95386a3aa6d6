//! What a table of any size takes on many cores.

use std::fmt;
use std::num::NonZeroUsize;

use serde::Serialize;
use veilcast_card::{Card, Way};
use veilcast_engine::Planner;
use veilcast_engine::planner::Costs;
use veilcast_model::Model;

use crate::words::{counted, grouped, significant};

/// Cores, and what an hour of one of them costs.
#[derive(Clone, Copy, Debug)]
pub struct Cluster {
    /// How many.
    pub cores: NonZeroUsize,
    /// The price of one core for an hour, in any currency.
    pub core_hour: Option<f64>,
    /// The price of moving a gigabyte, in the same currency.
    pub gigabyte: Option<f64>,
}

/// What a table takes in each way that the model offers for it, under keys of several sizes.
///
/// Requests and answers are rows of Parquet, one per group of records: the layout `records`, as full as can be. A voucher is
/// good for one request, and a cluster may compute a row twice, so vouchers aren't for tables. What engines and files take
/// isn't counted.
#[derive(Clone, Debug, Serialize)]
pub struct ClusterPlan {
    records: usize,
    cores: NonZeroUsize,
    /// The least size of keys that was asked for.
    key_bits: u32,
    /// The cheapest with such a key.
    chosen: Option<TableLine>,
    lines: Vec<TableLine>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct TableLine {
    way: Way,
    key_bits: u32,
    encrypt_core_hours: f64,
    score_core_hours: f64,
    decrypt_core_hours: f64,
    core_hours: f64,
    /// On all cores, which share the work evenly.
    hours: f64,
    bytes_up: usize,
    bytes_down: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<f64>,
}

impl ClusterPlan {
    /// The prediction for a model whose products can be counted, under keys of these sizes.
    pub fn of_model(
        model: &Model,
        records: usize,
        costs: &Costs,
        key_sizes: &[u32],
        cluster: &Cluster,
    ) -> Self {
        let planner = |key_bits| Planner::of_model(model, key_bits);
        Self::new(model.card(), planner, records, costs, key_sizes, cluster)
    }

    /// The prediction for a model of which only the card is known.
    pub fn of_card(
        card: &Card,
        records: usize,
        costs: &Costs,
        key_sizes: &[u32],
        cluster: &Cluster,
    ) -> Self {
        let planner = |key_bits| Planner::new(card, key_bits);
        Self::new(card, planner, records, costs, key_sizes, cluster)
    }

    fn new<'a>(
        card: &Card,
        planner: impl Fn(u32) -> Planner<'a>,
        records: usize,
        costs: &Costs,
        key_sizes: &[u32],
        cluster: &Cluster,
    ) -> Self {
        let planner = |key_bits| planner(key_bits).with_costs(costs);
        let direct = key_sizes
            .iter()
            .filter(|_| card.ways().contains(&Way::Direct));
        let direct = direct.filter_map(|&key_bits| {
            let made = planner(key_bits).table(records).ok()?;
            let seconds = [made.encrypt, made.server, made.decrypt];
            let bytes = [made.bytes_up, made.bytes_down];
            Some(TableLine::new(
                Way::Direct,
                key_bits,
                seconds,
                bytes,
                cluster,
            ))
        });
        let sealed = card.sealed().and_then(|sealed| {
            // The key is the service's.
            let key_bits = sealed.key_bits();
            let planner = planner(key_bits);
            let ways = planner.ways(records);
            let costs = ways.iter().find(|costs| costs.way == Way::Sealed)?;
            let ahead = costs.ahead.map_or(0.0, |ahead| ahead.client);
            let online = costs.online;
            // To decrypt is to subtract a mask.
            let client = ahead + online.client + planner.preparation(records);
            let seconds = [client, online.server, 0.0];
            let bytes = [online.bytes_up, online.bytes_down];
            Some(TableLine::new(
                Way::Sealed,
                key_bits,
                seconds,
                bytes,
                cluster,
            ))
        });
        let lines: Vec<TableLine> = direct.chain(sealed).collect();
        let strong = lines.iter().filter(|line| line.key_bits >= costs.key_bits);
        let cheapest = strong.min_by(|one, other| one.effort().total_cmp(&other.effort()));
        Self {
            records,
            cores: cluster.cores,
            key_bits: costs.key_bits,
            chosen: cheapest.cloned(),
            lines,
        }
    }
}

impl TableLine {
    /// A line of the seconds to encrypt, to score and to decrypt, and the bytes up and down.
    fn new(
        way: Way,
        key_bits: u32,
        seconds: [f64; 3],
        [bytes_up, bytes_down]: [usize; 2],
        cluster: &Cluster,
    ) -> Self {
        let hours = seconds.map(|seconds| seconds / 3600.0);
        let core_hours = hours.iter().sum();
        let gigabytes = (bytes_up + bytes_down) as f64 / 1e9;
        let price = match (cluster.core_hour, cluster.gigabyte) {
            (None, None) => None,
            (core_hour, gigabyte) => Some(
                core_hours * core_hour.unwrap_or_default()
                    + gigabytes * gigabyte.unwrap_or_default(),
            ),
        };
        Self {
            way,
            key_bits,
            encrypt_core_hours: hours[0],
            score_core_hours: hours[1],
            decrypt_core_hours: hours[2],
            core_hours,
            hours: core_hours / cluster.cores.get() as f64,
            bytes_up,
            bytes_down,
            price,
        }
    }

    /// What the cheapest has least of.
    fn effort(&self) -> f64 {
        self.price.unwrap_or(self.core_hours)
    }
}

impl fmt::Display for ClusterPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (records, cores) = (self.records as u64, self.cores.get() as u64);
        writeln!(
            f,
            "predicted for a table of {} records on {}:\n",
            grouped(records),
            counted(cores, "core")
        )?;
        let Some(chosen) = &self.chosen else {
            return write!(
                f,
                "The model is offered in no way that is for tables, or no key of {} bits or more has room for it.",
                self.key_bits
            );
        };
        let priced = if chosen.price.is_some() {
            "     price"
        } else {
            ""
        };
        writeln!(
            f,
            "             core hours                                  hours      GB up  GB down{priced}\n  \
             way     key   encrypt     score   decrypt       all   on all"
        )?;
        for line in &self.lines {
            let mark = if line == chosen { '*' } else { ' ' };
            writeln!(f, "{mark} {line}")?;
        }
        write!(
            f,
            "\n* is cheapest with a key of {} bits or more",
            self.key_bits
        )
    }
}

impl fmt::Display for TableLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |number: f64| significant(number, 3);
        write!(
            f,
            "{:<6}  {:>4}  {:>8}  {:>8}  {:>8}  {:>8} {:>8} {:>10} {:>8}",
            self.way.name(),
            self.key_bits,
            number(self.encrypt_core_hours),
            number(self.score_core_hours),
            number(self.decrypt_core_hours),
            number(self.core_hours),
            number(self.hours),
            number(self.bytes_up as f64 / 1e9),
            number(self.bytes_down as f64 / 1e9),
        )?;
        match self.price {
            Some(price) => write!(f, " {:>9}", number(price)),
            None => Ok(()),
        }
    }
}
