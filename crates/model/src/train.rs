//! Training a digit model: dense layers with identity activations, collapsed and quantised.
//!
//! Softmax cross-entropy, Adam with a learning rate that falls linearly to 0, mini-batches.
//! Initial weights and shuffling come from the seed alone, so that the same data and options give
//! the same model, byte for byte, on the same kind of processor.

mod optimize;

use std::fmt;

use crate::card::{
    Activation, Fit, Input, InputKind, Layouts, Limits, MAX_INPUT_BITS, MAX_SLOT_BITS, PerFeature,
    Preprocessing, Quantization, ScalarLayout, Step, argmax,
};
use crate::idx::{Images, LabelledImages};
use crate::search::{Candidate, HeldOut, SearchError, SearchReport, search};
use crate::{
    Accuracy, Blueprint, BuildError, FloatMap, Model, Network, ShapeError, TrainingReport,
};

const FITS: &str = "images have the size that the card was made for";

/// What to train and how; [`Default`] gives the built-in digit model.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The model's name in its card.
    pub name: String,
    /// The model's version in its card.
    pub version: String,
    /// The model's description in its card.
    pub description: String,
    /// Widths of the hidden layers; none gives a single layer.
    pub hidden: Vec<usize>,
    /// Passes over the training images, at least 1.
    pub epochs: usize,
    /// Images a step, at least 1.
    pub batch_size: usize,
    /// Adam's learning rate at the start, finite and positive.
    pub learning_rate: f64,
    /// The seed of initial weights and shuffling.
    pub seed: u64,
    /// Bits of a quantised pixel, 1 to 16; searched for, up to 8, where not given.
    pub input_bits: Option<u32>,
    /// Bits of a quantised weight, sign included, 2 to 16; searched for where not given.
    pub weight_bits: Option<u32>,
    /// How much less accurate than the float map the quantisation that is searched for may be on
    /// held-out images, as a share of them, 0 to 1.
    pub tolerance: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "digits".to_owned(),
            version: "1".to_owned(),
            description: "Recognises handwritten digits, 0 to 9.".to_owned(),
            hidden: vec![128, 64],
            epochs: 12,
            batch_size: 128,
            learning_rate: 1e-3,
            seed: 1,
            input_bits: None,
            weight_bits: None,
            tolerance: 1e-3,
        }
    }
}

/// How far training has come; given after each mini-batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The current pass, from 1.
    pub epoch: usize,
    /// Number of passes.
    pub epochs: usize,
    /// Mini-batches done in this pass.
    pub batch: usize,
    /// Mini-batches a pass.
    pub batches: usize,
    /// Mean cross-entropy in this pass so far.
    pub loss: f64,
}

