//! Training a digit model on labelled images.

use super::optimize::{Examples, Targets, optimize};
use super::{Options, Progress, TrainError, suggested_layouts, try_build};
use crate::card::{
    Activation, Fit, Input, InputKind, Layouts, Limits, PerFeature, Preprocessing, Quantization,
    ScalarLayout, Step, argmax,
};
use crate::idx::{Images, LabelledImages};
use crate::search::{Candidate, Goal, HeldOut, SearchError, SearchReport, search};
use crate::{Accuracy, Blueprint, FloatMap, Model, Network, ShapeError};

const FITS: &str = "images have the size that the card was made for";

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
    let (inputs, classes) = (
        blueprint.input.shape.iter().product(),
        blueprint.labels.len(),
    );
    try_build(&blueprint, inputs, classes)?;
    let mut images = train.clone();
    let held_out = match (options.input_bits, options.weight_bits) {
        (Some(_), Some(_)) => None,
        _ => {
            let sixth = (images.len() / 6).max(1);
            Some(images.split_last(sixth).ok_or(TrainError::OneImage)?)
        }
    };
    let trained = optimize(&images, classes, options, &mut progress)?;
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
    report.training = Some(options.report(images.len(), trained.final_loss));
    Ok(model.with_report(report))
}

impl Examples for LabelledImages {
    fn len(&self) -> usize {
        self.labels().len()
    }

    fn features(&self) -> usize {
        self.images().rows() * self.images().columns()
    }

    fn write(&self, index: usize, out: &mut Vec<f32>) {
        let size = Examples::features(self);
        let image = &self.images().pixels()[index * size..][..size];
        out.extend(image.iter().map(|&pixel| f32::from(pixel) / 255.0));
    }

    fn targets(&self, indices: &[usize]) -> Targets {
        Targets::Classes(indices.iter().map(|&i| self.labels()[i].into()).collect())
    }
}

impl Options {
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
        let goal = Goal::accuracy(self.tolerance);
        search(map, &inputs, max_weight, held_out, goal, cost)
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
            public_part: None,
            quantization: pixels_of(self.input_bits.unwrap_or(8)),
            labels: (0..=last).map(|label| label.to_string()).collect(),
            activation: Activation::Softmax,
            units: None,
            threshold: None,
            layouts: Layouts {
                scalar: Some(ScalarLayout {}),
                ..Layouts::default()
            },
            limits: Limits {
                max_records: 1000,
                max_ciphertexts: 8192,
            },
            max_weight: self.max_weight(),
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
    let encoder = model.encoder().expect("it has no public part");
    let mut right = [0_usize; 3];
    for (raw, &label) in test.images().records().zip(test.labels()) {
        let record = encoder.features(&raw).expect(FITS);
        let features = record.features.clone();
        let quantized = encoder.round(record).expect(FITS);
        let predicted = [
            argmax(&network.evaluate(&features)?),
            argmax(&model.float_map().evaluate(&features)?),
            model.predict(&quantized.values).expect(FITS).index,
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
