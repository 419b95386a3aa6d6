//! `veilcast completions`: what shells need to complete the program's arguments.

use clap_complete::Shell;

use crate::args::OptionalOutFile;
use crate::files::{OutputFile, Readers};
use crate::output;

/// Print the script with which a shell completes verbs, options and files.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::COMPLETIONS)]
pub(crate) struct Args {
    /// The shell.
    shell: Shell,
    #[command(flatten)]
    file: OptionalOutFile,
}

pub(crate) fn run(args: &Args, mut program: clap::Command) -> anyhow::Result<()> {
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, name, &mut script);
    match args.file.path() {
        None => output::print(&script),
        Some(path) => OutputFile::write(path, args.file.force, Readers::Usual, &script),
    }
}
