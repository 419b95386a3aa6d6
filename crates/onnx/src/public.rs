//! The public part of a hybrid model, as the client runs it.

use super::network::Network;
use super::{OnnxError, limits};
use crate::card::{MAX_PUBLIC_PART_BYTES, PublicPart, RecordError};
use crate::encoder::EncodeError;

/// A public part that has been tried.
#[derive(Clone, Debug)]
pub(crate) struct PublicNetwork {
    network: Network,
    features: usize,
}

impl PublicNetwork {
    /// Reads a file from a stranger, and runs it once, on zeros.
    ///
    /// It takes a record at a time, so that what comes out of one never depends on others beside it.
    pub(crate) fn parse(onnx: &[u8], part: &PublicPart) -> Result<Self, OnnxError> {
        let model = limits::parse(onnx, MAX_PUBLIC_PART_BYTES)?;
        let mut shape = vec![1];
        shape.extend(&part.shape);
        let network = Network::compile(&model, &shape)?;
        let values = part.shape.iter().product();
        let found = network.run(&vec![0.0; values])?;
        if found.numbers.len() != part.features {
            return Err(OnnxError::Output {
                problem: format!(
                    "for one record it is {:?}, but the card says {} features",
                    found.shape, part.features
                ),
            });
        }
        Ok(Self {
            network,
            features: part.features,
        })
    }

    /// The features of a record's preprocessed values.
    pub(crate) fn run(&self, values: &[f64]) -> Result<Vec<f64>, EncodeError> {
        let ran = self.network.run(values);
        let ran = ran.map_err(|error| EncodeError::PublicPart {
            problem: error.to_string(),
        })?;
        let features = ran.numbers;
        debug_assert_eq!(features.len(), self.features, "shapes are fixed");
        if let Some(index) = features.iter().position(|value| !value.is_finite()) {
            return Err(RecordError::NotFinite {
                index,
                name: format!("public feature {index}"),
                value: features[index],
            }
            .into());
        }
        Ok(features)
    }
}
