//! A client that asks for one thing at a time and reads its answers.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::ensure;

use super::requests::{Requests, get};
use super::wire::Wire;

/// The client that asks for predictions, and the one that checks the service's health.
const CLIENT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const OPERATOR: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
/// How long an answer may take, and the pause between two looks.
const PATIENCE: Duration = Duration::from_secs(5);
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// What the polite client got.
#[derive(Clone, Copy, Default)]
pub(super) struct Got {
    predictions: u32,
    asked: u32,
    /// How long the predictions took in total.
    time: Duration,
    health: Looks,
    metrics: Looks,
    pub(super) is_alive: bool,
}

/// How often something was looked at, how often it was there, and how long that took at most.
#[derive(Clone, Copy, Default)]
struct Looks {
    looked: u32,
    seen: u32,
    slowest: Duration,
}

impl Looks {
    fn look(&mut self, address: SocketAddr, path: &str) {
        let start = Instant::now();
        self.looked += 1;
        if asked(OPERATOR, address, &get(path)) == Some(200) {
            self.seen += 1;
        }
        self.slowest = self.slowest.max(start.elapsed());
    }

    fn add(&mut self, other: Self) {
        self.looked += other.looked;
        self.seen += other.seen;
        self.slowest = self.slowest.max(other.slowest);
    }
}

impl Got {
    /// Predictions per second.
    pub(super) fn rate(&self) -> f64 {
        f64::from(self.predictions) / self.time.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// Which part of the looks at health and metrics found them.
    pub(super) fn seen(&self) -> f64 {
        let looked = self.health.looked + self.metrics.looked;
        f64::from(self.health.seen + self.metrics.seen) / f64::from(looked.max(1))
    }

    pub(super) fn slowest(&self) -> Duration {
        self.health.slowest.max(self.metrics.slowest)
    }

    /// Which part of the requests for predictions was answered.
    pub(super) fn answered(&self) -> f64 {
        f64::from(self.predictions) / f64::from(self.asked.max(1))
    }

    pub(super) fn add(&mut self, other: Self) {
        self.predictions += other.predictions;
        self.asked += other.asked;
        self.time += other.time;
        self.health.add(other.health);
        self.metrics.add(other.metrics);
        self.is_alive &= other.is_alive;
    }
}

impl fmt::Display for Got {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.1} predictions/s ({} of {}), health {} of {}, metrics {} of {}, the slowest after {:.2} s",
            self.rate(),
            self.predictions,
            self.asked,
            self.health.seen,
            self.health.looked,
            self.metrics.seen,
            self.metrics.looked,
            self.slowest().as_secs_f64()
        )
    }
}

/// Makes the key known.
pub(super) fn warm_up(address: SocketAddr, requests: &Requests) -> anyhow::Result<()> {
    for request in [&requests.one, &requests.many] {
        let answer = asked(CLIENT, address, request);
        ensure!(
            answer == Some(200),
            "the service answers {answer:?} to a sound request"
        );
    }
    Ok(())
}

/// Asks for a time.
pub(super) fn ask(address: SocketAddr, requests: &Requests, time: Duration) -> Got {
    let start = Instant::now();
    std::thread::scope(|threads| {
        let looking = threads.spawn(|| {
            let (mut health, mut metrics) = (Looks::default(), Looks::default());
            while start.elapsed() < time {
                health.look(address, "/v2/health/ready");
                metrics.look(address, "/metrics");
                std::thread::sleep(BETWEEN_LOOKS);
            }
            (health, metrics)
        });
        let mut got = Got {
            is_alive: true,
            ..Got::default()
        };
        while start.elapsed() < time {
            got.asked += 1;
            match asked(CLIENT, address, &requests.one) {
                Some(200) => got.predictions += 1,
                // Polite as it is, it doesn't come back at once.
                _ => std::thread::sleep(BETWEEN_LOOKS),
            }
        }
        got.time = start.elapsed();
        if let Ok((health, metrics)) = looking.join() {
            got.health = health;
            got.metrics = metrics;
        }
        got
    })
}

/// The status of an answer over a new connection.
fn asked(from: Ipv4Addr, address: SocketAddr, request: &[u8]) -> Option<u16> {
    let mut wire = Wire::connect(from, address)?;
    wire.send(request, PATIENCE);
    wire.status(PATIENCE)
}
