//! What predictions cost, and how well a model does: figures for people, for programs, and as a page.
//!
//! | subject | start at |
//! |---|---|
//! | layouts and ways with their predicted times and bytes | [`Plan`] |
//! | the same for a table of any size, on many cores | [`ClusterPlan`] |
//! | a test set, and what a model predicts for it in the clear | [`TestSet`], [`Clear`] |
//! | how good predictions are | [`Evaluation`], [`Measured`] |
//! | the same on ciphertexts | [`Encrypted`] |
//! | an evaluation as a page | [`page`] |
//! | what was done to records' values, by column | [`Changes`] |
//! | numbers in words | [`counted`], [`significant`] |
//!
//! Reports show a model's weights, and are as private as they are. Nothing here does input or output.

#![forbid(unsafe_code)]

mod changes;
mod classes;
mod clear;
mod cluster;
mod encrypted;
mod error;
mod evaluation;
mod measured;
mod page;
mod plan;
mod quantities;
mod ways;
mod words;

pub use changes::Changes;
pub use clear::{Clear, TestSet, Truth};
pub use cluster::{Cluster, ClusterPlan};
pub use encrypted::Encrypted;
pub use error::ReportError;
pub use evaluation::Evaluation;
pub use measured::Measured;
pub use page::page;
pub use plan::Plan;
pub use words::{counted, described, error_figures, grouped, significant};
