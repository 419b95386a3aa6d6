//! How good predictions are: of classes, of probabilities, of quantities, and after rounding.

mod auc;
mod calibration;
mod classes;
mod regression;
mod rounding;

pub use auc::auc;
pub use calibration::{BINS, Bin, Calibration, Predicted};
pub use classes::ClassQuality;
pub use regression::RegressionErrors;
pub use rounding::QuantizationError;
