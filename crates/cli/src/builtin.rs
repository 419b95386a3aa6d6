//! What the binary carries: the digit model, and MNIST's test images with their labels.

use anyhow::Context as _;
use veilcast_model::Model;
use veilcast_model::idx::LabelledImages;

/// A file of the repository, by its path from the root.
macro_rules! file {
    ($path:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../", $path))
    };
}

/// The digit model that `veilcast train --data data/mnist` gives.
pub(crate) fn model() -> anyhow::Result<Model> {
    let card = file!("models/digits/card.json");
    let weights = file!("models/digits/weights.safetensors");
    Model::from_bytes(card, weights, None).context("the built-in model is damaged")
}

/// MNIST's 10,000 test images.
pub(crate) fn test_images() -> anyhow::Result<LabelledImages> {
    let images = file!("data/mnist/t10k-images-idx3-ubyte.gz").as_slice();
    let labels = file!("data/mnist/t10k-labels-idx1-ubyte.gz").as_slice();
    LabelledImages::from_bytes(
        ("the built-in images", images),
        ("the built-in labels", labels),
    )
    .context("the built-in test images are damaged")
}
