//! Checks of the code as it is written, before anything is run: its layers, and what it takes from others.

pub(crate) mod deny;
pub(crate) mod layers;
pub(crate) mod unused;
