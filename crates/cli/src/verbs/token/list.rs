//! `veilcast token list`: every token.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use veilcast_ledger::{Day, Models, Token};

use crate::books::LedgerArgs;
use crate::columns::Columns;
use crate::output::Output;

/// Show every token, what it is for and what it may use; never its secret.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::TOKEN_LIST)]
pub(crate) struct Args {
    #[command(flatten)]
    ledger: LedgerArgs,
}

#[derive(Serialize)]
struct Listed {
    tokens: Vec<Row>,
}

/// Moments are seconds since 1970.
#[derive(Serialize)]
struct Row {
    name: String,
    shown_by: &'static str,
    /// Without them it is for all.
    models: Option<Vec<String>>,
    quotas: Vec<String>,
    created: u64,
    last_used: Option<u64>,
    revoked: Option<u64>,
    #[serde(skip)]
    text: [String; 6],
}

impl From<Token> for Row {
    fn from(token: Token) -> Self {
        let seconds = |moment: SystemTime| {
            let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
            since.as_secs()
        };
        let day = |moment: Option<SystemTime>| {
            moment.map_or_else(|| "-".to_owned(), |moment| Day::of(moment).to_string())
        };
        let quotas: Vec<String> = token.quotas.iter().map(ToString::to_string).collect();
        let shown_by = match token.is_certificate {
            true => "certificate",
            false => "secret",
        };
        Self {
            text: [
                token.name.clone(),
                token.models.to_string(),
                if quotas.is_empty() {
                    "none".to_owned()
                } else {
                    quotas.join(", ")
                },
                day(Some(token.created)),
                day(token.last_used),
                match token.revoked {
                    Some(revoked) => format!("revoked {}", Day::of(revoked)),
                    None => shown_by.to_owned(),
                },
            ],
            shown_by,
            models: match token.models {
                Models::All => None,
                Models::Only(names) => Some(names.into_iter().collect()),
            },
            quotas,
            created: seconds(token.created),
            last_used: token.last_used.map(seconds),
            revoked: token.revoked.map(seconds),
            name: token.name,
        }
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tokens.is_empty() {
            return f.write_str("There are no tokens: veilcast token add NAME makes one.");
        }
        let names = ["token", "models", "quotas", "made", "last used", "shown by"];
        let mut rows = vec![names.map(str::to_owned)];
        rows.extend(self.tokens.iter().map(|row| row.text.clone()));
        fmt::Display::fmt(&Columns(rows), f)
    }
}

pub(crate) fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let tokens = args.ledger.with(async |ledger| ledger.tokens().await)?;
    let tokens = tokens.into_iter().map(Row::from).collect();
    output.result(&Listed { tokens })
}
