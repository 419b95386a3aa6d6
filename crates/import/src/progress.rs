//! How far an import has come.

/// How far an import has come; given after each group of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Features that the network was run for.
    pub done: usize,
    /// Features in all.
    pub features: usize,
}
