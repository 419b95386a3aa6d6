//! The README's commands, run exactly as written.
//!
//! Every ```` ```console ```` block after a line `<!-- run -->` is run, all of them in one shell,
//! in order, in an empty directory that shows the repository's `models` and `data`. Lines that begin
//! with `$ ` are commands, `> ` continues one, and the others are output, which isn't compared.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::program;
use crate::shell::run;
use crate::workspace::Workspace;

const MARK: &str = "<!-- run -->";
/// The port in the README, which may be taken where the test runs.
const PORT: &str = "8080";

pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let readme = fs::read_to_string(workspace.root().join("README.md")).context("README.md")?;
    let commands = commands(&readme);
    ensure!(
        !commands.is_empty(),
        "README.md has no commands behind {MARK}"
    );
    let program = program::build(workspace)?;

    let directory = workspace.target().join("readme");
    if directory.exists() {
        fs::remove_dir_all(&directory).context("can't clear the directory of the last run")?;
    }
    fs::create_dir_all(&directory).context("can't make a directory to run in")?;
    for name in ["models", "data"] {
        std::os::unix::fs::symlink(workspace.root().join(name), directory.join(name))
            .context("can't show the repository's files")?;
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let folder = program.parent().context("a program is in a folder")?;
    let path = format!("{}:{path}", folder.display());
    let script = script(&commands, &free_port()?.to_string());
    run(Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .env("PATH", path)
        .current_dir(&directory))
}

/// The commands of the marked blocks, in order.
fn commands(readme: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let (mut marked, mut inside) = (false, false);
    for line in readme.lines() {
        match line {
            MARK => marked = true,
            "```console" if marked => inside = true,
            "```" => (marked, inside) = (false, false),
            _ if !inside => {}
            _ => {
                if let Some(command) = line.strip_prefix("$ ") {
                    commands.push(command.to_owned());
                } else if let (Some(more), Some(last)) =
                    (line.strip_prefix("> "), commands.last_mut())
                {
                    *last = format!("{last}\n{more}");
                }
            }
        }
    }
    commands
}

/// The commands as one script, which shows each, and waits for what they start in the background.
fn script(commands: &[String], port: &str) -> String {
    let mut script = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\nset -v\n".to_owned();
    for command in commands {
        let command = command.replace(PORT, port);
        script += &command;
        script += "\n";
        if command.ends_with('&') {
            script += &format!(
                "for try in {{1..100}}; do (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null && break; sleep 0.1; done\n"
            );
        }
    }
    script
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    Ok(listener
        .local_addr()
        .context("the listener has no address")?
        .port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marked_commands_are_taken() {
        let readme = "```console\n$ no\n```\n<!-- run -->\n```console\n$ one \\\n>   more\nits output\n$ two &\n```\n```console\n$ no\n```\n";
        let commands = commands(readme);
        assert_eq!(commands, ["one \\\n  more", "two &"]);
        let script = script(&commands, "1234");
        assert!(script.contains("two &\nfor try"), "{script}");
    }
}
