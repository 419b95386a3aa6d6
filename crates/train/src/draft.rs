//! A model's card as it will be, checked before training.

use veilcast_card::Encoder;
use veilcast_model::{Blueprint, FloatMap};

use crate::error::TrainError;

/// The encoder of a model with weights of 0: a name or size that no card may have is reported
/// before time is spent on training.
pub(crate) fn drafted(
    blueprint: &Blueprint,
    features: usize,
    outputs: usize,
) -> Result<Encoder, TrainError> {
    let weights = vec![0.0; features * outputs];
    let blank = FloatMap::new(features, outputs, weights, vec![0.0; outputs])?;
    let model = blueprint.clone().build(blank)?;
    Ok(veilcast_onnx::encoder(
        model.card().clone(),
        model.public_part(),
    )?)
}
