//! How records become plaintexts.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// How the numbers of a record are laid out in ciphertexts; named in each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Layout {
    /// One feature a ciphertext, one score a ciphertext: the textbook protocol.
    Scalar,
}

impl Layout {
    /// Every layout, in the order in which documents list them.
    pub const ALL: &'static [Self] = &[Self::Scalar];

    /// The layout's name in messages and cards.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Layout {
    type Err = UnknownLayout;

    fn from_str(name: &str) -> Result<Self, UnknownLayout> {
        Self::ALL
            .iter()
            .copied()
            .find(|layout| layout.name() == name)
            .ok_or(UnknownLayout)
    }
}

/// A layout's name that this version does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("unknown layout: this version knows only `scalar`")]
pub struct UnknownLayout;