/// Training failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// An option is out of range.
    #[error("{option} is {value}; it must be {expected}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The training set shows a single class.
    #[error("every training image has the label 0; at least two classes are needed")]
    OneClass,
    /// Images to train on and to test with differ in size.
    #[error("training images are {train}, test images {test}; they must be of one size")]
    ImageSize {
        /// Rows × columns to train on.
        train: String,
        /// Rows × columns to test with.
        test: String,
    },
    /// A test image has a label that no training image has.
    #[error("test image {index} (from 0) has the label {label}, but training labels end at {last}")]
    TestLabel {
        /// Index of the image.
        index: usize,
        /// Its label.
        label: u8,
        /// The largest training label.
        last: u8,
    },
    /// The loss or the weights are no longer finite.
    #[error("training diverged in epoch {epoch}; use a smaller learning rate")]
    Diverged {
        /// The pass in which it happened, from 1.
        epoch: usize,
    },
    /// There are too few images to keep some from training.
    #[error(
        "a single training image can't be parted, but the search for input and weight bits needs \
         some to measure with; give more images, or both numbers of bits"
    )]
    OneImage,
    /// No quantisation could be searched for.
    #[error("no quantisation was found: {0}")]
    Search(#[from] SearchError),
    /// The layers don't make a map.
    #[error("the trained layers can't be collapsed: {0}")]
    Collapse(#[from] ShapeError),
    /// The trained map can't be made a model.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The tensor library failed.
    #[error("the tensor library failed: {0}")]
    Tensors(#[from] candle_core::Error),
}

/// Trains a model on images, and measures it on others; `progress` is called after each
/// mini-batch.
///
/// The labels are 0 to the largest in `train`; the model's report has the accuracies on `test`.
/// Unless options give both the input's and the weights' bits, the last sixth of `train` is kept
/// from training, and the quantisation of least `cost` is [searched for](crate::search::search) on
/// it.
///
/// # Errors
/// [`TrainError`] if options or data don't fit, or training fails.
pub fn train(
    train: &LabelledImages,
    test: &LabelledImages,
    options: &Options,
    cost: &dyn Fn(&Candidate) -> f64,
    mut progress: impl FnMut(Progress),
) -> Result<Model, TrainError> {
    options.check()?;
    let last = train.labels().iter().copied().max().unwrap_or(0);
    check_data(train, test, last)?;
    let mut blueprint = options.blueprint(train, last);
    // A name or size that no card may have shows before time is spent on training.
    let (inputs, classes) = (
        blueprint.input.shape.iter().product(),
        blueprint.labels.len(),
    );
    let blank = FloatMap::new(
        inputs,
        classes,
        vec![0.0; inputs * classes],
        vec![0.0; classes],
    )?;
    blueprint.clone().build(blank)?;
    let mut images = train.clone();
    let held_out = match (options.input_bits, options.weight_bits) {
        (Some(_), Some(_)) => None,
        _ => {
            let sixth = (images.len() / 6).max(1);
            Some(images.split_last(sixth).ok_or(TrainError::OneImage)?)
        }
    };
    let trained = optimize::optimize(&images, classes, options, &mut progress)?;
    let network = without_dark_pixels(&trained.network, images.images())?;
    // Softmax is the same, and the integers are smaller.
    let map = network.collapse()?.centred()?;
    let search = match held_out {
        None => None,
        Some(images) => {
            let report = options.search(&map, &blueprint, &images, cost)?;
            if let Some(chosen) = report.chosen() {
                blueprint.quantization = pixels_of(chosen.input_bits);
                blueprint.max_weight = chosen.max_weight;
            }
            Some(report)
        }
    };
    blueprint.layouts = suggested_layouts(&map, &blueprint)?;
    let model = blueprint.build(map)?;
    let mut report = model.report().cloned().expect("a built model has a report");
    report.accuracy = Some(accuracy(&network, &model, test)?);
    report.search = search;
    report.training = Some(TrainingReport {
        hidden: options.hidden.clone(),
        epochs: options.epochs,
        batch_size: options.batch_size,
        learning_rate: options.learning_rate,
        seed: options.seed,
        records: images.len(),
        final_loss: trained.final_loss,
    });
    Ok(model.with_report(report))
}

impl Options {
    fn check(&self) -> Result<(), TrainError> {
        let wrong = |option, value: &dyn fmt::Display, expected| {
            Err(TrainError::Option {
                option,
                value: value.to_string(),
                expected,
            })
        };
        if let Some(width) = self
            .hidden
            .iter()
            .find(|width| !(1..=4096).contains(*width))
        {
            return wrong("a hidden layer's width", width, "1 to 4096");
        }
        if self.epochs == 0 {
            return wrong("the number of epochs", &0, "at least 1");
        }
        if self.batch_size == 0 {
            return wrong("the batch size", &0, "at least 1");
        }
        if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            return wrong(
                "the learning rate",
                &self.learning_rate,
                "finite and greater than 0",
            );
        }
        let unfit_input = |bits: &u32| !(1..=MAX_INPUT_BITS).contains(bits);
        if let Some(bits) = self.input_bits.filter(unfit_input) {
            return wrong("the number of input bits", &bits, "1 to 16");
        }
        if let Some(bits) = self.weight_bits.filter(|bits| !(2..=16).contains(bits)) {
            return wrong("the number of weight bits", &bits, "2 to 16");
        }
        if !(0.0..=1.0).contains(&self.tolerance) {
            return wrong("the tolerance", &self.tolerance, "0 to 1");
        }
        Ok(())
    }

    /// Looks for the cheapest quantisation on images that weren't trained on.
    fn search(
        &self,
        map: &FloatMap,
        blueprint: &Blueprint,
        images: &LabelledImages,
        cost: &dyn Fn(&Candidate) -> f64,
    ) -> Result<SearchReport, SearchError> {
        let records = images.images().records();
        let features = |raw: Vec<f64>| blueprint.input.preprocess(&raw).expect(FITS).features;
        let records: Vec<_> = records.map(features).collect();
        let labels: Vec<_> = images.labels().iter().map(|&label| label.into()).collect();
        let inputs: Vec<_> = match self.input_bits {
            Some(bits) => vec![pixels_of(bits)],
            None => (1..=8).map(pixels_of).collect(),
        };
        let max_weight = self.weight_bits.map(|_| blueprint.max_weight);
        let held_out = HeldOut {
            records: &records,
            labels: &labels,
        };
        search(map, &inputs, max_weight, held_out, self.tolerance, cost)
    }

    /// What the card shall say; numbers that are searched for, and what hangs on them, come later.
    fn blueprint(&self, images: &LabelledImages, last: u8) -> Blueprint {
        let (rows, columns) = (images.images().rows(), images.images().columns());
        Blueprint {
            name: self.name.clone(),
            version: self.version.clone(),
            description: self.description.clone(),
            input: Input {
                kind: InputKind::Image,
                description: format!(
                    "A grey image of {rows} rows of {columns} pixels, row by row from the top \
                     left, 0 for the dark ground to 255 for light ink, as in MNIST: one digit, \
                     upright, scaled to fit 20/28 of each side, its centre of mass in the middle."
                ),
                shape: vec![rows, columns],
                features: None,
                fit: Some(Fit::Mnist),
                preprocessing: Preprocessing::new(vec![Step::Scale {
                    factor: 1.0 / 255.0,
                }]),
            },
            quantization: pixels_of(self.input_bits.unwrap_or(8)),
            labels: (0..=last).map(|label| label.to_string()).collect(),
            activation: Activation::Softmax,
            layouts: Layouts {
                scalar: Some(ScalarLayout {}),
                ..Layouts::default()
            },
            limits: Limits {
                max_records: 1000,
                max_ciphertexts: 8192,
            },
            max_weight: (1 << (self.weight_bits.unwrap_or(8) - 1)) - 1,
        }
    }
}

/// How pixels scaled to 0 … 1 become integers of some bits.
fn pixels_of(bits: u32) -> Quantization {
    Quantization {
        bits,
        step: PerFeature::All(1.0 / f64::from((1_u32 << bits) - 1)),
        zero: PerFeature::All(0.0),
    }
}

/// The network with weights of 0 for pixels that are dark in every image.
///
/// Training leaves their weights as they were drawn, since they never matter to it. On other images
/// they would be noise, and they would cost products and width.
fn without_dark_pixels(network: &Network, images: &Images) -> Result<Network, ShapeError> {
    let mut lit = vec![false; images.rows() * images.columns()];
    for image in images.iter() {
        for (lit, &pixel) in lit.iter_mut().zip(image) {
            *lit |= pixel != 0;
        }
    }
    let mut layers = network.layers().to_vec();
    if let Some(first) = layers.first_mut() {
        let pixels = lit.iter().cycle();
        let weights = first.weights().iter().zip(pixels);
        let weights = weights.map(|(&weight, &lit)| if lit { weight } else { 0.0 });
        let (weights, biases) = (weights.collect(), first.biases().to_vec());
        *first = FloatMap::new(first.inputs(), first.outputs(), weights, biases)?;
    }
    Network::new(layers)
}

/// All layouts, with the numbers that suit the scores' width.
fn suggested_layouts(map: &FloatMap, blueprint: &Blueprint) -> Result<Layouts, BuildError> {
    let quantization = &blueprint.quantization;
    let (integers, _) = map.quantize(quantization, blueprint.max_weight)?;
    let certificate = integers.certify(quantization.max(), MAX_SLOT_BITS)?;
    let (features, outputs) = (map.inputs(), map.outputs());
    Ok(Layouts::suggested(features, outputs, certificate.slot_bits))
}

fn check_data(train: &LabelledImages, test: &LabelledImages, last: u8) -> Result<(), TrainError> {
    if last == 0 {
        return Err(TrainError::OneClass);
    }
    let size = |set: &LabelledImages| (set.images().rows(), set.images().columns());
    if size(train) != size(test) {
        let text = |(rows, columns)| format!("{rows} × {columns}");
        return Err(TrainError::ImageSize {
            train: text(size(train)),
            test: text(size(test)),
        });
    }
    match test.labels().iter().position(|&label| label > last) {
        None => Ok(()),
        Some(index) => Err(TrainError::TestLabel {
            index,
            label: test.labels()[index],
            last,
        }),
    }
}

/// Measures the float network, the collapsed map and the integer map.
fn accuracy(
    network: &Network,
    model: &Model,
    test: &LabelledImages,
) -> Result<Accuracy, TrainError> {
    let mut right = [0_usize; 3];
    for (raw, &label) in test.images().records().zip(test.labels()) {
        let features = model.card().preprocess(&raw).expect(FITS).features;
        let predicted = [
            argmax(&network.evaluate(&features)?),
            argmax(&model.float_map().evaluate(&features)?),
            model.predict(&raw).expect(FITS).index,
        ];
        for (right, index) in right.iter_mut().zip(predicted) {
            *right += usize::from(index == usize::from(label));
        }
    }
    let share = |right| right as f64 / test.len() as f64;
    let [network, collapsed, quantized] = right.map(share);
    Ok(Accuracy {
        records: test.len(),
        network,
        collapsed,
        quantized,
    })
}
