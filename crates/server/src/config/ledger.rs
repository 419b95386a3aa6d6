//! Who may ask, as an operator sets it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Tokens, and the ledger that they are in.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LedgerSettings {
    /// Where the ledger is: `sqlite:///path/ledger.db` or `postgres://user@host/database`. Without it, and with tokens
    /// needed, it is a file in the state directory.
    pub url: Option<String>,
    /// Whether requests need a token; else those without one are answered too.
    pub required: bool,
    /// What happens while the ledger can't be reached.
    pub when_away: WhenAway,
}

/// What happens to requests with a token while the ledger can't be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenAway {
    /// They are refused, and the service isn't ready.
    #[default]
    Refuse,
    /// Those whose token was good when the service last asked are answered and charged nothing; others are refused.
    Allow,
}

impl LedgerSettings {
    /// Whether there is to be a ledger.
    pub(crate) fn is_used(&self) -> bool {
        self.required || self.url.is_some()
    }
}

/// Without the URL, which may hold a password.
impl fmt::Debug for LedgerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LedgerSettings")
            .field("url", &self.url.as_ref().map(|_| "set"))
            .field("required", &self.required)
            .field("when_away", &self.when_away)
            .finish()
    }
}
