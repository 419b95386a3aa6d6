//! Affine networks: what a model is before anything is encrypted.
//!
//! A model is one affine map y = A·x + b (any network of affine layers collapses to it), its
//! integer form that the encrypted evaluation computes, and a public [`Card`] that tells a client
//! how records become integers and how integer scores become predictions. This crate knows no
//! cryptography and no network.
//!
//! | subject | start at |
//! |---|---|
//! | the public card: inputs, quantisation, outputs, limits | [`card`] |
//! | from raw records to integers | [`Encoder`] |
//! | the affine map, in floats and in exact integers | [`FloatMap`], [`IntegerMap`] |
//! | the few additions that its weighted sums take | [`Program`] |
//! | the proof that no score overflows | [`BoundsCertificate`] |
//! | the quantisation that costs least | [`search`] |
//! | how well scores tell two classes apart | [`auc`] |
//! | how far predicted quantities are from true ones | [`RegressionErrors`] |
//! | from a network of dense layers to one map | [`Network`] |
//! | a model, its directory, building one | [`Model`], [`Blueprint`] |
//! | labelled images in MNIST's format | [`idx`] |
//! | training (feature `train`) | `train` |
//! | importing networks from ONNX files (feature `onnx`) | `onnx` |
//! | reading records from files (feature `input`) | `input` |
#![forbid(unsafe_code)]

mod auc;
mod bounds;
pub mod card;
mod encoder;
mod float_map;
pub mod idx;
#[cfg(feature = "input")]
pub mod input;
mod integer_map;
mod model;
mod network;
#[cfg(feature = "onnx")]
pub mod onnx;
pub mod program;
mod regression;
pub mod search;
#[cfg(feature = "train")]
pub mod train;

pub use auc::auc;
pub use bounds::{BoundsCertificate, BoundsError};
pub use card::{Card, CardDigest};
pub use encoder::{EncodeError, Encoder, EncoderError};
pub use float_map::{FloatMap, MAX_WEIGHT, QuantizeError};
pub use integer_map::{IntegerMap, ShapeError};
pub use model::{
    Accuracy, Aucs, Blueprint, BuildError, CARD_FILE, ImportReport, Model, ModelError,
    PUBLIC_PART_FILE, PublicPartFile, REPORT_FILE, Regression, Report, StemReport, TrainingReport,
    WEIGHTS_FILE, check_destination,
};
pub use network::{DenseLayer, Network};
pub use program::Program;
pub use regression::RegressionErrors;
