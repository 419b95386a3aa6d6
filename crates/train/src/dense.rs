//! Dense layers in training.

use candle_core::{DType, Device, Tensor, Var};
use rand::RngExt;
use rand::rngs::ChaCha20Rng;

use crate::error::TrainError;
use crate::optimize::Trainable;
use crate::options::Options;
use crate::trained::Layers;
use veilcast_model::{DenseLayer, HiddenActivation};

/// Dense layers one after another, with nothing but identity between them, or with squares.
pub(super) struct DenseLayers {
    layers: Vec<Linear>,
    activation: HiddenActivation,
}

impl DenseLayers {
    /// Layers from `inputs` values through the hidden ones to `outputs` scores.
    pub(super) fn new(
        inputs: usize,
        options: &Options,
        outputs: usize,
        rng: &mut ChaCha20Rng,
    ) -> candle_core::Result<Self> {
        let widths: Vec<usize> = [inputs]
            .iter()
            .chain(&options.hidden)
            .chain(&[outputs])
            .copied()
            .collect();
        let layers = widths
            .windows(2)
            .map(|pair| Linear::new(pair[0], pair[1], 0.0, rng));
        Ok(Self {
            layers: layers.collect::<Result<_, _>>()?,
            activation: options.activation,
        })
    }

    pub(super) fn to_layers(&self) -> Result<Layers, TrainError> {
        let layers = self.layers.iter().map(Linear::to_dense);
        let layers = layers.collect::<Result<_, _>>()?;
        Ok(Layers::new(layers, self.activation)?)
    }
}

impl Trainable for DenseLayers {
    fn parameters(&self) -> Vec<Var> {
        self.layers.iter().flat_map(Linear::parameters).collect()
    }

    fn scores(&self, features: &Tensor) -> candle_core::Result<Tensor> {
        let (first, rest) = self.layers.split_first().expect("there is a last layer");
        rest.iter().try_fold(first.forward(features)?, |x, layer| {
            layer.forward(&match self.activation {
                HiddenActivation::Identity => x,
                HiddenActivation::Square => x.sqr()?,
            })
        })
    }
}

/// A product with weights [inputs, outputs], and biases [outputs].
pub(super) struct Linear {
    weights: Var,
    biases: Var,
}

impl Linear {
    /// Weights uniform within ±√(6/(inputs + outputs)) (Glorot and Bengio 2010), equal biases.
    pub(super) fn new(
        inputs: usize,
        outputs: usize,
        bias: f32,
        rng: &mut ChaCha20Rng,
    ) -> candle_core::Result<Self> {
        let limit = (6.0 / (inputs + outputs) as f32).sqrt();
        let weights: Vec<f32> = (0..inputs * outputs)
            .map(|_| rng.random_range(-limit..limit))
            .collect();
        let weights = Tensor::from_vec(weights, (inputs, outputs), &Device::Cpu)?;
        Ok(Self {
            weights: Var::from_tensor(&weights)?,
            biases: Var::from_vec(vec![bias; outputs], outputs, &Device::Cpu)?,
        })
    }

    pub(super) fn parameters(&self) -> [Var; 2] {
        [self.weights.clone(), self.biases.clone()]
    }

    /// [inputs, outputs]
    pub(super) fn weights(&self) -> &Tensor {
        &self.weights
    }

    /// [outputs]
    pub(super) fn biases(&self) -> &Tensor {
        &self.biases
    }

    /// Rows [records, inputs] become rows [records, outputs].
    pub(super) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        x.matmul(&self.weights)?.broadcast_add(&self.biases)
    }

    fn to_dense(&self) -> Result<DenseLayer, TrainError> {
        let (inputs, outputs) = self.weights.dims2()?;
        let values = |tensor: &Tensor| tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1();
        let weights = values(&self.weights.t()?)?;
        let biases = values(&self.biases)?;
        Ok(DenseLayer::new(inputs, outputs, weights, biases)?)
    }
}
