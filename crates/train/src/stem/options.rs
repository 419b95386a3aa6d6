//! Which stem to train.

use crate::error::TrainError;
use crate::options::{Options, wrong};

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

impl StemOptions {
    pub(super) fn check(&self) -> Result<(), TrainError> {
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

    pub(super) fn what_is_public(&self) -> String {
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
