//! `veilcast token`: who may use a service, and how much.

mod add;
mod list;
mod revoke;

use clap::Subcommand;

use crate::output::Output;

/// Set who may use a service, and how much.
///
/// A service asks for tokens with `required = true` below `[ledger]` in its configuration.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::TOKEN)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    Add(add::Args),
    List(list::Args),
    Revoke(revoke::Args),
}

pub(crate) fn run(args: Args, output: Output) -> anyhow::Result<()> {
    match args.action {
        Action::Add(args) => add::run(args, output),
        Action::List(args) => list::run(args, output),
        Action::Revoke(args) => revoke::run(args, output),
    }
}
