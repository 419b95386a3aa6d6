//! Where there are no unix sockets, there is no supervisor to be told anything.

use std::time::Duration;

pub(crate) fn ready(_: &str) {}

pub(crate) fn reloading() {}

pub(crate) fn stopping() {}

pub(crate) fn watches() -> Option<Duration> {
    None
}

pub(crate) fn alive() {}
