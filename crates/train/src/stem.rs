//! Training a hybrid model: a public stem with a private head.
//!
//! Stem and head are trained together, as one network. The stem ends in a few numbers, clipped to
//! 0 … 1: many end up at the ends, and two or three bits of each are enough. The stem becomes an
//! ONNX file, and everything after that goes through this file, as it does at the client: the search
//! for the quantisation and the accuracies.

mod export;
mod network;
mod shifted;

use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;

use self::network::StemNetwork;
use self::shifted::Shifted;
use super::images::{Sets, check_data};
use super::optimize::optimize;
use super::{Options, Progress, TrainError, Trained, drafted, wrong};
use veilcast_files::idx::LabelledImages;
use veilcast_model::{Model, PublicPartFile, Scheme, StemReport};

/// Rows and columns of a convolution's window.
const KERNEL: usize = 5;
/// Fewest rows and columns of which two convolutions and maxima leave something.
const LEAST: usize = 2 * (2 + KERNEL - 1) + KERNEL - 1;

/// What to train and how; [`Default`] gives the built-in hybrid model.
#[derive(Clone, Debug, PartialEq)]
pub struct StemOptions {
    /// What any training needs; its hidden layers are the head's.
    pub training: Options,
    /// Channels of the first and of the second convolution, 1 to 256 each.
    pub channels: [usize; 2],
    /// How many features the stem returns, 1 to 4096.
    pub features: usize,
    /// In each pass an image is moved by up to this many pixels in each direction, drawn anew; at
    /// most 255.
    pub shift: usize,
}

impl Default for StemOptions {
    fn default() -> Self {
        Self {
            training: Options {
                name: "digits-hybrid".to_owned(),
                hidden: Vec::new(),
                learning_rate: 2e-3,
                tolerance: 2e-4,
                ..Options::default()
            },
            channels: [16, 32],
            features: 64,
            shift: 2,
        }
    }
}

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

impl StemOptions {
    fn check(&self) -> Result<(), TrainError> {
        self.training.check()?;
        for channels in self.channels {
            if !(1..=256).contains(&channels) {
                return wrong("a convolution's number of channels", &channels, "1 to 256");
            }
        }
        if !(1..=4096).contains(&self.features) {
            return wrong("the number of features", &self.features, "1 to 4096");
        }
        if self.shift > 255 {
            return wrong("the pixels to move images by", &self.shift, "0 to 255");
        }
        Ok(())
    }

    fn what_is_public(&self) -> String {
        format!(
            "Two convolutions and a dense layer turn an image into {} numbers from 0 to 1. Whoever has a \
             record computes them himself, in the clear, and encrypts them: this part is public. \
             Private are the weights that turn the numbers into scores. The public part was fitted \
             to the same training images as the private one: anyone can study it for what it tells \
             of them, and with labelled images of his own he can fit weights that do much the same \
             as the private ones.",
            self.features
        )
    }
}
