//! The service's process.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail};

use super::requests::MODEL;
use crate::workspace::Workspace;

/// A running service, ended when dropped.
pub(super) struct Service {
    process: Child,
    pub(super) address: SocketAddr,
}

impl Service {
    /// Starts a program's service with its defaults on a free port; with so much memory, in kilobytes, if there is a limit.
    pub(super) fn start(
        program: &Path,
        workspace: &Workspace,
        memory_limit: Option<u64>,
    ) -> anyhow::Result<Self> {
        let mut command = match memory_limit {
            None => Command::new(program),
            Some(kilobytes) => {
                // It takes the shell's place, with its limits.
                let mut shell = Command::new("sh");
                shell.args([
                    "-c",
                    &format!("ulimit -v {kilobytes} && exec \"$0\" \"$@\""),
                ]);
                shell.arg(program);
                shell
            }
        };
        let log = std::fs::File::create(workspace.target().join("soak").join("service.log"))
            .context("can't write the service's log")?;
        let mut process = command
            .args([
                "serve",
                "--model",
                MODEL,
                "--listen",
                "127.0.0.1:0",
                "--no-page",
            ])
            .current_dir(workspace.root())
            .env("RUST_LOG", "warn")
            // As the files in `deploy` have it.
            .env("MALLOC_ARENA_MAX", "4")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("can't start the service")?;
        let mut line = String::new();
        let stdout = process.stdout.take().context("its output is piped")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().rsplit("//").next().unwrap_or_default();
        let Ok(address) = address.parse() else {
            bail!("the service doesn't say where it listens, but: {line}");
        };
        Ok(Self { process, address })
    }

    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// The memory that it has, in bytes.
    pub(super) fn memory(&self) -> anyhow::Result<u64> {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(path).context("can't see the service's memory")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kilobytes: u64 = kilobytes.context("no VmRSS")?.trim().parse()?;
        Ok(kilobytes << 10)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // If it has ended already, all the better.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
