//! Training on labelled images.

use std::path::Path;

use anyhow::Context as _;
use veilcast_engine::Paillier;
use veilcast_files::idx::{LabelledImages, Split};
use veilcast_model::Model;
use veilcast_train::{Options, StemOptions, train as train_images, train_stem};

use super::training::{TrainingArgs, show};
use crate::failure::Hint as _;
use crate::output::Output;

/// Trains a model; a hybrid one if the number of its stem's features is given.
pub(super) fn train(
    data: &Path,
    stem_features: Option<usize>,
    args: &TrainingArgs,
    output: Output,
) -> anyhow::Result<Model> {
    let open = |split| {
        LabelledImages::open(data, split)
            .with_context(|| format!("can't use the images in {}", data.display()))
            .hint("give a directory with MNIST's four files, such as data/mnist")
    };
    let (images, test) = (open(Split::Train)?, open(Split::Test)?);
    let stem = StemOptions::default();
    let options = args.options(match stem_features {
        Some(_) => stem.training.clone(),
        None if args.squares() => Options::square(),
        None => Options::default(),
    })?;
    let steps = images.len().div_ceil(options.batch_size) * options.epochs;
    let bar = output.progress(Some(steps as u64), "training");
    let progress = |progress| show(progress, &bar, output);
    let model = match stem_features {
        Some(features) => {
            let options = StemOptions {
                training: options,
                features,
                ..stem
            };
            train_stem(&images, &test, &options, &Paillier, progress)?
        }
        None => train_images(&images, &test, &options, &Paillier, progress)?,
    };
    bar.finish_and_clear();
    Ok(model)
}
