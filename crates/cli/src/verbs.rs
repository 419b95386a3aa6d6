//! The verbs: each has its arguments as typed, and what it does.

mod bench;
mod completions;
mod compute;
mod decrypt;
mod demo;
mod encrypt;
mod evaluate;
#[cfg(feature = "import")]
mod import;
mod inspect;
mod keygen;
#[cfg(not(all(feature = "import", feature = "ledger", feature = "train")))]
mod left_out;
mod man;
mod pool;
mod predict;
mod pubkey;
mod seal;
mod serve;
#[cfg(feature = "ledger")]
mod token;
#[cfg(feature = "train")]
mod train;
#[cfg(feature = "ledger")]
mod usage;
mod voucher;

use clap::Subcommand;

use crate::output::Output;

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Verb {
    Demo(demo::Args),
    #[cfg(feature = "train")]
    Train(train::Args),
    /// Train a model; not in this build.
    #[cfg(not(feature = "train"))]
    Train(left_out::Args),
    #[cfg(feature = "import")]
    Import(Box<import::Args>),
    /// Make a model from a network in an ONNX file; not in this build.
    #[cfg(not(feature = "import"))]
    Import(left_out::Args),
    Evaluate(evaluate::Args),
    Inspect(inspect::Args),
    Seal(seal::Args),
    Serve(serve::Args),
    #[cfg(feature = "ledger")]
    Token(token::Args),
    /// Set who may use a service; not in this build.
    #[cfg(not(feature = "ledger"))]
    Token(left_out::Args),
    #[cfg(feature = "ledger")]
    Usage(usage::Args),
    /// Show what was charged; not in this build.
    #[cfg(not(feature = "ledger"))]
    Usage(left_out::Args),
    Keygen(keygen::Args),
    Pubkey(pubkey::Args),
    Pool(pool::Args),
    Voucher(voucher::Args),
    Predict(predict::Args),
    Encrypt(encrypt::Args),
    Compute(compute::Args),
    Decrypt(decrypt::Args),
    Bench(bench::Args),
    Completions(completions::Args),
    Man(man::Args),
}

impl Verb {
    /// Does it; `program` describes the whole command line.
    pub(crate) fn run(self, output: Output, program: fn() -> clap::Command) -> anyhow::Result<()> {
        match self {
            Self::Demo(args) => demo::run(&args, output),
            #[cfg(feature = "train")]
            Self::Train(args) => train::run(args, output),
            #[cfg(not(feature = "train"))]
            Self::Train(_) => left_out::run("train"),
            #[cfg(feature = "import")]
            Self::Import(args) => import::run(*args, output),
            #[cfg(not(feature = "import"))]
            Self::Import(_) => left_out::run("import"),
            Self::Evaluate(args) => evaluate::run(&args, output),
            Self::Inspect(args) => inspect::run(&args, output),
            Self::Seal(args) => seal::run(&args, output),
            Self::Serve(args) => serve::run(args, output),
            #[cfg(feature = "ledger")]
            Self::Token(args) => token::run(args, output),
            #[cfg(not(feature = "ledger"))]
            Self::Token(_) => left_out::run("token"),
            #[cfg(feature = "ledger")]
            Self::Usage(args) => usage::run(args, output),
            #[cfg(not(feature = "ledger"))]
            Self::Usage(_) => left_out::run("usage"),
            Self::Keygen(args) => keygen::run(&args, output),
            Self::Pubkey(args) => pubkey::run(&args, output),
            Self::Pool(args) => pool::run(&args, output),
            Self::Voucher(args) => voucher::run(&args, output),
            Self::Predict(args) => predict::run(&args, output),
            Self::Encrypt(args) => encrypt::run(&args, output),
            Self::Compute(args) => compute::run(&args, output),
            Self::Decrypt(args) => decrypt::run(&args, output),
            Self::Bench(args) => bench::run(&args, output),
            Self::Completions(args) => completions::run(&args, program()),
            Self::Man(args) => man::run(&args, program()),
        }
    }
}
