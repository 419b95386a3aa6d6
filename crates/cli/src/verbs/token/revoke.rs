//! `veilcast token revoke`: the end of a token.

use std::fmt;
use std::time::SystemTime;

use serde::Serialize;

use crate::books::LedgerArgs;
use crate::output::Output;

/// Make a token invalid. From now on it gets no answers; its name stays taken.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::TOKEN_REVOKE)]
pub(crate) struct Args {
    /// The token's name.
    name: String,
    #[command(flatten)]
    ledger: LedgerArgs,
}

#[derive(Serialize)]
struct Revoked {
    revoked: String,
}

impl fmt::Display for Revoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: revoked", self.revoked)
    }
}

pub(crate) fn run(args: Args, output: Output) -> anyhow::Result<()> {
    let (name, now) = (args.name, SystemTime::now());
    args.ledger
        .with(async |ledger| ledger.revoke(&name, now).await)?;
    output.result(&Revoked { revoked: name })
}
