//! Charging: whole or not at all.
//!
//! The first statement of a charge changes the token's row. That makes other charges to the token
//! wait, in PostgreSQL for the row and in SQLite for the file, so that the sums computed next
//! remain valid until the charge is made. It also detects a token that was revoked since it was
//! looked up.

use std::time::{Duration, SystemTime};

use crate::calendar::Day;
use crate::database::{Ledger, seconds, with_pool};
use crate::error::{LedgerError, UsedUp};
use crate::quota::{Amount, micros};
use crate::tokens::quota;

const TOUCH: &str = "UPDATE tokens SET last_used = $2 WHERE name = $1 AND revoked IS NULL";
const USED: &str = "SELECT quotas.unit, quotas.period, quotas.amount, CAST(COALESCE(SUM(
            CASE quotas.unit WHEN 'records' THEN charges.records ELSE charges.microseconds END
        ), 0) AS BIGINT)
    FROM quotas LEFT JOIN charges ON charges.token = quotas.token AND charges.day >=
        CASE quotas.period WHEN 'day' THEN $2 WHEN 'month' THEN $3 ELSE 0 END
    WHERE quotas.token = $1
    GROUP BY quotas.unit, quotas.period, quotas.amount";
const CHARGE: &str = "INSERT INTO charges (token, day, model, requests, records, microseconds) VALUES ($1, $2, $3, 1, $4, $5)
    ON CONFLICT (token, day, model) DO UPDATE SET
        requests = charges.requests + 1,
        records = charges.records + excluded.records,
        microseconds = charges.microseconds + excluded.microseconds";

type UsedRow = (String, String, i64, i64);

/// A request to charge.
#[derive(Clone, Copy, Debug)]
pub struct Charge<'a> {
    /// The token's name.
    pub token: &'a str,
    /// The model's name.
    pub model: &'a str,
    /// How many records it holds.
    pub records: u64,
    /// Its estimated time on a processor core.
    pub cost: Duration,
}

impl Charge<'_> {
    /// What it takes from a quota of this kind.
    fn needs(&self, of: Amount) -> u64 {
        match of {
            Amount::Records(_) => self.records,
            Amount::Cost(_) => micros(self.cost),
        }
    }

    /// Refuses if it exceeds one of the quotas: with the one that renews last.
    fn check(&self, quotas: Vec<UsedRow>, today: Day) -> Result<(), LedgerError> {
        let mut fullest: Option<UsedUp> = None;
        for (unit, period, amount, used) in quotas {
            let quota = quota(&unit, &period, amount)?;
            let used = u64::try_from(used).unwrap_or_default();
            let left = quota.amount.number().saturating_sub(used);
            let needed = self.needs(quota.amount);
            if needed <= left {
                continue;
            }
            let used_up = UsedUp {
                quota,
                left: quota.amount.with_number(left),
                needed: quota.amount.with_number(needed),
                renews: quota.period.renews(today),
            };
            // A quota that never renews comes after all others.
            let order = |one: &UsedUp| (one.is_too_large(), one.renews.is_none(), one.renews);
            if fullest.is_none_or(|other| order(&used_up) > order(&other)) {
                fullest = Some(used_up);
            }
        }
        match fullest {
            Some(used_up) => Err(LedgerError::QuotaUsedUp(Box::new(used_up))),
            None => Ok(()),
        }
    }
}

impl Ledger {
    /// Charges a request: when this returns, the charge is durable.
    ///
    /// # Errors
    /// [`LedgerError::QuotaUsedUp`] if it exceeds a quota and [`LedgerError::Revoked`] if the token
    /// has been revoked: then nothing is charged. If the database went away meanwhile, the request
    /// may or may not have been charged.
    pub async fn charge(&self, charge: &Charge<'_>, now: SystemTime) -> Result<(), LedgerError> {
        let today = Day::of(now);
        with_pool!(self, pool => {
            let mut transaction = pool.begin().await?;
            let touched = sqlx::query(TOUCH)
                .bind(charge.token)
                .bind(seconds(now))
                .execute(&mut *transaction)
                .await?;
            if touched.rows_affected() == 0 {
                return Err(LedgerError::Revoked);
            }
            let used: Vec<UsedRow> = sqlx::query_as(USED)
                .bind(charge.token)
                .bind(today.number())
                .bind(today.month().number())
                .fetch_all(&mut *transaction)
                .await?;
            charge.check(used, today)?;
            sqlx::query(CHARGE)
                .bind(charge.token)
                .bind(today.number())
                .bind(charge.model)
                .bind(i64::try_from(charge.records).unwrap_or(i64::MAX))
                .bind(micros(charge.cost) as i64)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
        });
        Ok(())
    }

    /// Whether the token's quotas have room for a charge now; nothing is charged. Other requests
    /// may be charged before this one is.
    ///
    /// # Errors
    /// [`LedgerError::QuotaUsedUp`] if not.
    pub async fn would_hold(
        &self,
        charge: &Charge<'_>,
        now: SystemTime,
    ) -> Result<(), LedgerError> {
        let today = Day::of(now);
        let used: Vec<UsedRow> = with_pool!(self, pool => {
            sqlx::query_as(USED)
                .bind(charge.token)
                .bind(today.number())
                .bind(today.month().number())
                .fetch_all(pool)
                .await?
        });
        charge.check(used, today)
    }
}
