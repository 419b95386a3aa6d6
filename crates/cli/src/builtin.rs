//! What is built into the binary: three models of digits, MNIST's test images with their labels, and a model of a table.

use anyhow::Context as _;
use clap::ValueEnum;
use veilcast_files::idx::LabelledImages;
use veilcast_model::Model;

/// A file of the repository, by its path from the root. The crate has links to the folders, so that its package has the files.
macro_rules! file {
    ($path:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $path))
    };
}

/// A built-in model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Builtin {
    /// One affine map of all pixels: `veilcast train --data data/mnist`.
    Digits,
    /// A public stem and a private head: `veilcast train --data data/mnist --stem`.
    DigitsHybrid,
    /// A network with a hidden layer, all of it private: `veilcast train --data data/mnist --activation square`.
    DigitsSquare,
}

impl Builtin {
    pub(crate) fn load(self) -> anyhow::Result<Model> {
        let model = match self {
            Self::Digits => Model::from_bytes(
                file!("models/digits/card.json"),
                file!("models/digits/weights.safetensors"),
                None,
            ),
            Self::DigitsSquare => Model::from_bytes(
                file!("models/digits-square/card.json"),
                file!("models/digits-square/weights.safetensors"),
                None,
            ),
            Self::DigitsHybrid => Model::from_bytes(
                file!("models/digits-hybrid/card.json"),
                file!("models/digits-hybrid/weights.safetensors"),
                Some(file!("models/digits-hybrid/public.onnx").to_vec()),
            ),
        };
        model.context("the built-in model is damaged")
    }
}

/// Patients' risk of dying in hospital, which `veilcast demo` serves beside the digits: a model of a table.
pub(crate) fn hospital() -> anyhow::Result<Model> {
    let card = file!("models/hospital/card.json");
    let weights = file!("models/hospital/weights.safetensors");
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
