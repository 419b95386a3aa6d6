//! Without unix sockets, there is no supervisor to notify.

use std::time::Duration;

pub(crate) fn ready(_: &str) {}

pub(crate) fn reloading() {}

pub(crate) fn stopping() {}

pub(crate) fn watches() -> Option<Duration> {
    None
}

pub(crate) fn alive() {}
