//! What a token is.

use std::collections::BTreeSet;
use std::fmt;
use std::time::SystemTime;

use crate::error::LedgerError;
use crate::quota::Quota;

/// The models that a token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Models {
    /// Every model, including later ones.
    All,
    /// Only these.
    Only(BTreeSet<String>),
}

impl Models {
    /// Whether this model is one of them.
    #[must_use]
    pub fn contains(&self, model: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(model),
        }
    }
}

/// The names, separated by commas.
impl fmt::Display for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Only(names) => {
                let names: Vec<_> = names.iter().map(String::as_str).collect();
                f.write_str(&names.join(", "))
            }
        }
    }
}

/// A token to be added.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub models: Models,
    /// What it may use; all of these hold.
    pub quotas: Vec<Quota>,
}

impl NewToken {
    pub(crate) fn check(&self) -> Result<(), LedgerError> {
        check_name(&self.name, "a token")?;
        if let Models::Only(names) = &self.models {
            names
                .iter()
                .try_for_each(|name| check_name(name, "a model"))?;
        }
        for (i, quota) in self.quotas.iter().enumerate() {
            let is_same = |other: &Quota| {
                other.period == quota.period && other.amount.unit() == quota.amount.unit()
            };
            if self.quotas[..i].iter().any(is_same) {
                return Err(LedgerError::TwoQuotas {
                    unit: quota.amount.unit(),
                    period: quota.period.to_string(),
                });
            }
        }
        Ok(())
    }
}

/// Names go into logs and tables.
fn check_name(name: &str, what: &'static str) -> Result<(), LedgerError> {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || "._-@+".contains(c);
    match (1..=64).contains(&name.len()) && name.chars().all(is_fit) {
        true => Ok(()),
        false => Err(LedgerError::Name {
            name: name.escape_debug().collect(),
            what,
        }),
    }
}

/// A token as the ledger knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What people call it.
    pub name: String,
    /// Whether it is bound to a client certificate, in place of a secret.
    pub is_certificate: bool,
    /// What it is for.
    pub models: Models,
    /// What it may use; all of these hold.
    pub quotas: Vec<Quota>,
    /// When it was made.
    pub created: SystemTime,
    /// When something was last charged to it.
    pub last_used: Option<SystemTime>,
    /// When it was revoked.
    pub revoked: Option<SystemTime>,
}

impl Token {
    /// Whether it may ask for a model.
    ///
    /// # Errors
    /// [`LedgerError::ModelNotAllowed`] if not.
    pub fn check_model(&self, model: &str) -> Result<(), LedgerError> {
        match self.models.contains(model) {
            true => Ok(()),
            false => Err(LedgerError::ModelNotAllowed {
                model: model.to_owned(),
                allowed: self.models.to_string(),
            }),
        }
    }
}
