//! What operators see of connections: counters, and a warning when places run out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use super::connection::End;
use super::places::{NoPlace, Places};
use crate::metrics::{Metrics, gauge};

/// The shortest time between two warnings.
const QUIET: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// What happened to connections of one side.
#[derive(Default)]
pub(super) struct Counts {
    refused: Family<Reason, Counter>,
    ended: Family<Reason, Counter>,
    /// When the last warning was, and how many were refused since.
    warned: Mutex<(Option<Instant>, u64)>,
}

impl Counts {
    /// Adds the counters, and the gauges of the places, to those that operators see.
    pub(super) fn register(&self, metrics: &Metrics, places: &Arc<Places>) {
        metrics.register(|registry| {
            registry.register(
                "connections_refused",
                "Connections refused because there was no place",
                self.refused.clone(),
            );
            registry.register(
                "connections_ended",
                "Connections that the service ended early",
                self.ended.clone(),
            );
            let (active, idle, limit) = (
                Arc::clone(places),
                Arc::clone(places),
                places.limit() as u64,
            );
            gauge(
                registry,
                "connections_active",
                "Connections with a request under way",
                None,
                move || active.in_use().active as u64,
            );
            gauge(
                registry,
                "connections_idle",
                "Connections without a request",
                None,
                move || idle.in_use().idle as u64,
            );
            gauge(
                registry,
                "connections_limit",
                "Connections that may be open at a time",
                None,
                move || limit,
            );
        });
    }

    /// Counts a connection for which there was no place, and warns from time to time.
    pub(super) fn refused(&self, reason: NoPlace, limit: usize) {
        let label = match reason {
            NoPlace::Full => "full",
            NoPlace::Share => "caller",
        };
        self.refused.get_or_create(&Reason { reason: label }).inc();
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, refused) = &mut *warned;
        *refused += 1;
        if last.is_none_or(|last| last.elapsed() >= QUIET) {
            tracing::warn!(
                refused = *refused,
                reason = label,
                limit,
                "connections are refused: there is no place for them"
            );
            *last = Some(Instant::now());
            *refused = 0;
        }
    }

    /// Counts a connection that was ended.
    pub(super) fn ended(&self, end: End) {
        let reason = match end {
            End::Done | End::Broken => return,
            End::MadeRoom => "room",
            End::Idle => "idle",
            End::Slow => "slow",
            End::Handshake => "handshake",
        };
        self.ended.get_or_create(&Reason { reason }).inc();
    }
}
