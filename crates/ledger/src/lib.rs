//! Who may use a Veilcast service, and how much each has used, in SQLite or PostgreSQL.
//!
//! A [`Ledger`] keeps tokens and what was charged to them. A token is shown as a [`Secret`] or by a client certificate; only
//! a digest is kept. [`Ledger::charge`] books a request atomically, and refuses it as a whole if it
//! exceeds one of the token's quotas, however many services share the database.
//!
//! | subject | file |
//! |---|---|
//! | where a ledger is | `location` |
//! | its connections and its schema | `database`, `schema/` |
//! | what a client shows | `secret`, `credential` |
//! | tokens: added, listed, found, revoked | `token`, `tokens` |
//! | quotas as people write them | `quota` |
//! | charging | `charge` |
//! | what was used | `usage` |
//! | vouchers, each used once | `spent` |
//! | days and months | `calendar` |
//! | what can go wrong | `error` |

#![forbid(unsafe_code)]

mod calendar;
mod charge;
mod credential;
mod database;
mod error;
mod location;
mod quota;
mod secret;
mod spent;
mod token;
mod tokens;
mod usage;

pub use calendar::Day;
pub use charge::Charge;
pub use credential::Credential;
pub use database::Ledger;
pub use error::{LedgerError, UsedUp};
pub use location::{Location, LocationError};
pub use quota::{Amount, Period, Quota};
pub use secret::Secret;
pub use spent::Spending;
pub use token::{Models, NewToken, Token};
pub use usage::{Range, Used};

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
