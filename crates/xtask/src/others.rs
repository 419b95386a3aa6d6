//! Tests together with programs in other languages.

pub(crate) mod deploy;
pub(crate) mod examples;
pub(crate) mod interop;
pub(crate) mod package;
pub(crate) mod web;
