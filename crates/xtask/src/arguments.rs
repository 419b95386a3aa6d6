//! The command line as typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::others::deploy;
use crate::{fuzz, soak};

/// The project's own automation.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) task: Task,
}

/// A program that is built already.
#[derive(Clone, Args)]
pub(crate) struct Program {
    /// The program, instead of one that is built as it is given on.
    #[arg(long, value_name = "FILE")]
    pub(crate) program: Option<PathBuf>,
}

/// What to do.
#[derive(Clone, Subcommand)]
pub(crate) enum Task {
    /// Install what the steps need on the machine, on Debian and Ubuntu.
    Setup,
    /// Run every step, and list the ones that failed.
    Test,
    /// A step as it is one of all.
    #[command(hide = true)]
    Step {
        /// Its name.
        name: String,
    },
    /// Check that the code is formatted.
    Fmt,
    /// Check the crates' layers, where `unsafe` is, and the files' lengths.
    Layers,
    /// Check licences, doubled versions and sources of all dependencies, as deny.toml says.
    Deny {
        /// Look for known vulnerabilities too: needs GitHub, for RustSec's database.
        #[arg(long)]
        advisories: bool,
    },
    /// Find dependencies that nothing uses, or that are named twice.
    Unused,
    /// Check that the files and tests that SECURITY.md names exist.
    Security,
    /// Take out each check of SECURITY.md, one at a time, and see its test fail. By hand: it takes
    /// an hour.
    ///
    /// The code is that of the last commit, in a copy below the target directory.
    Removals {
        /// Numbers of rows of SECURITY.md's table; all of them by default.
        rows: Vec<u32>,
    },
    /// Run clippy on everything; a warning is an error.
    Clippy,
    /// Build the program without training, import and formats of tables, as `cargo demo` does, and try it.
    Lean,
    /// Run unit and integration tests.
    Tests,
    /// Run the tests of the arithmetic, and of what is built on it, with each slower kernel.
    Kernels,
    /// Run the tests with secrets under valgrind, which reports branches and addresses that depend on
    /// them.
    Ctgrind,
    /// Run the examples in the documentation.
    Doctests,
    /// Build the documentation; a warning is an error.
    Doc,
    /// Run the documents' commands, and parse their other blocks.
    Commands,
    /// Check the documents' links, figures, and the files and tests that they name, and build the book.
    Docs,
    /// Draw the book's figures of its tables.
    Figures,
    /// Test together with python-paillier and with paillier-bigint.
    Interop,
    /// Test the Python package, also by python-paillier's tests, and check its types.
    Python,
    /// Check what is in `deploy`, and run two replicas behind nginx, one of which is killed.
    Deploy {
        /// Records that are sent while a replica is killed.
        #[arg(long, default_value_t = deploy::RECORDS)]
        records: u32,
    },
    /// Run the examples that train with scikit-learn.
    Examples {
        /// Run those with PyTorch and Keras too, which takes about 8 GB.
        #[arg(long)]
        all: bool,
    },
    /// Check and test the JavaScript package.
    Web,
    /// Check that all versions agree, that the changelog has notes of this one, and the workflows.
    Release {
        /// A tag that must be the version's, such as v1.2.3.
        #[arg(long)]
        tag: Option<String>,
    },
    /// Check that the public interface of the crates is as pinned.
    Api {
        /// Pin it as it is.
        #[arg(long)]
        write: bool,
    },
    /// Print the changelog's notes of this version.
    Notes,
    /// Pack the crates in order as the registry would take them, and build each from its package; by hand, half an hour.
    Publish {
        /// Don't build them.
        #[arg(long)]
        no_verify: bool,
    },
    /// Pack the program with manual pages, completions and licences, below target/release-files; by hand.
    Archive {
        #[command(flatten)]
        program: Program,
        /// The machine that it is for, such as x86_64-unknown-linux-musl; this one by default.
        #[arg(long)]
        target: Option<String>,
    },
    /// List all that the program is made of, below target/release-files; by hand.
    Components,
    /// Build Debian's package, and check it with lintian; by hand.
    Deb {
        #[command(flatten)]
        program: Program,
    },
    /// Attack a running service, and see that others are still answered; by hand, ten minutes.
    Soak(soak::Options),
    /// Fuzz the parsers of untrusted input.
    Fuzz(fuzz::Options),
}
