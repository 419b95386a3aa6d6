//! How far an import has come.

/// How far an import has come; reported after each group of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Number of features that the network was run for.
    pub done: usize,
    /// Number of all features.
    pub features: usize,
}
