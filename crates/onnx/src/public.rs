//! The public part of a hybrid model, as the client runs it.

use std::sync::Arc;

use veilcast_card::{
    Card, Encoder, EncoderError, MAX_PUBLIC_PART_BYTES, PublicNetwork, PublicPart, chain,
};

use crate::interpreter::{InterpretError, Interpreter, Values};
use crate::pb::ModelProto;
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
/// It takes one record at a time, so that the features of a record never depend on other records.
/// The [`Interpreter`] runs it, with the same results in every build and on every machine; only
/// what the interpreter lacks is left to `tract`, if the build has it.
///
/// # Errors
/// [`OnnxError`] if it isn't a network of the card's shapes that can be run.
pub fn public_network(onnx: &[u8], part: &PublicPart) -> Result<Arc<dyn PublicNetwork>, OnnxError> {
    let model = limits::parse(onnx, MAX_PUBLIC_PART_BYTES)?;
    let mut shape = vec![1];
    shape.extend(&part.shape);
    let network = match Interpreter::compile(&model, &shape) {
        Ok(network) => Ready::new(move |values| Ok(network.run(values)?)),
        Err(error) if error.is_unsupported() => any_network(&model, &shape, error)?,
        Err(error) => return Err(error.into()),
    };
    let values = part.shape.iter().product();
    let found = (network.0)(&vec![0.0; values])?;
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

#[cfg(feature = "tract")]
fn any_network(model: &ModelProto, shape: &[usize], _: InterpretError) -> Result<Ready, OnnxError> {
    let network = crate::Network::compile(model, shape)?;
    Ok(Ready::new(move |values| network.run(values)))
}

#[cfg(not(feature = "tract"))]
fn any_network(_: &ModelProto, _: &[usize], error: InterpretError) -> Result<Ready, OnnxError> {
    Err(OnnxError::NoRuntime(error))
}

type Run = dyn Fn(&[f64]) -> Result<Values, OnnxError> + Send + Sync;

/// A network that is ready to run.
struct Ready(Box<Run>);

impl Ready {
    fn new(run: impl Fn(&[f64]) -> Result<Values, OnnxError> + Send + Sync + 'static) -> Self {
        Self(Box::new(run))
    }
}

impl std::fmt::Debug for Ready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ready")
    }
}

impl PublicNetwork for Ready {
    fn run(&self, values: &[f64]) -> Result<Vec<f64>, String> {
        let ran = (self.0)(values).map_err(|error| chain(&error))?;
        Ok(ran.numbers)
    }
}
