//! The optimisation itself, on the tensor library.

use candle_core::{Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, loss};
use rand::rngs::ChaCha20Rng;
use rand::seq::SliceRandom;

use crate::error::TrainError;
use crate::options::Options;
use crate::progress::Progress;

/// Records to train on.
pub(super) trait Examples {
    /// Number of records.
    fn len(&self) -> usize;
    /// Number of features of each.
    fn features(&self) -> usize;
    /// Appends the features of one record. Changes from pass to pass are drawn from `rng`.
    fn write(&self, index: usize, rng: &mut ChaCha20Rng, out: &mut Vec<f32>);
    /// What the network is to predict for some.
    fn targets(&self, indices: &[usize]) -> Targets;
}

/// What the network is to predict for some records, one each, which the loss depends on.
pub(super) enum Targets {
    /// Classes, by softmax and cross-entropy. A single output is the score of class 1 where that of
    /// class 0 is 0, so that softmax is its sigmoid.
    Classes(Vec<u32>),
    /// Numbers, by a single output and the mean squared error.
    Numbers(Vec<f32>),
}

/// A network in training.
pub(super) trait Trainable {
    /// All parameters that are trained.
    fn parameters(&self) -> Vec<Var>;
    /// The scores [records, outputs] of features [records, features].
    fn scores(&self, features: &Tensor) -> candle_core::Result<Tensor>;
}

/// Trains a network; returns its mean loss over the last pass.
pub(super) fn optimize(
    network: &dyn Trainable,
    data: &dyn Examples,
    options: &Options,
    rng: &mut ChaCha20Rng,
    progress: &mut dyn FnMut(Progress),
) -> Result<f64, TrainError> {
    let adam = ParamsAdamW {
        lr: options.learning_rate,
        weight_decay: options.decay,
        ..ParamsAdamW::default()
    };
    let mut optimizer = AdamW::new(network.parameters(), adam)?;

    let mut order: Vec<usize> = (0..data.len()).collect();
    let batches = data.len().div_ceil(options.batch_size);
    let steps = (batches * options.epochs) as f64;
    let mut step = 0_usize;
    let mut final_loss = 0.0;
    for epoch in 1..=options.epochs {
        order.shuffle(rng);
        let mut sum = 0.0;
        let mut seen = 0;
        for (batch, indices) in order.chunks(options.batch_size).enumerate() {
            optimizer.set_learning_rate(options.learning_rate * (1.0 - step as f64 / steps));
            let scores = network.scores(&gather(data, indices, rng)?)?;
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
    Ok(final_loss)
}

/// The features of one mini-batch.
fn gather(
    data: &dyn Examples,
    indices: &[usize],
    rng: &mut ChaCha20Rng,
) -> candle_core::Result<Tensor> {
    let mut features = Vec::with_capacity(indices.len() * data.features());
    for &index in indices {
        data.write(index, rng, &mut features);
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
