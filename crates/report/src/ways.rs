//! The ways of predicting that a model is offered in, side by side.

use std::fmt;

use serde::Serialize;
use veilcast_card::Way;
use veilcast_engine::planner::{Effort, WayCosts};

use crate::words::number;

/// What a way takes, and what it rests on.
#[derive(Clone, PartialEq, Serialize)]
pub(crate) struct WayLine {
    way: Way,
    ahead: Option<EffortLine>,
    online: EffortLine,
    records_hidden_by: &'static str,
    weights_hidden_by: &'static str,
}

#[derive(Clone, PartialEq, Serialize)]
struct EffortLine {
    client_ms: f64,
    service_ms: f64,
    bytes_up: usize,
    bytes_down: usize,
}

impl WayLine {
    /// The heading of the lines.
    pub(crate) const HEADING: &str = "             before the records are known                  once they are\n  \
way        client ms  service ms  up kB  down kB    client ms  service ms  up kB  down kB  hides records by";
}

impl From<WayCosts> for WayLine {
    fn from(costs: WayCosts) -> Self {
        let (records, weights) = match costs.way {
            Way::Direct => ("Paillier encryption", "masks and fresh randomness"),
            Way::Vouchers => (
                "a one-time pad, sent ahead by Paillier encryption",
                "one-time pads from the service's secret",
            ),
            Way::Sealed => (
                "information theory: one-time pads",
                "Paillier encryption, under the service's key",
            ),
        };
        Self {
            way: costs.way,
            ahead: costs.ahead.map(EffortLine::from),
            online: costs.online.into(),
            records_hidden_by: records,
            weights_hidden_by: weights,
        }
    }
}

impl From<Effort> for EffortLine {
    fn from(effort: Effort) -> Self {
        Self {
            client_ms: effort.client * 1e3,
            service_ms: effort.server * 1e3,
            bytes_up: effort.bytes_up,
            bytes_down: effort.bytes_down,
        }
    }
}

impl fmt::Display for WayLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<9}", self.way.name())?;
        match &self.ahead {
            Some(ahead) => write!(f, "{ahead}")?,
            None => write!(f, "{:>11}{:>12}{:>7}{:>9}", "–", "–", "–", "–")?,
        }
        write!(f, "  {}  {}", self.online, self.records_hidden_by)
    }
}

impl fmt::Display for EffortLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kilobytes = |bytes: usize| number(bytes as f64 / 1e3);
        write!(
            f,
            "{:>11}{:>12}{:>7}{:>9}",
            milliseconds(self.client_ms),
            milliseconds(self.service_ms),
            kilobytes(self.bytes_up),
            kilobytes(self.bytes_down)
        )
    }
}

/// Milliseconds, with more digits if they are few.
fn milliseconds(time: f64) -> String {
    match time {
        ..0.005 => "< 0.01".to_owned(),
        ..0.995 => format!("{time:.2}"),
        _ => number(time),
    }
}
