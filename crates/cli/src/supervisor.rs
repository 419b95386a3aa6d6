//! Notifications to systemd, or another supervisor with its protocol, on the socket that
//! `NOTIFY_SOCKET` names, if there is one.

use std::io;
use std::time::Duration;

use sd_notify::NotifyState;

/// The service takes requests.
pub(crate) fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The service reads its configuration again; [`ready`] follows.
pub(crate) fn reloading() {
    let now = NotifyState::monotonic_usec_now();
    match now {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => complain(&error),
    }
}

/// The service is going to end.
pub(crate) fn stopping() {
    tell(&[
        NotifyState::Stopping,
        NotifyState::Status("finishing what is under way"),
    ]);
}

/// How often the supervisor expects to hear that the service is alive, if it watches.
pub(crate) fn watches() -> Option<Duration> {
    // Twice as often as needed, as systemd advises.
    sd_notify::watchdog_enabled()
        .map(|time| time / 2)
        .filter(|time| !time.is_zero())
}

/// The service is alive.
pub(crate) fn alive() {
    tell(&[NotifyState::Watchdog]);
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        complain(&error);
    }
}

fn complain(error: &io::Error) {
    tracing::warn!(%error, "can't tell the supervisor");
}
