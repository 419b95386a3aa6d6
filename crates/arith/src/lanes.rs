//! Several numbers at once: [`pow_many`], [`pow_each_vartime`], and the lanes for fixed-base tables, registers and
//! Horner's rule.
//!
//! On processors with AVX-512 IFMA eight independent products take about as long as four single ones,
//! and on others with AVX2 four as long as two and a half. Elsewhere the same functions compute one
//! number after another.

mod groups;
mod horner;
mod powers;
mod public_powers;
mod ring;
mod rows;
mod shared;

pub use groups::at_once;
pub(crate) use horner::horner_group;
pub use powers::{Power, pow_many};
pub use public_powers::pow_each_vartime;
pub(crate) use ring::widest;
pub(crate) use rows::{RowRing, Rows};
pub(crate) use shared::SharedLanes;
