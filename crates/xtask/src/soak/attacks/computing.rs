//! Attacks by requests that are valid.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::soak::field::Field;
use crate::soak::wire::Wire;

/// How long an attacker waits for an answer before it asks again.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks again and again from one address, over this many connections at a time, whatever comes back.
fn insist(field: &Field<'_>, connections: usize, request: &[u8]) {
    std::thread::scope(|threads| {
        for _ in 0..connections {
            threads.spawn(|| {
                while field.goes_on() {
                    let wire = Wire::connect(Ipv4Addr::new(127, 0, 1, 1), field.address);
                    if let Some(mut wire) = wire
                        && wire.send(request, PATIENCE)
                    {
                        wire.status(PATIENCE);
                    }
                }
            });
        }
    });
}

pub(super) fn costly(field: &Field<'_>) {
    insist(field, 4, &field.requests.costly);
}

pub(super) fn greedy(field: &Field<'_>) {
    insist(field, 32, &field.requests.one);
}
