//! How far training has come.

/// How far training has come; reported after each mini-batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The current pass, from 1.
    pub epoch: usize,
    /// Number of passes.
    pub epochs: usize,
    /// Mini-batches done in this pass.
    pub batch: usize,
    /// Mini-batches per pass.
    pub batches: usize,
    /// Mean loss in this pass so far.
    pub loss: f64,
}
