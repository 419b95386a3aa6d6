//! Verbs that a build of the program was made without.

use anyhow::anyhow;

use crate::failure::{Hint as _, WHOLE_PROGRAM};

/// Whatever was typed after the verb.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    _rest: Vec<String>,
}

/// Says that a verb is missing, and how to get it.
pub(crate) fn run(verb: &str) -> anyhow::Result<()> {
    Err(anyhow!("this program was built without `veilcast {verb}`")).hint(WHOLE_PROGRAM)
}
