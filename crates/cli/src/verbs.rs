//! The verbs: each has its arguments as typed, and what it does.

mod bench;
mod compute;
mod decrypt;
mod demo;
mod encrypt;
mod evaluate;
mod import;
mod inspect;
mod keygen;
mod pool;
mod predict;
mod pubkey;
mod serve;
mod train;

use clap::Subcommand;

use crate::output::Output;

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Verb {
    Demo(demo::Args),
    Train(train::Args),
    Import(Box<import::Args>),
    Evaluate(evaluate::Args),
    Inspect(inspect::Args),
    Serve(serve::Args),
    Keygen(keygen::Args),
    Pubkey(pubkey::Args),
    Pool(pool::Args),
    Predict(predict::Args),
    Encrypt(encrypt::Args),
    Compute(compute::Args),
    Decrypt(decrypt::Args),
    Bench(bench::Args),
}

impl Verb {
    pub(crate) fn run(self, output: Output) -> anyhow::Result<()> {
        match self {
            Self::Demo(args) => demo::run(&args, output),
            Self::Train(args) => train::run(args, output),
            Self::Import(args) => import::run(*args, output),
            Self::Evaluate(args) => evaluate::run(&args, output),
            Self::Inspect(args) => inspect::run(&args, output),
            Self::Serve(args) => serve::run(args, output),
            Self::Keygen(args) => keygen::run(&args, output),
            Self::Pubkey(args) => pubkey::run(&args, output),
            Self::Pool(args) => pool::run(&args, output),
            Self::Predict(args) => predict::run(&args, output),
            Self::Encrypt(args) => encrypt::run(&args, output),
            Self::Compute(args) => compute::run(&args, output),
            Self::Decrypt(args) => decrypt::run(&args, output),
            Self::Bench(args) => bench::run(&args, output),
        }
    }
}
