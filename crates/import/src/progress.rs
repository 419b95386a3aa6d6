//! How far an import has come.

/// How far an import has come; reported after each group of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Number of features for which the network has been run.
    pub done: usize,
    /// Number of all features.
    pub features: usize,
}
