//! The service under attack.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::http;
use crate::shell::run;
use crate::workspace::Workspace;

/// A running `veilcast serve`, ended when dropped.
pub(super) struct Service {
    process: Child,
    pub(super) address: SocketAddr,
}

impl Service {
    /// Starts the program with its own settings, as someone who has read nothing would.
    pub(super) fn start(workspace: &Workspace, program: &Path) -> anyhow::Result<Self> {
        let models = workspace.root().join("models");
        let mut process = Command::new(program)
            .args(["--json", "serve", "--listen", "127.0.0.1:0", "--model"])
            .arg(models.join("digits"))
            .arg("--model")
            .arg(models.join("digits-hybrid"))
            .env("RUST_LOG", "error")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("can't run {}", program.display()))?;
        let mut output = BufReader::new(process.stdout.take().context("its output is piped")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let told: serde_json::Value =
            serde_json::from_str(&line).context("the service doesn't say where it listens")?;
        let url = match &told["listening"] {
            serde_json::Value::Array(several) => several[0].as_str(),
            one => one.as_str(),
        };
        let address = url.and_then(|url| url.strip_prefix("http://"));
        let address = address.context("the service doesn't say where it listens")?;
        let address = address.trim_end_matches('/').parse()?;
        std::thread::spawn(move || std::io::copy(&mut output.by_ref(), &mut std::io::sink()));
        Ok(Self { process, address })
    }

    /// Whether it answers.
    pub(super) fn is_alive(&mut self) -> bool {
        let live = http::get("/v2/health/live");
        let (from, patience) = (Ipv4Addr::LOCALHOST, Duration::from_secs(10));
        let runs = matches!(self.process.try_wait(), Ok(None));
        // An attack's traces may keep it for a moment.
        let mut tries = (0..3).map(|_| http::once(self.address, from, patience, &live));
        runs && tries.any(|answer| answer.is_ok_and(|answer| answer.status == 200))
    }

    pub(super) fn resident_megabytes(&self) -> anyhow::Result<f64> {
        Ok(self.kilobytes("VmRSS")? / 1024.0)
    }

    /// Lets the process have so many megabytes more than it has now.
    pub(super) fn limit_memory(&self, megabytes: u64) -> anyhow::Result<()> {
        let bytes = 1024 * self.kilobytes("VmSize")? as u64 + (megabytes << 20);
        self.prlimit(&format!("--as={bytes}:"))
    }

    pub(super) fn unlimit_memory(&self) -> anyhow::Result<()> {
        self.prlimit("--as=unlimited:")
    }

    /// Sets a soft limit: hard ones can't be raised again.
    fn prlimit(&self, limit: &str) -> anyhow::Result<()> {
        let process = self.process.id().to_string();
        run(Command::new("prlimit").args(["--pid", &process, limit]))
    }

    fn kilobytes(&self, what: &str) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find(|line| line.starts_with(what));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        let number: f64 = number
            .context("the system doesn't tell the memory")?
            .parse()?;
        ensure!(number > 0.0, "the service has ended");
        Ok(number)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
