//! Ledgers of both databases, and tokens in them.

pub(crate) mod postgres;

use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use veilcast_ledger::{Charge, Credential, Day, Ledger, Location, Models, NewToken, Range, Secret};

/// A SQLite file of its own.
pub(crate) fn file() -> (TempDir, Location) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("ledger.db");
    (folder, Location::Sqlite(path))
}

pub(crate) async fn open(location: &Location) -> Ledger {
    Ledger::open(location).await.unwrap()
}

/// Noon of a day.
pub(crate) fn noon(day: &str) -> SystemTime {
    day.parse::<Day>().unwrap().start() + Duration::from_secs(12 * 3600)
}

pub(crate) const TODAY: &str = "2026-11-29";

pub(crate) fn new_token(name: &str, models: &[&str], quotas: &[&str]) -> NewToken {
    let models = models.iter().map(|&name| name.to_owned());
    NewToken {
        name: name.to_owned(),
        models: match models.len() {
            0 => Models::All,
            _ => Models::Only(models.collect()),
        },
        quotas: quotas.iter().map(|quota| quota.parse().unwrap()).collect(),
    }
}

/// Adds a token; gives what shows it.
pub(crate) async fn add(
    ledger: &Ledger,
    name: &str,
    models: &[&str],
    quotas: &[&str],
) -> Credential {
    let credential = Credential::of_secret(Secret::generate().unwrap().text()).unwrap();
    let token = new_token(name, models, quotas);
    ledger.add(&token, &credential, noon(TODAY)).await.unwrap();
    credential
}

pub(crate) fn charge(token: &str, records: u64) -> Charge<'_> {
    Charge {
        token,
        model: "digits",
        records,
        cost: Duration::from_millis(10) * u32::try_from(records).unwrap(),
    }
}

/// The requests and records that were charged to a token.
pub(crate) async fn charged(ledger: &Ledger, token: &str) -> (u64, u64) {
    let used = ledger.usage(Range::default(), Some(token)).await.unwrap();
    let sums = used.iter().map(|used| (used.requests, used.records));
    sums.fold((0, 0), |(a, b), (c, d)| (a + c, b + d))
}
