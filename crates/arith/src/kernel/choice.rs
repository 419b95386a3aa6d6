//! Which kernels the environment allows.

use std::sync::OnceLock;

/// This environment variable selects slower kernels: `portable` the portable ones, `adx`
/// those that multiply limb by limb, `avx2` these and those with four numbers at once.
const CHOICE: &str = "VEILCAST_KERNEL";

/// The fastest kernels that are allowed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Limit {
    Portable,
    Adx,
    Avx2,
    None,
}

/// The limit that the environment sets, which is read once.
pub(super) fn limit() -> Limit {
    static LIMIT: OnceLock<Limit> = OnceLock::new();
    *LIMIT.get_or_init(|| match std::env::var(CHOICE).as_deref() {
        Ok("portable") => Limit::Portable,
        Ok("adx") => Limit::Adx,
        Ok("avx2") => Limit::Avx2,
        _ => Limit::None,
    })
}
