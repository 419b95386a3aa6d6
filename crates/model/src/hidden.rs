//! Networks with hidden layers that square their numbers, in floats and in integers.
//!
//! > y = W_L·(⋯(W₁·(W₀·x + b₀)∘² + b₁)∘²⋯) + b_L
//!
//! Any polynomial activation of degree two, α·h² + β·h + γ with α ≠ 0, is such a square: α·(h + β/2α)² and a constant, which the
//! affine parts before and after it absorb.
//!
//! | subject | file |
//! |---|---|
//! | the network in floats, and its rounding | `floats` |
//! | the network in integers, evaluated exactly | `integers` |
//! | the proof of how wide its results may be | `bounds` |
//! | the search for the narrowest rounding that keeps the accuracy | `narrowest` |

mod bounds;
mod floats;
mod integers;
mod narrowest;

pub use self::floats::FloatNetwork;
pub(crate) use self::integers::is_sparse;
pub use self::integers::{IntegerNetwork, RingMap};
pub(crate) use self::narrowest::narrowest;
