//! What can go wrong with a ledger.

use std::error::Error as StdError;
use std::fmt;
use std::time::{Duration, SystemTime};

use thiserror::Error;

use crate::calendar::Day;
use crate::quota::{Amount, Quota};

/// Why a ledger refuses, or can't be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// There is no such token.
    #[error("there is no such token: ask the service's operator for one")]
    UnknownToken,
    /// The token isn't valid any more.
    #[error("this token has been revoked: ask the service's operator for another one")]
    Revoked,
    /// The token is for other models.
    #[error("this token isn't for the model {model}: it is for {allowed}")]
    ModelNotAllowed {
        /// The model that was asked for.
        model: String,
        /// The token's models.
        allowed: String,
    },
    /// The charge exceeds a quota; nothing was charged.
    #[error(transparent)]
    QuotaUsedUp(Box<UsedUp>),
    /// Another token has the name, possibly a revoked one.
    #[error(
        "there is a token {name} already: choose another name (those of revoked tokens stay taken, so that usage can be told apart)"
    )]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Another token is bound to the certificate.
    #[error("another token has this certificate: make a new one for each token")]
    CertificateTaken,
    /// An invalid name.
    #[error("`{name}` can't name {what}: use up to 64 letters, digits and . _ - @ +")]
    Name {
        /// The name.
        name: String,
        /// What it would name.
        what: &'static str,
    },
    /// There are two quotas of one unit and one period.
    #[error("there are two quotas of {unit} {period}: give only one")]
    TwoQuotas {
        /// What they count.
        unit: &'static str,
        /// For what time.
        period: String,
    },
    /// No token has the name.
    #[error("there is no token named {name}")]
    NoSuchName {
        /// The name.
        name: String,
    },
    /// A voucher was used before; nothing was marked.
    #[error("a voucher was used before")]
    Spent,
    /// A voucher is to be used for the second time, and wasn't used before; nothing was marked.
    #[error("a voucher wasn't used before, though this is its second use")]
    NotBegun,
    /// The database is from a newer version of this program.
    #[error("the ledger was made or changed by a newer version of this program: use that version")]
    Newer,
    /// The database can't be reached, or can't do its work.
    #[error("the ledger can't be used")]
    Away(#[source] Box<dyn StdError + Send + Sync>),
}

impl From<sqlx::Error> for LedgerError {
    fn from(error: sqlx::Error) -> Self {
        Self::Away(error.into())
    }
}

/// A quota that has no room for a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsedUp {
    /// The quota.
    pub quota: Quota,
    /// What is left of it.
    pub left: Amount,
    /// What the charge needs.
    pub needed: Amount,
    /// When it renews, if it does.
    pub renews: Option<SystemTime>,
}

impl UsedUp {
    /// Whether the charge exceeds even the whole quota.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.needed.number() > self.quota.amount.number()
    }

    /// How long after a given moment the charge may fit, if ever.
    #[must_use]
    pub fn retry_after(&self, now: SystemTime) -> Option<Duration> {
        let renews = self.renews.filter(|_| !self.is_too_large())?;
        Some(renews.duration_since(now).unwrap_or_default())
    }
}

impl StdError for UsedUp {}

impl fmt::Display for UsedUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Quota { amount, period } = self.quota;
        write!(f, "this token's quota of {amount} {period} ")?;
        match self.left.number() {
            0 => f.write_str("is used up")?,
            _ => write!(
                f,
                "has {} left, and the request needs {}",
                self.left, self.needed
            )?,
        }
        match self.renews {
            _ if self.is_too_large() => {
                write!(
                    f,
                    ": send fewer records at once; the whole quota holds {amount}"
                )
            }
            Some(renews) => write!(f, ": it renews on {} at 00:00 UTC", Day::of(renews)),
            None => f.write_str(": it doesn't renew; ask the service's operator for more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::Period;

    #[test]
    fn a_used_up_quota_says_when_to_come_back() {
        let day: Day = "2026-11-29".parse().unwrap();
        let used_up = |quota: &str, left, needed| {
            let quota: Quota = quota.parse().unwrap();
            UsedUp {
                quota,
                left: quota.amount.with_number(left),
                needed: quota.amount.with_number(needed),
                renews: quota.period.renews(day),
            }
        };
        assert_eq!(
            used_up("1000/day", 3, 60).to_string(),
            "this token's quota of 1000 records per day has 3 records left, and the request needs 60 records: it renews on \
             2026-11-30 at 00:00 UTC"
        );
        assert_eq!(
            used_up("60s", 0, 1).to_string(),
            "this token's quota of 60 s of computation in total is used up: it doesn't renew; ask the service's operator for more"
        );
        let now = day.start() + Duration::from_secs(3600);
        let wait = |used_up: UsedUp| used_up.retry_after(now).map(|wait| wait.as_secs());
        assert_eq!(wait(used_up("1000/day", 3, 60)), Some(23 * 3600));
        assert_eq!(wait(used_up("1000/month", 3, 60)), Some(47 * 3600));
        assert_eq!(wait(used_up("1000", 3, 60)), None);
        // No renewal helps a request that is larger than the quota.
        let too_large = used_up("10/day", 10, 60);
        assert_eq!(wait(too_large), None);
        assert!(too_large.to_string().contains("send fewer records at once"));
        assert_eq!(too_large.quota.period, Period::Day);
    }
}
