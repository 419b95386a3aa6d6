//! The library that results are compared with.

use prost::Message as _;
use tract_onnx::prelude::*;
use veilcast_onnx::pb::ModelProto;

/// A network as the library runs it.
pub(crate) struct Library(Arc<TypedRunnableModel>, Vec<usize>);

impl Library {
    pub(crate) fn compile(model: &ModelProto, shape: &[usize]) -> TractResult<Self> {
        let parser = tract_onnx::onnx().with_ignore_value_info(true);
        let bytes = model.encode_to_vec();
        let mut network = parser.model_for_read(&mut &*bytes)?;
        network.set_input_fact(0, InferenceFact::dt_shape(f32::datum_type(), shape))?;
        let plan = network.into_optimized()?.into_runnable()?;
        Ok(Self(plan, shape.to_vec()))
    }

    /// The shape and the numbers of the output.
    pub(crate) fn run(&self, values: &[f64]) -> TractResult<(Vec<usize>, Vec<f64>)> {
        let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
        let input = Tensor::from_shape(&self.1, &values)?;
        let output = self.0.run(tvec!(input.into()))?.swap_remove(0);
        let numbers = output.cast_to::<f64>()?;
        let numbers = numbers.to_plain_array_view::<f64>()?;
        let shape = output.shape().to_vec();
        Ok((shape, numbers.iter().copied().collect()))
    }
}
