//! Training a hybrid model: a public stem with a private head.
//!
//! Stem and head are trained together, as one network. The stem ends in a few numbers, clipped to
//! 0 … 1: many end up at either end, and two or three bits of each are enough. The stem becomes an
//! ONNX file, and everything after that uses this file, as clients do: the search for the
//! quantisation and the accuracies.

mod export;
mod network;
mod options;

pub use self::options::StemOptions;

use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;

use self::network::{KERNEL, StemNetwork};
use crate::draft::drafted;
use crate::error::TrainError;
use crate::images::{Sets, check_data};
use crate::optimize::optimize;
use crate::progress::Progress;
use crate::shifted::Shifted;
use crate::trained::Trained;
use veilcast_files::idx::LabelledImages;
use veilcast_model::{Model, PublicPartFile, Scheme, StemReport};

/// Fewest rows and columns of which two convolutions and maxima leave something.
const LEAST: usize = 2 * (2 + KERNEL - 1) + KERNEL - 1;

/// Trains a hybrid model on images, and measures it on others; `progress` is called after each
/// mini-batch.
///
/// The stem is public: two convolutions of 5 × 5 pixels, each with the maximum of 2 × 2 places and
/// ReLU, and a dense layer whose values are clipped to 0 … 1. The head is private: dense layers with
/// identity activations, which collapse to one. The rest is as in [`train`](super::train).
///
/// # Errors
/// [`TrainError`] if options or data don't fit, or training fails.
pub fn train_stem(
    train: &LabelledImages,
    test: &LabelledImages,
    options: &StemOptions,
    scheme: &dyn Scheme,
    mut progress: impl FnMut(Progress),
) -> Result<Model, TrainError> {
    options.check()?;
    let training = &options.training;
    let last = train.labels().iter().copied().max().unwrap_or(0);
    check_data(train, test, last)?;
    let size = (train.images().rows(), train.images().columns());
    if size.0.min(size.1) < LEAST {
        let (rows, columns) = size;
        return Err(TrainError::StemSize { rows, columns });
    }
    let mut blueprint = training.blueprint(train, last);
    drafted(&blueprint, size.0 * size.1, blueprint.labels.len())?;
    let sets = Sets::of(train, test, training)?;

    let mut rng = ChaCha20Rng::seed_from_u64(training.seed);
    let network = StemNetwork::new(size, blueprint.labels.len(), options, &mut rng)?;
    let shifted = Shifted {
        images: &sets.train,
        by: options.shift,
    };
    let final_loss = optimize(&network, &shifted, training, &mut rng, &mut progress)?;
    let trained = Trained {
        network: network.head()?,
        final_loss,
    };
    blueprint.public_part = Some(PublicPartFile {
        onnx: network.to_onnx(size)?,
        shape: vec![1, size.0, size.1],
        description: options.what_is_public(),
    });
    let model = training.finish(&trained, blueprint, &sets, scheme)?;
    Ok(model.reporting(|report| {
        if let Some(training) = &mut report.training {
            training.stem = Some(StemReport {
                channels: options.channels,
                features: options.features,
                shift: options.shift,
            });
        }
    }))
}
