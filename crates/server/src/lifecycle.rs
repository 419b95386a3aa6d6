//! From the first model to the last answer: what the service is doing, and whether it takes requests.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use tokio::sync::watch;

/// What the service is doing, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Its models are being loaded for the first time.
    Loading,
    Serving,
    /// It is about to end, and says so, but still takes requests.
    Draining,
    /// It finishes what is under way and takes nothing more.
    Ending,
}

/// The service's phase, and what else keeps it from taking requests.
pub(crate) struct Lifecycle {
    phase: watch::Sender<Phase>,
    /// For each part of the service, such as the ledger.
    away: RwLock<BTreeMap<&'static str, String>>,
}

impl Lifecycle {
    pub(crate) fn new() -> Self {
        Self {
            phase: watch::Sender::new(Phase::Loading),
            away: RwLock::default(),
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Moves to a later phase, never back.
    pub(crate) fn enter(&self, next: Phase) {
        self.phase.send_if_modified(|phase| {
            let is_later = next > *phase;
            *phase = next.max(*phase);
            is_later
        });
    }

    /// Notes that a part of the service, such as the ledger, is away, with the reason; or that it is back.
    pub(crate) fn set_away(&self, part: &'static str, reason: Option<String>) {
        let mut away = self.away.write().unwrap_or_else(PoisonError::into_inner);
        match reason {
            Some(reason) => away.insert(part, reason),
            None => away.remove(part),
        };
    }

    /// Whether the service takes requests.
    ///
    /// # Errors
    /// Why it doesn't, in words for operators.
    pub(crate) fn ready(&self) -> Result<(), String> {
        match self.phase() {
            Phase::Loading => return Err("the models are being loaded".to_owned()),
            Phase::Serving => {}
            Phase::Draining | Phase::Ending => return Err("the service is ending".to_owned()),
        }
        let away = self.away.read().unwrap_or_else(PoisonError::into_inner);
        match away.iter().next() {
            Some((part, reason)) => Err(format!("{part}: {reason}")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_go_forward_and_parts_come_back() {
        let lifecycle = Lifecycle::new();
        assert!(lifecycle.ready().is_err());
        lifecycle.enter(Phase::Serving);
        assert_eq!(lifecycle.ready(), Ok(()));
        lifecycle.set_away("ledger", Some("no connection".to_owned()));
        assert_eq!(lifecycle.ready().unwrap_err(), "ledger: no connection");
        lifecycle.set_away("ledger", None);
        assert_eq!(lifecycle.ready(), Ok(()));
        lifecycle.enter(Phase::Ending);
        lifecycle.enter(Phase::Serving);
        assert_eq!(lifecycle.phase(), Phase::Ending);
    }
}
