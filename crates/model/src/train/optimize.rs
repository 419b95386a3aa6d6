//! The optimisation itself, on the tensor library.

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, loss};
use rand::rngs::ChaCha20Rng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use super::{Options, Progress, TrainError};
use crate::{DenseLayer, Network};

/// A trained network, and its mean loss over the last pass.
pub(super) struct Trained {
    pub(super) network: Network,
    pub(super) final_loss: f64,
}

/// Records to train on.
pub(super) trait Examples {
    /// Number of records.
    fn len(&self) -> usize;
    /// Number of features of each.
    fn features(&self) -> usize;
    /// Appends the features of one.
    fn write(&self, index: usize, out: &mut Vec<f32>);
    /// What the network shall predict of some.
    fn targets(&self, indices: &[usize]) -> Targets;
}

/// What the network shall predict of some records, one each, which the loss hangs on.
pub(super) enum Targets {
    /// Classes, by softmax and cross-entropy. A single output is the score of class 1 where that of
    /// class 0 is 0, so that softmax is its sigmoid.
    Classes(Vec<u32>),
    /// Numbers, by a single output and the mean squared error.
    Numbers(Vec<f32>),
}

/// Trains dense layers.
pub(super) fn optimize(
    data: &dyn Examples,
    outputs: usize,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Trained, TrainError> {
    let mut rng = ChaCha20Rng::seed_from_u64(options.seed);
    let widths: Vec<usize> = [data.features()]
        .iter()
        .chain(&options.hidden)
        .chain(&[outputs])
        .copied()
        .collect();
    let layers = widths
        .windows(2)
        .map(|pair| Layer::new(pair[0], pair[1], &mut rng))
        .collect::<Result<Vec<_>, _>>()?;
    let parameters = layers
        .iter()
        .flat_map(|layer| [layer.weights.clone(), layer.biases.clone()]);
    let adam = ParamsAdamW {
        lr: options.learning_rate,
        weight_decay: 0.0,
        ..ParamsAdamW::default()
    };
    let mut optimizer = AdamW::new(parameters.collect(), adam)?;

    let mut order: Vec<usize> = (0..data.len()).collect();
    let batches = data.len().div_ceil(options.batch_size);
    let steps = (batches * options.epochs) as f64;
    let mut step = 0_usize;
    let mut final_loss = 0.0;
    for epoch in 1..=options.epochs {
        order.shuffle(&mut rng);
        let mut sum = 0.0;
        let mut seen = 0;
        for (batch, indices) in order.chunks(options.batch_size).enumerate() {
            optimizer.set_learning_rate(options.learning_rate * (1.0 - step as f64 / steps));
            let features = gather(data, indices)?;
            let scores = layers
                .iter()
                .try_fold(features, |x, layer| layer.forward(&x))?;
            let loss = data.targets(indices).loss(scores)?;
            optimizer.backward_step(&loss)?;
            step += 1;
            sum += f64::from(loss.to_scalar::<f32>()?) * indices.len() as f64;
            seen += indices.len();
            if !sum.is_finite() {
                return Err(TrainError::Diverged { epoch });
            }
            final_loss = sum / seen as f64;
            progress(Progress {
                epoch,
                epochs: options.epochs,
                batch: batch + 1,
                batches,
                loss: final_loss,
            });
        }
    }
    let layers = layers
        .iter()
        .map(Layer::to_dense)
        .collect::<Result<_, _>>()?;
    Ok(Trained {
        network: Network::new(layers)?,
        final_loss,
    })
}

/// The features of one mini-batch.
fn gather(data: &dyn Examples, indices: &[usize]) -> candle_core::Result<Tensor> {
    let mut features = Vec::with_capacity(indices.len() * data.features());
    for &index in indices {
        data.write(index, &mut features);
    }
    let shape = (indices.len(), data.features());
    Tensor::from_vec(features, shape, &Device::Cpu)
}

impl Targets {
    /// The mean loss of one mini-batch's scores.
    fn loss(self, mut scores: Tensor) -> candle_core::Result<Tensor> {
        match self {
            Self::Classes(classes) => {
                if scores.dim(1)? == 1 {
                    scores = Tensor::cat(&[&scores.zeros_like()?, &scores], 1)?;
                }
                let records = classes.len();
                let classes = Tensor::from_vec(classes, records, &Device::Cpu)?;
                loss::cross_entropy(&scores, &classes)
            }
            Self::Numbers(numbers) => {
                let shape = (numbers.len(), 1);
                let numbers = Tensor::from_vec(numbers, shape, &Device::Cpu)?;
                loss::mse(&scores, &numbers)
            }
        }
    }
}

/// A dense layer in training: weights of shape [inputs, outputs], biases of shape [outputs].
struct Layer {
    weights: Var,
    biases: Var,
}

impl Layer {
    /// Weights uniform within ±√(6/(inputs + outputs)) (Glorot and Bengio 2010), biases 0.
    fn new(inputs: usize, outputs: usize, rng: &mut ChaCha20Rng) -> candle_core::Result<Self> {
        let limit = (6.0 / (inputs + outputs) as f32).sqrt();
        let weights: Vec<f32> = (0..inputs * outputs)
            .map(|_| rng.random_range(-limit..limit))
            .collect();
        let weights = Tensor::from_vec(weights, (inputs, outputs), &Device::Cpu)?;
        Ok(Self {
            weights: Var::from_tensor(&weights)?,
            biases: Var::zeros(outputs, DType::F32, &Device::Cpu)?,
        })
    }

    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
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
