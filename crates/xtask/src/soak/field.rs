//! What an attack is made with: the service's address, requests, and when it is over.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::requests::Requests;
use super::wire::Wire;

/// Where an attack happens.
pub(super) struct Field<'a> {
    pub(super) address: SocketAddr,
    pub(super) requests: &'a Requests,
    is_over: Mutex<bool>,
    over: Condvar,
}

impl<'a> Field<'a> {
    pub(super) fn new(address: SocketAddr, requests: &'a Requests) -> Self {
        Self {
            address,
            requests,
            is_over: Mutex::default(),
            over: Condvar::new(),
        }
    }

    /// A connection from one of the attacker's addresses, unless the service doesn't take it.
    pub(super) fn connect(&self, attacker: u8) -> Option<Wire> {
        Wire::connect(Ipv4Addr::new(127, 0, 1, attacker), self.address)
    }

    /// Waits for some time, or until the attack is over; returns whether it continues.
    pub(super) fn sleep(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        let mut is_over = self.is_over.lock().unwrap_or_else(PoisonError::into_inner);
        while !*is_over {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            let waited = self.over.wait_timeout(is_over, left);
            is_over = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }

    /// Whether the attack continues.
    pub(super) fn goes_on(&self) -> bool {
        self.sleep(Duration::ZERO)
    }

    pub(super) fn end(&self) {
        *self.is_over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.over.notify_all();
    }
}
