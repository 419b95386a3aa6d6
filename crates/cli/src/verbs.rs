//! The verbs: each has its arguments as typed, and what it does.

pub(crate) mod bench;
pub(crate) mod compute;
pub(crate) mod decrypt;
pub(crate) mod demo;
pub(crate) mod encrypt;
pub(crate) mod evaluate;
#[cfg(feature = "import")]
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod keygen;
#[cfg(not(all(feature = "import", feature = "train")))]
pub(crate) mod left_out;
pub(crate) mod pool;
pub(crate) mod predict;
pub(crate) mod pubkey;
pub(crate) mod serve;
#[cfg(feature = "train")]
pub(crate) mod train;
