//! The throughput when more clients ask than can be answered.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::requests::Requests;
use super::wire::Wire;

/// How many ask at a time.
const CLIENTS: [u16; 3] = [1, 32, 256];
/// How long an impatient client waits before it hangs up. After that, or if it is refused, it asks
/// again at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// Predictions per second that numbers of impatient clients got together.
pub(super) struct Goodput(Vec<(u16, f64)>);

/// Lets impatient clients ask for this long, each from its own address.
pub(super) fn measure(service: SocketAddr, requests: &Requests, time: Duration) -> Goodput {
    let measured = CLIENTS.map(|clients| (clients, per_second(service, requests, clients, time)));
    Goodput(measured.into())
}

fn per_second(service: SocketAddr, requests: &Requests, clients: u16, time: Duration) -> f64 {
    let (answered, started) = (AtomicU32::new(0), Instant::now());
    thread::scope(|threads| {
        for client in 1..=clients {
            let [high, low] = client.to_be_bytes();
            let from = Ipv4Addr::new(127, 1, high, low);
            let answered = &answered;
            threads.spawn(move || {
                while started.elapsed() < time {
                    let answer = Wire::connect(from, service).and_then(|mut wire| {
                        let sent = wire.send(&requests.one, PATIENCE);
                        sent.then(|| wire.status(PATIENCE))?
                    });
                    if answer == Some(200) && started.elapsed() < time {
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    f64::from(answered.into_inner()) / time.as_secs_f64()
}

impl fmt::Display for Goodput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("impatient clients, predictions per second, and of what one gets:")?;
        let one = self.0.first().map_or(f64::NAN, |&(_, one)| one);
        for (clients, per_second) in &self.0 {
            write!(f, "  {clients}: {per_second:.1}, {:.2};", per_second / one)?;
        }
        Ok(())
    }
}
