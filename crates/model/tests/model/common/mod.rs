//! Small models for the tests.
use std::path::{Path, PathBuf};

use veilcast_card::{
    Activation, FeaturesLayout, Input, InputBits, InputKind, Layouts, Limits, PerFeature,
    Prediction, Preprocessing, Quantization, QuantizedRecord, RawRecord, RecordError, ScalarLayout,
    Step,
};
use veilcast_card::{EncodeError, Encoder};
use veilcast_files::idx::{LabelledImages, Split};
use veilcast_model::{Blueprint, FloatMap, Model};

/// The first images of one of MNIST's sets.
pub(crate) fn mnist(split: Split, count: usize) -> LabelledImages {
    let mut set = LabelledImages::open(&repository("data/mnist"), split).unwrap();
    set.truncate(count);
    set
}

/// What a card says of patients with an age, a dose and a weight.
pub(crate) fn patients() -> Blueprint {
    Blueprint {
        name: "patients".to_owned(),
        version: "1.0".to_owned(),
        description: "Whether a patient responds.".to_owned(),
        input: Input {
            kind: InputKind::Table,
            description: String::new(),
            shape: vec![3],
            features: Some(["age", "dose", "weight"].map(str::to_owned).to_vec()),
            fit: None,
            about: Default::default(),
            preprocessing: Preprocessing::new(vec![]),
        },
        public_part: None,
        quantization: Quantization {
            bits: InputBits::of::<8>(),
            step: PerFeature::Each(vec![1.0, 0.25, 2.0]),
            zero: PerFeature::Each(vec![-100.0, 0.0, 3.0]),
        },
        labels: vec!["no".to_owned(), "yes".to_owned()],
        activation: Activation::Softmax,
        units: None,
        threshold: None,
        task: None,
        layouts: Layouts {
            scalar: Some(ScalarLayout {}),
            features: Some(FeaturesLayout {
                features_per_ciphertext: vec![2, 3],
            }),
            ..Layouts::default()
        },
        ways: None,
        limits: Limits {
            max_records: 10,
            max_ciphertexts: 1000,
        },
        max_weight: 127,
    }
}

/// What a card says of grey images of 2 × 2 pixels.
pub(crate) fn four_pixels() -> Blueprint {
    let mut blueprint = patients();
    blueprint.input.kind = InputKind::Image;
    blueprint.input.shape = vec![2, 2];
    blueprint.input.features = None;
    blueprint.input.preprocessing = Preprocessing::new(vec![Step::Scale {
        factor: 1.0 / 255.0,
    }]);
    blueprint.quantization.step = PerFeature::All(1.0 / 255.0);
    blueprint.quantization.zero = PerFeature::All(0.0);
    blueprint
}

/// A model of patients.
pub(crate) fn patients_model() -> Model {
    let weights = vec![0.5, -1.0, 0.25, -0.5, 2.0, 0.125];
    let map = FloatMap::new(3, 2, weights, vec![1.0, -3.0]).unwrap();
    patients().build(map).unwrap()
}

/// A model of images of 2 × 2 pixels.
pub(crate) fn four_pixels_model() -> Model {
    let weights = vec![1.0, -1.0, 0.5, 0.25, 0.0, 2.0, -3.0, 1.0];
    let map = FloatMap::new(4, 2, weights, vec![0.0, 0.5]).unwrap();
    four_pixels().build(map).unwrap()
}

/// A file of `testdata/fixtures`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    repository("testdata/fixtures").join(name)
}

/// A file of `testdata/vectors`.
pub(crate) fn vector(name: &str) -> PathBuf {
    repository("testdata/vectors").join(name)
}

/// A directory at the root of the repository.
pub(crate) fn repository(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name)
}

/// How raw records become what a model takes.
pub(crate) fn encoder(model: &Model) -> Encoder {
    veilcast_onnx::encoder(model.card().clone(), model.public_part()).unwrap()
}

/// The integers of a raw record.
pub(crate) fn quantize<'a>(
    model: &Model,
    raw: impl Into<RawRecord<'a>>,
) -> Result<QuantizedRecord, RecordError> {
    match encoder(model).quantize(raw) {
        Ok(quantized) => Ok(quantized),
        Err(EncodeError::Record { fault, .. }) => Err(fault),
        Err(error) => panic!("{error}"),
    }
}

/// What the integer map says of a raw record.
pub(crate) fn predict<'a>(model: &Model, raw: impl Into<RawRecord<'a>>) -> Prediction {
    let quantized = quantize(model, raw).unwrap();
    model.predict(&quantized).unwrap()
}

/// The ONNX files of a folder of fixtures, by name.
pub(crate) fn onnx_files(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(fixture(folder)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "onnx"))
        .collect();
    paths.sort();
    paths
}

/// A file's name without its ending.
pub(crate) fn name(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}
