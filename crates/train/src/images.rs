//! Training a digit model on labelled images.

use rand::rngs::ChaCha20Rng;

use crate::draft::drafted;
use crate::error::TrainError;
use crate::layers::train_layers;
use crate::optimize::{Examples, Targets};
use crate::options::Options;
use crate::progress::Progress;
use crate::shifted::Shifted;
use crate::trained::{Layers, RoundingSearch, Trained, build};
use veilcast_card::{
    Activation, Fit, Input, InputBits, InputKind, Layouts, Limits, Preprocessing, Quantization,
    QuantizedRecord, Step, argmax,
};
use veilcast_card::{EncodeError, Encoder};
use veilcast_files::idx::{Images, LabelledImages};
use veilcast_model::search::{Goal, HeldOut};
use veilcast_model::{
    Accuracy, Blueprint, BuildError, FloatMap, Model, Scheme, ShapeError, doubt_of,
};

/// Trains a model on images, and measures it on others; `progress` is called after each
/// mini-batch.
///
/// The labels are 0 to the largest in `train`; the model's report has the accuracies on `test`.
/// Unless options give both the input's and the weights' bits, the last sixth of `train` is held
/// out from training, and the quantisation that is cheapest for `scheme` is [searched
/// for](veilcast_model::search::search) on it.
///
/// # Errors
/// [`TrainError`] if options or data don't fit, or training fails.
pub fn train(
    train: &LabelledImages,
    test: &LabelledImages,
    options: &Options,
    scheme: &dyn Scheme,
    mut progress: impl FnMut(Progress),
) -> Result<Model, TrainError> {
    options.check()?;
    let last = train.labels().iter().copied().max().unwrap_or(0);
    check_data(train, test, last)?;
    let blueprint = options.blueprint(train, last);
    let inputs = blueprint.input.raw_features();
    drafted(&blueprint, inputs, blueprint.labels.len())?;
    let sets = Sets::of(train, test, options)?;
    let outputs = blueprint.labels.len();
    let trained = match options.shift {
        0 => train_layers(&sets.train, outputs, options, &mut progress)?,
        by => {
            let images = &sets.train;
            train_layers(&Shifted { images, by }, outputs, options, &mut progress)?
        }
    };
    let trained = Trained {
        network: without_dark_pixels(&trained.network, sets.train.images())?,
        ..trained
    };
    let model = options.finish(&trained, blueprint, &sets, scheme)?;
    Ok(model.reporting(|report| {
        if let Some(training) = &mut report.training {
            training.shift = (options.shift > 0).then_some(options.shift);
        }
    }))
}

/// Labelled images, by purpose.
pub(super) struct Sets<'a> {
    /// To train on.
    pub(super) train: LabelledImages,
    /// To search for the quantisation with, unless its numbers are given.
    held_out: Option<LabelledImages>,
    /// To measure with.
    test: &'a LabelledImages,
}

impl<'a> Sets<'a> {
    pub(super) fn of(
        train: &LabelledImages,
        test: &'a LabelledImages,
        options: &Options,
    ) -> Result<Self, TrainError> {
        let mut train = train.clone();
        let held_out = match (options.input_bits, options.weight_bits) {
            (Some(_), Some(_)) => None,
            _ => {
                let sixth = (train.len() / 6).max(1);
                Some(train.split_last(sixth).ok_or(TrainError::OneImage)?)
            }
        };
        Ok(Self {
            train,
            held_out,
            test,
        })
    }
}

impl Examples for LabelledImages {
    fn len(&self) -> usize {
        self.labels().len()
    }

    fn features(&self) -> usize {
        self.images().rows() * self.images().columns()
    }

    fn write(&self, index: usize, _: &mut ChaCha20Rng, out: &mut Vec<f32>) {
        let size = Examples::features(self);
        let image = &self.images().pixels()[index * size..][..size];
        out.extend(image.iter().map(|&pixel| f32::from(pixel) / 255.0));
    }

    fn targets(&self, indices: &[usize]) -> Targets {
        Targets::Classes(indices.iter().map(|&i| self.labels()[i].into()).collect())
    }
}

impl Options {
    /// Collapses a trained network, finds its quantisation, builds the model and measures it.
    pub(super) fn finish(
        &self,
        Trained {
            network,
            final_loss,
        }: &Trained,
        blueprint: Blueprint,
        sets: &Sets<'_>,
        scheme: &dyn Scheme,
    ) -> Result<Model, TrainError> {
        let collapsed = network.collapse(true)?;
        let held_out = match &sets.held_out {
            None => None,
            Some(images) => {
                let (inputs, outputs) = (collapsed.inputs(), collapsed.outputs());
                let encoder = drafted(&blueprint, inputs, outputs)?;
                Some(features_and_labels(&encoder, images)?)
            }
        };
        let search = held_out.as_ref().map(|(records, labels)| RoundingSearch {
            input_bits: match self.input_bits {
                Some(bits) => bits..=bits,
                None => InputBits::MIN..=InputBits::of::<8>(),
            },
            max_weight: self.weight_bits.map(|_| blueprint.max_weight),
            held_out: HeldOut { records, labels },
            goal: Goal::accuracy(self.tolerance),
        });
        let model = build(blueprint, &collapsed, &from_0_to_1, search, None, scheme)?;
        let model = match &held_out {
            None => model,
            Some((records, labels)) => doubting(model, records, labels)?,
        };
        let accuracy = accuracy(network, &model, sets.test)?;
        Ok(model.reporting(|report| {
            report.accuracy = Some(accuracy);
            report.training = Some(self.report(sets.train.len(), *final_loss));
        }))
    }

