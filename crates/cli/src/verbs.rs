//! The verbs: each has its arguments as typed, and what it does.

pub(crate) mod bench;
pub(crate) mod compute;
pub(crate) mod decrypt;
pub(crate) mod demo;
pub(crate) mod encrypt;
pub(crate) mod evaluate;
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod keygen;
pub(crate) mod pool;
pub(crate) mod predict;
pub(crate) mod pubkey;
pub(crate) mod serve;
pub(crate) mod train;
