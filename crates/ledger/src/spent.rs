//! What can be used once, or twice in order: marked before it is used, by however many services share the database.

use crate::database::{Ledger, with_pool};
use crate::error::LedgerError;

const BEGIN: &str = "INSERT INTO spent_vouchers (secret, voucher, is_ended) VALUES ($1, $2, FALSE) ON CONFLICT DO NOTHING";
const END: &str =
    "UPDATE spent_vouchers SET is_ended = TRUE WHERE secret = $1 AND voucher = $2 AND NOT is_ended";
const IS_KNOWN: &str = "SELECT COUNT(*) FROM spent_vouchers WHERE secret = $1 AND voucher = $2";

/// Vouchers that are about to be used, named in any way that tells them apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spending {
    /// What they were derived from.
    pub secret: String,
    /// Those used for the first time.
    pub begun: Vec<String>,
    /// Those used for the second time, and the last.
    pub ended: Vec<String>,
}

impl Ledger {
    /// Marks vouchers as used, all of them or none: when this returns, the marks are durable.
    ///
    /// # Errors
    /// [`LedgerError::Spent`] if one was used like this before, and [`LedgerError::NotBegun`] if one is to be used for the second time
    /// that wasn't used before. Then nothing is marked. If the database went away meanwhile, they may or may not have been marked.
    pub async fn spend(&self, spending: &Spending) -> Result<(), LedgerError> {
        // In one order, so that no two services wait for each other.
        let sorted = |vouchers: &Vec<String>| {
            let mut vouchers = vouchers.clone();
            vouchers.sort_unstable();
            vouchers
        };
        let (begun, ended) = (sorted(&spending.begun), sorted(&spending.ended));
        with_pool!(self, pool => {
            let mut transaction = pool.begin().await?;
            for voucher in &begun {
                let marked = sqlx::query(BEGIN)
                    .bind(&spending.secret)
                    .bind(voucher)
                    .execute(&mut *transaction)
                    .await?;
                if marked.rows_affected() == 0 {
                    return Err(LedgerError::Spent);
                }
            }
            for voucher in &ended {
                let marked = sqlx::query(END)
                    .bind(&spending.secret)
                    .bind(voucher)
                    .execute(&mut *transaction)
                    .await?;
                if marked.rows_affected() == 0 {
                    let (known,): (i64,) = sqlx::query_as(IS_KNOWN)
                        .bind(&spending.secret)
                        .bind(voucher)
                        .fetch_one(&mut *transaction)
                        .await?;
                    return Err(match known {
                        0 => LedgerError::NotBegun,
                        _ => LedgerError::Spent,
                    });
                }
            }
            transaction.commit().await?;
        });
        Ok(())
    }
}
