//! What was used, by token and model.

use std::time::Duration;

use crate::calendar::Day;
use crate::database::{Ledger, with_pool};
use crate::error::LedgerError;

const USAGE: &str =
    "SELECT token, model, CAST(SUM(requests) AS BIGINT), CAST(SUM(records) AS BIGINT),
        CAST(SUM(microseconds) AS BIGINT)
    FROM charges WHERE day >= $1 AND day <= $2 AND ($3 = '' OR token = $3)
    GROUP BY token, model ORDER BY token, model";

/// A range of days, inclusive; without an end up to the last one, and without a beginning from the
/// first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The first day.
    pub from: Option<Day>,
    /// The last day.
    pub to: Option<Day>,
}

/// What a token used of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// The token's name.
    pub token: String,
    /// The model's name.
    pub model: String,
    /// Requests that were answered.
    pub requests: u64,
    /// Their records.
    pub records: u64,
    /// Their estimated time on a processor core.
    pub cost: Duration,
}

impl Ledger {
    /// What was used within a range of days, by all tokens or by one.
    ///
    /// # Errors
    /// If the database is away.
    pub async fn usage(&self, range: Range, token: Option<&str>) -> Result<Vec<Used>, LedgerError> {
        let rows: Vec<(String, String, i64, i64, i64)> = with_pool!(self, pool => {
            sqlx::query_as(USAGE)
                .bind(range.from.map_or(0, Day::number))
                .bind(range.to.map_or(i64::MAX, Day::number))
                .bind(token.unwrap_or_default())
                .fetch_all(pool)
                .await?
        });
        let used = rows
            .into_iter()
            .map(|(token, model, requests, records, micros)| Used {
                token,
                model,
                requests: requests.unsigned_abs(),
                records: records.unsigned_abs(),
                cost: Duration::from_micros(micros.unsigned_abs()),
            });
        Ok(used.collect())
    }
}
