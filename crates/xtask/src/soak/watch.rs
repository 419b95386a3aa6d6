//! What a polite client and an operator see meanwhile.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::http::{self, Answer};

/// How long a polite client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long an operator's probe does, as a balancer's would.
const PROBE_PATIENCE: Duration = Duration::from_secs(5);
/// The time from one probe to the next.
const PROBE_INTERVAL: Duration = Duration::from_millis(200);

const POLITE: Ipv4Addr = Ipv4Addr::new(127, 0, 2, 1);
const OPERATOR: Ipv4Addr = Ipv4Addr::new(127, 0, 3, 1);

/// Calls of one kind, one after another.
#[derive(Clone, Default)]
struct Calls {
    answered: u32,
    refused: u32,
    failed: u32,
    longest: Duration,
}

/// What was seen.
#[derive(Clone)]
pub(super) struct Seen {
    predictions: Calls,
    probes: Calls,
    elapsed: Duration,
}

impl Calls {
    fn count(&mut self, started: Instant, answer: &std::io::Result<Answer>) {
        match answer {
            Ok(answer) if answer.status == 200 => self.answered += 1,
            Ok(_) => self.refused += 1,
            Err(_) => self.failed += 1,
        }
        self.longest = self.longest.max(started.elapsed());
    }
}

impl Seen {
    /// Predictions that a polite client gets.
    pub(super) fn per_second(&self) -> f64 {
        f64::from(self.predictions.answered) / self.elapsed.as_secs_f64()
    }

    /// The part of the operator's probes that were answered, in per cent.
    pub(super) fn probes_answered(&self) -> f64 {
        let Calls {
            answered,
            refused,
            failed,
            ..
        } = self.probes;
        100.0 * f64::from(answered) / f64::from((answered + refused + failed).max(1))
    }

    pub(super) fn longest_prediction(&self) -> Duration {
        self.predictions.longest
    }

    pub(super) fn longest_probe(&self) -> Duration {
        self.probes.longest
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Calls {
            refused, failed, ..
        } = self.predictions;
        write!(
            f,
            "{:.1} predictions per second ({refused} refused, {failed} failed, the longest {:.1} s), {:.0} % of probes answered",
            self.per_second(),
            self.longest_prediction().as_secs_f64(),
            self.probes_answered()
        )
    }
}

/// Watches until told to stop; what is under way then is waited for.
pub(super) fn watch(service: SocketAddr, request: &[u8], stop: &AtomicBool) -> Seen {
    let started = Instant::now();
    let (predictions, probes) = thread::scope(|scope| {
        let probes = scope.spawn(|| probe(service, stop));
        (predict(service, request, stop), probes.join())
    });
    Seen {
        predictions,
        probes: probes.unwrap_or_default(),
        elapsed: started.elapsed(),
    }
}

/// A client that waits for its answers, and comes back when it is told to.
fn predict(service: SocketAddr, request: &[u8], stop: &AtomicBool) -> Calls {
    let mut calls = Calls::default();
    while !stop.load(Ordering::Relaxed) {
        let started = Instant::now();
        let answer = http::once(service, POLITE, PATIENCE, request);
        calls.count(started, &answer);
        let wait = match answer {
            Ok(answer) => answer
                .retry_after
                .map_or(Duration::ZERO, Duration::from_secs),
            Err(_) => Duration::from_millis(200),
        };
        let until = Instant::now() + wait;
        while Instant::now() < until && !stop.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(20));
        }
    }
    calls
}

/// An operator who looks at health and metrics in turn.
fn probe(service: SocketAddr, stop: &AtomicBool) -> Calls {
    let mut calls = Calls::default();
    for path in ["/v2/health/live", "/metrics"].into_iter().cycle() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let started = Instant::now();
        let answer = http::once(service, OPERATOR, PROBE_PATIENCE, &http::get(path));
        calls.count(started, &answer);
        thread::sleep(PROBE_INTERVAL.saturating_sub(started.elapsed()));
    }
    calls
}
