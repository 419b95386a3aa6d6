//! The public part of a hybrid model, as the client runs it.

use std::sync::Arc;

use veilcast_card::{
    Card, Encoder, EncoderError, MAX_PUBLIC_PART_BYTES, PublicNetwork, PublicPart,
};

use crate::network::Network;
use crate::{OnnxError, limits};

/// An encoder for a model, with its public part if it is a hybrid.
///
/// # Errors
/// [`EncoderError`] if the card names a public part and none is given, or the other way round, or the
/// file isn't the one named, or isn't a network of the card's shapes that can be run.
pub fn encoder(card: Card, public_part: Option<&[u8]>) -> Result<Encoder, EncoderError> {
    match public_part {
        None => Encoder::new(card),
        Some(onnx) => Encoder::with_public_part(card, onnx, public_network),
    }
}

/// Reads a public part, which may come from a stranger, and runs it once, on zeros.
///
/// It takes a record at a time, so that what comes out of one never depends on others beside it.
///
/// # Errors
/// [`OnnxError`] if it isn't a network of the card's shapes that can be run.
pub fn public_network(onnx: &[u8], part: &PublicPart) -> Result<Arc<dyn PublicNetwork>, OnnxError> {
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
    Ok(Arc::new(network))
}

impl PublicNetwork for Network {
    fn run(&self, values: &[f64]) -> Result<Vec<f64>, String> {
        let ran = Network::run(self, values).map_err(|error| error.to_string())?;
        Ok(ran.numbers)
    }
}
