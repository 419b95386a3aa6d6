//! `veilcast usage`: what was used of a service, by token and model.

use std::fmt;

use serde::Serialize;
use veilcast_ledger::{Day, Range, Used};

use crate::books::LedgerArgs;
use crate::columns::Columns;
use crate::output::Output;

/// Show what was charged, by token and model.
///
/// Days are in UTC. The cost is the time on a processor core, as estimated beforehand.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::USAGE)]
pub(crate) struct Args {
    /// First day, such as 2026-11-01.
    #[arg(long, value_name = "DATE")]
    from: Option<Day>,
    /// Last day, such as 2026-11-30.
    #[arg(long, value_name = "DATE")]
    to: Option<Day>,
    /// Only this token.
    #[arg(long, value_name = "NAME")]
    token: Option<String>,
    #[command(flatten)]
    ledger: LedgerArgs,
}

#[derive(Serialize)]
struct Report {
    from: Option<String>,
    to: Option<String>,
    usage: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    token: String,
    model: String,
    requests: u64,
    records: u64,
    cost_seconds: f64,
}

impl From<Used> for Row {
    fn from(used: Used) -> Self {
        Self {
            token: used.token,
            model: used.model,
            requests: used.requests,
            records: used.records,
            cost_seconds: used.cost.as_secs_f64(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.usage.is_empty() {
            return f.write_str("Nothing was charged.");
        }
        let names = ["token", "model", "requests", "records", "cost"];
        let mut rows = vec![names.map(str::to_owned)];
        rows.extend(self.usage.iter().map(|row| {
            [
                row.token.clone(),
                row.model.clone(),
                row.requests.to_string(),
                row.records.to_string(),
                format!("{:.2} s", row.cost_seconds),
            ]
        }));
        fmt::Display::fmt(&Columns(rows), f)
    }
}

pub(crate) fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let range = Range {
        from: args.from,
        to: args.to,
    };
    let token = args.token.as_deref();
    let used = args
        .ledger
        .with(async |ledger| ledger.usage(range, token).await)?;
    let day = |day: Option<Day>| day.map(|day| day.to_string());
    output.result(&Report {
        from: day(range.from),
        to: day(range.to),
        usage: used.into_iter().map(Row::from).collect(),
    })
}
