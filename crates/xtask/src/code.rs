//! Checks of the code as it is written, before anything is run: its layers, and its dependencies.

pub(crate) mod deny;
pub(crate) mod layers;
pub(crate) mod unused;
