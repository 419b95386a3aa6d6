//! Affine networks: models before anything is encrypted.
//!
//! A model is one affine map y = A·x + b (any network of affine layers collapses to it), its
//! integer form, which the encrypted evaluation computes, and a public
//! [card](veilcast_card::Card), which tells a client how records become integers and how integer
//! scores become predictions. This crate knows nothing of cryptography or networking, and no file
//! formats but its own.
//!
//! | subject | start at |
//! |---|---|
//! | the affine map, in floats and in exact integers | [`FloatMap`], [`IntegerMap`] |
//! | the few additions that its weighted sums take | [`Program`] |
//! | the proof that no score overflows | [`BoundsCertificate`] |
//! | the quantisation that costs least | [`search`] |
//! | what the scheme that computes a model requires of it | [`Scheme`] |
//! | how good predictions are | [`quality`] |
//! | from a network of dense layers to one map | [`Network`] |
//! | from decision trees to a public structure and one map | [`trees`] |
//! | a model, its directory, building one | [`Model`], [`Blueprint`] |
#![forbid(unsafe_code)]

mod bounds;
mod float_map;
mod hidden;
mod integer_map;
mod model;
mod network;
pub mod program;
pub mod quality;
mod scheme;
pub mod search;
pub mod trees;

pub use bounds::{BoundsCertificate, BoundsError};
pub use float_map::{FloatMap, MAX_WEIGHT, QuantizeError};
pub use hidden::{FloatNetwork, IntegerNetwork, RingMap};
pub use integer_map::{IntegerMap, ShapeError};
pub use model::{
    Accuracy, Affine, Aucs, Blueprint, BuildError, CARD_FILE, HiddenActivation, ImportReport,
    Layered, Model, ModelError, PUBLIC_PART_FILE, PartReport, PathStep, PublicPartFile,
    QuantizationSearch, REPORT_FILE, Regression, Report, SEALED_FILE, StemReport, TrainingReport,
    TreesReport, WEIGHTS_FILE, check_destination, doubt_of,
};
pub use network::{DenseLayer, Network};
pub use program::Program;
pub use quality::RegressionErrors;
pub use scheme::{Candidate, Scheme};

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