    /// What the card is to say; numbers that are searched for, and all that depends on them, come
    /// later.
    pub(super) fn blueprint(&self, images: &LabelledImages, last: u8) -> Blueprint {
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
                about: Default::default(),
                preprocessing: Preprocessing::new(vec![Step::Scale {
                    factor: 1.0 / 255.0,
                }]),
            },
            public_part: None,
            quantization: from_0_to_1(self.input_bits.unwrap_or(InputBits::of::<8>())),
            labels: (0..=last).map(|label| label.to_string()).collect(),
            activation: Activation::Softmax,
            units: None,
            threshold: None,
            task: None,
            layouts: Layouts::scalar(),
            limits: Limits::default(),
            ways: self.ways.clone(),
            max_weight: self.max_weight(),
        }
    }
}

/// The share of the digits that a model recognises for which its card says that it isn't sure.
const DOUBTED: f64 = 0.05;

/// The model with the probability in its card below which a class is in doubt, according to records
/// that weren't trained on.
fn doubting(model: Model, records: &[Vec<f64>], labels: &[usize]) -> Result<Model, TrainError> {
    let card = model.card();
    let mut scored = Vec::with_capacity(records.len());
    for (features, &label) in records.iter().zip(labels) {
        let record = QuantizedRecord::from_features(card, features)
            .expect("there are as many features as the model takes");
        let scores = model.evaluate(&record).expect("the card is the model's");
        let scores = card.dequantize(&scores);
        scored.push((scores.expect("certified scores fit the card"), label));
    }
    Ok(match doubt_of(&scored, DOUBTED) {
        None => model,
        Some(doubt) => model.doubting(doubt).map_err(BuildError::from)?,
    })
}

/// The features of labelled images, and their classes.
fn features_and_labels(
    encoder: &Encoder,
    images: &LabelledImages,
) -> Result<(Vec<Vec<f64>>, Vec<usize>), EncodeError> {
    let records = images.images().records();
    let features = |raw: Vec<f64>| Ok(encoder.features(&raw)?.features);
    let labels = images.labels().iter().map(|&label| label.into());
    Ok((
        records.map(features).collect::<Result<_, EncodeError>>()?,
        labels.collect(),
    ))
}

/// How features in 0 … 1 become integers of some bits.
fn from_0_to_1(bits: InputBits) -> Quantization {
    Quantization::over_all(bits, [0.0, 1.0])
}

/// The network with weights of 0 for pixels that are dark in every image.
///
/// Training leaves these weights as they were initialised, since they never matter. On other images
/// they would be noise, and they would cost products and width.
fn without_dark_pixels(network: &Layers, images: &Images) -> Result<Layers, ShapeError> {
    let mut lit = vec![false; images.rows() * images.columns()];
    for image in images.iter() {
        for (lit, &pixel) in lit.iter_mut().zip(image) {
            *lit |= pixel != 0;
        }
    }
    network.changed(|layers| {
        if let Some(first) = layers.first_mut() {
            let pixels = lit.iter().cycle();
            let weights = first.weights().iter().zip(pixels);
            let weights = weights.map(|(&weight, &lit)| if lit { weight } else { 0.0 });
            let (weights, biases) = (weights.collect(), first.biases().to_vec());
            *first = FloatMap::new(first.inputs(), first.outputs(), weights, biases)?;
        }
        Ok(())
    })
}

pub(super) fn check_data(
    train: &LabelledImages,
    test: &LabelledImages,
    last: u8,
) -> Result<(), TrainError> {
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

/// Measures the network in floats, collapsed, and in integers.
fn accuracy(
    network: &Layers,
    model: &Model,
    test: &LabelledImages,
) -> Result<Accuracy, TrainError> {
    let encoder = veilcast_onnx::encoder(model.card().clone(), model.public_part())?;
    let mut right = [0_usize; 3];
    for (raw, &label) in test.images().records().zip(test.labels()) {
        let record = encoder.features(&raw)?;
        let quantized = encoder.round(&record)?;
        let features = &record.features;
        let prediction = model
            .predict(&quantized)
            .expect("the encoder is the model's");
        let predicted = [
            Some(argmax(&network.evaluate(features)?)),
            Some(argmax(&model.evaluate_float(features)?)),
            prediction.class().map(|class| class.index),
        ];
        for (right, index) in right.iter_mut().zip(predicted) {
            *right += usize::from(index == Some(usize::from(label)));
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
