//! `veilcast man`: the manual pages.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap_mangen::Man;

use crate::output;

/// Print the program's manual page, or write those of all verbs into a directory.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::MAN)]
pub(crate) struct Args {
    /// Directory for the pages of the program and of each verb, which are replaced; it is made if there is none.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, program: clap::Command) -> anyhow::Result<()> {
    let Some(directory) = &args.out else {
        let mut page = Vec::new();
        // As among the pages of all verbs, there is none of `help`.
        Man::new(program.disable_help_subcommand(true)).render(&mut page)?;
        return output::print(&page);
    };
    let failed = || format!("can't write manual pages to {}", directory.display());
    fs::create_dir_all(directory).with_context(failed)?;
    clap_mangen::generate_to(program, directory).with_context(failed)
}
