//! Training a network of dense layers.

use crate::dense::DenseLayers;
use crate::error::TrainError;
use crate::optimize::{Examples, optimize};
use crate::options::Options;
use crate::progress::Progress;
use crate::trained::Trained;
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;

/// Trains a network of dense layers.
pub(crate) fn train_layers(
    data: &dyn Examples,
    outputs: usize,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Trained, TrainError> {
    let mut rng = ChaCha20Rng::seed_from_u64(options.seed);
    let layers = DenseLayers::new(data.features(), options, outputs, &mut rng)?;
    let final_loss = optimize(&layers, data, options, &mut rng, progress)?;
    Ok(Trained {
        network: layers.to_layers()?,
        final_loss,
    })
}
