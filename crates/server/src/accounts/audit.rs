//! What is recorded about each inference: who, when, which model, how much, under which key, and
//! how it ended. Never its content, and never a token.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use veilcast_ledger::Day;
use veilcast_protocol::Inference;

use super::identity::Identity;
use crate::quota::Caller;
use crate::start_error::StartError;

/// The target of the events in the usual log.
const TARGET: &str = "veilcast::audit";

/// Where entries go.
pub(crate) struct Audit {
    /// Without one, to the usual log.
    file: Option<PathBuf>,
}

/// An inference; it is recorded when it is dropped.
pub(crate) struct Entry {
    audit: Arc<Audit>,
    line: Line,
}

#[derive(Serialize)]
struct Line {
    time: String,
    /// The token's name.
    token: Option<String>,
    address: String,
    model: Option<String>,
    version: Option<String>,
    records: Option<usize>,
    /// Asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    vouchers: Option<usize>,
    key: Option<String>,
    outcome: &'static str,
    /// As estimated, in time on one core.
    cost_seconds: Option<f64>,
}

impl Audit {
    pub(super) fn open(file: Option<&Path>) -> Result<Self, StartError> {
        let file = file.map(Path::to_owned);
        if let Some(path) = &file {
            append_to(path).map_err(|source| StartError::AuditFile {
                file: path.clone(),
                source,
            })?;
        }
        Ok(Self { file })
    }

    fn write(&self, line: &Line) {
        let Some(path) = &self.file else {
            tracing::info!(
                target: TARGET,
                token = line.token,
                address = line.address,
                model = line.model,
                version = line.version,
                records = line.records,
                vouchers = line.vouchers,
                key = line.key,
                outcome = line.outcome,
                cost_seconds = line.cost_seconds,
                "inference"
            );
            return;
        };
        if let Err(error) = append(path, line) {
            tracing::error!(%error, file = %path.display(), "can't write the audit log");
        }
    }
}

/// Opens the file for each line, so that it may be moved away at any time.
fn append_to(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn append(path: &Path, line: &Line) -> io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    // At once, so that lines of several services don't mix.
    append_to(path)?.write_all(&text)
}

impl Entry {
    pub(super) fn new(audit: Arc<Audit>, address: Caller) -> Self {
        let line = Line {
            time: rfc3339(SystemTime::now()),
            token: None,
            address: address.to_string(),
            model: None,
            version: None,
            records: None,
            vouchers: None,
            key: None,
            outcome: "abandoned",
            cost_seconds: None,
        };
        Self { audit, line }
    }

    /// Notes who asks, and for what.
    pub(crate) fn asks(&mut self, identity: &Identity, model: &str, version: &str) {
        self.line.token = identity.token().map(|token| token.name.clone());
        self.line.model = Some(model.to_owned());
        self.line.version = Some(version.to_owned());
    }

    /// Notes how much is asked for.
    pub(crate) fn request(&mut self, request: &Inference, seconds: f64) {
        self.line.records = Some(request.records());
        self.line.vouchers = Some(request.vouchers()).filter(|&vouchers| vouchers > 0);
        self.line.key = request.key().map(|key| key.to_string());
        self.line.cost_seconds = Some(seconds);
    }

    /// Notes how it ended; otherwise it was abandoned.
    pub(crate) fn ends(&mut self, outcome: &'static str) {
        self.line.outcome = outcome;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.audit.write(&self.line);
    }
}

/// A moment as RFC 3339 has it, to the millisecond.
fn rfc3339(moment: SystemTime) -> String {
    let day = Day::of(moment);
    let within: Duration = moment.duration_since(day.start()).unwrap_or_default();
    let (seconds, milliseconds) = (within.as_secs(), within.subsec_millis());
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!(
        "{day}T{hours:02}:{minutes:02}:{:02}.{milliseconds:03}Z",
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn moments_are_written_as_others_read_them() {
        let moment = UNIX_EPOCH + Duration::from_millis(1_796_083_199_007);
        assert_eq!(rfc3339(moment), "2026-11-30T23:59:59.007Z");
        assert_eq!(rfc3339(UNIX_EPOCH), "1970-01-01T00:00:00.000Z");
    }
}
