//! What is left of the throughput when too many ask.

use std::fmt;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::http;
use super::material::Material;
use super::service::Service;

/// How long an impatient client waits, before it hangs up and asks again at once.
const PATIENCE: Duration = Duration::from_secs(2);

/// Predictions per second that some clients got together.
pub(super) struct Goodput {
    clients: u16,
    per_second: f64,
    of_one: f64,
}

impl fmt::Display for Goodput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            clients,
            per_second,
            of_one,
        } = self;
        write!(
            f,
            "{clients:>3} impatient clients: {per_second:.1} predictions per second, {:.2} of what one gets",
            per_second / of_one
        )
    }
}

pub(super) fn measure(service: &Service, material: &Material, is_short: bool) -> Vec<Goodput> {
    let time = Duration::from_secs(if is_short { 3 } else { 20 });
    let mut of_one = None;
    [1, 32, 256]
        .into_iter()
        .map(|clients| {
            let per_second = per_second(service, material, clients, time);
            Goodput {
                clients,
                per_second,
                of_one: *of_one.get_or_insert(per_second),
            }
        })
        .collect()
}

/// Each client has an address of its own.
fn per_second(service: &Service, material: &Material, clients: u16, time: Duration) -> f64 {
    let (answered, started) = (AtomicU32::new(0), Instant::now());
    let (address, request) = (service.address, &material.cheap);
    thread::scope(|scope| {
        for client in 0..clients {
            let [high, low] = client.to_be_bytes();
            let from = Ipv4Addr::new(127, 1, high, low.max(1));
            let answered = &answered;
            scope.spawn(move || {
                while started.elapsed() < time {
                    let answer = http::once(address, from, PATIENCE, request);
                    if answer.is_ok_and(|answer| answer.status == 200) && started.elapsed() < time {
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    f64::from(answered.into_inner()) / time.as_secs_f64()
}
