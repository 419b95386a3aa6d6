//! Training a model of a table's rows.
//!
//! Every n-th row is held out, to measure with. From the others come the preprocessing, the
//! network, and the quantisation: the cheapest that changes its scores little. The class is one of
//! two, with a single sigmoid output, or one of several, with softmax.

mod classes;
mod error;
mod fit;
mod read;

pub use self::error::TableError;
pub use self::read::LabelledTable;

use self::classes::Classes;
use self::fit::Fitted;
use super::optimize::{Examples, optimize};
use super::{Options, Progress, TrainError, suggested_layouts, try_build};
use crate::card::{
    Activation, Input, InputKind, Layouts, Limits, ScalarLayout, UnknownCategory, class,
    probabilities,
};
use crate::search::{Candidate, Goal, HeldOut, Measure, SearchReport, search};
use crate::{Accuracy, Aucs, Blueprint, FloatMap, Model, Network, auc};

/// Most input bits that are searched.
const MAX_SEARCHED_BITS: u32 = 8;

/// What to make of a table and how.
#[derive(Clone, Debug, PartialEq)]
pub struct TableOptions {
    /// What any training needs.
    pub training: Options,
    /// The value of the target that is to be told from all others; of two values the greater one
    /// (as text), if not given.
    pub positive: Option<String>,
    /// The classes' names in predictions, for two the positive one last; the target's values, if
    /// not given.
    pub labels: Option<Vec<String>>,
    /// Every so manyth row is held out, at least 2.
    pub held_out: usize,
    /// What becomes of categories that no training row has.
    pub unknown: UnknownCategory,
    /// How much quantisation may change the probability of a class for any training row, 0 to 1.
    pub max_change: f64,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self {
            training: Options {
                name: "table".to_owned(),
                description: String::new(),
                hidden: Vec::new(),
                learning_rate: 1e-2,
                ..Options::default()
            },
            positive: None,
            labels: None,
            held_out: 5,
            unknown: UnknownCategory::Error,
            max_change: 0.02,
        }
    }
}

/// Trains a model on a table; `progress` is called after each mini-batch.
///
/// The model's report has the accuracies on the rows held out. Unless options give both the input's
/// and the weights' bits, the quantisation of least `cost` is
/// [searched for](crate::search::search) on the training rows: of two classes the area under the ROC
/// curve must stay, of several the accuracy, and the probabilities must. They are compared to the
/// float map's, so that rows it was trained on serve as well as others.
///
/// # Errors
/// [`TrainError`] if options or table don't fit, or training fails.
pub fn train_table(
    table: &LabelledTable,
    options: &TableOptions,
    cost: &dyn Fn(&Candidate) -> f64,
    mut progress: impl FnMut(Progress),
) -> Result<Model, TrainError> {
    let training = &options.training;
    options.check()?;
    let (trained_on, held_out) = table.split(options.held_out)?;
    let classes = Classes::find(table, &trained_on, options)?;
    let fitted = fit::fit(table, &trained_on, options.unknown)?;
    let mut blueprint = options.blueprint(table, &classes, &fitted);
    let (features, outputs) = (fitted.features(), classes.outputs());
    try_build(&blueprint, features, outputs)?;
    let rows = |part: &[usize]| Rows::of(table, part, &blueprint.input, &classes);
    let (trained_on, held_out) = (rows(&trained_on)?, rows(&held_out)?);
    let trained = optimize(&trained_on, outputs, training, &mut progress)?;
    let collapsed = trained.network.collapse()?;
    let map = match outputs {
        1 => collapsed,
        _ => collapsed.centred()?,
    };
    let search = match (training.input_bits, training.weight_bits) {
        (Some(_), Some(_)) => None,
        _ => {
            let report = options.search(&map, &fitted, &trained_on, cost)?;
            if let Some(chosen) = report.chosen() {
                blueprint.quantization = fitted.quantization(chosen.input_bits);
                blueprint.max_weight = chosen.max_weight;
            }
            Some(report)
        }
    };
    blueprint.layouts = suggested_layouts(&map, &blueprint)?;
    let model = blueprint.build(map)?;
    let mut report = model.report().cloned().expect("a built model has a report");
    let (accuracy, aucs) = measure(&trained.network, &model, &held_out)?;
    (report.accuracy, report.auc) = (Some(accuracy), aucs);
    report.search = search;
    report.training = Some(training.report(trained_on.len(), trained.final_loss));
    Ok(model.with_report(report))
}

impl TableOptions {
    /// Passes over the training rows that suit a table: few rows take more of them, since the
    /// weights need some steps to get anywhere.
    pub fn suggested_epochs(&self, table: &LabelledTable) -> usize {
        const MIN_STEPS: usize = 200;
        let trained_on = table.len() - table.len() / self.held_out.max(1);
        let batches = trained_on.div_ceil(self.training.batch_size.max(1)).max(1);
        MIN_STEPS.div_ceil(batches).max(Options::default().epochs)
    }

    fn check(&self) -> Result<(), TrainError> {
        self.training.check()?;
        let wrong = |option, value: String, expected| TrainError::Option {
            option,
            value,
            expected,
        };
        if self.held_out < 2 {
            let every = self.held_out.to_string();
            return Err(wrong(
                "the share of rows held out",
                every,
                "one in 2 or more",
            ));
        }
        if !(0.0..=1.0).contains(&self.max_change) {
            let change = self.max_change.to_string();
            return Err(wrong(
                "the largest change of a probability",
                change,
                "0 to 1",
            ));
        }
        Ok(())
    }

    /// What the card shall say; numbers that are searched for, and what hangs on them, come later.
    fn blueprint(&self, table: &LabelledTable, classes: &Classes, fitted: &Fitted) -> Blueprint {
        let training = &self.training;
        let description = match training.description.as_str() {
            "" => format!(
                "Predicts {} from {} columns.",
                table.target(),
                table.columns().len()
            ),
            given => given.to_owned(),
        };
        Blueprint {
            name: training.name.clone(),
            version: training.version.clone(),
            description,
            input: Input {
                kind: InputKind::Table,
                description: String::new(),
                shape: vec![table.columns().len()],
                features: Some(table.columns().to_vec()),
                fit: None,
                preprocessing: fitted.preprocessing.clone(),
            },
            quantization: fitted.quantization(training.input_bits.unwrap_or(8)),
            labels: classes.labels().to_vec(),
            activation: match classes.outputs() {
                1 => Activation::Sigmoid,
                _ => Activation::Softmax,
            },
            layouts: Layouts {
                scalar: Some(ScalarLayout {}),
                ..Layouts::default()
            },
            limits: Limits {
                max_records: 1000,
                max_ciphertexts: 8192,
            },
            max_weight: training.max_weight(),
        }
    }

    fn search(
        &self,
        map: &FloatMap,
        fitted: &Fitted,
        rows: &Rows,
        cost: &dyn Fn(&Candidate) -> f64,
    ) -> Result<SearchReport, TrainError> {
        let training = &self.training;
        let bits = match training.input_bits {
            Some(bits) => bits..=bits,
            None => 1..=MAX_SEARCHED_BITS,
        };
        let inputs: Vec<_> = bits.map(|bits| fitted.quantization(bits)).collect();
        let max_weight = training.weight_bits.map(|_| training.max_weight());
        let held_out = HeldOut {
            records: &rows.features,
            labels: &rows.classes,
        };
        let goal = Goal {
            measure: match map.outputs() {
                1 => Measure::Auc,
                _ => Measure::Accuracy,
            },
            tolerance: training.tolerance,
            max_change: Some(self.max_change),
        };
        Ok(search(map, &inputs, max_weight, held_out, goal, cost)?)
    }
}

/// Preprocessed rows with their classes.
struct Rows {
    features: Vec<Vec<f64>>,
    classes: Vec<usize>,
}

impl Rows {
    fn of(
        table: &LabelledTable,
        rows: &[usize],
        input: &Input,
        classes: &Classes,
    ) -> Result<Self, TableError> {
        let features = rows.iter().map(|&row| table.features(row, input));
        let classes = rows.iter().map(|&row| classes.of(table, row));
        Ok(Self {
            features: features.collect::<Result<_, _>>()?,
            classes: classes.collect::<Result<_, _>>()?,
        })
    }
}

impl Examples for Rows {
    fn len(&self) -> usize {
        self.features.len()
    }

    fn features(&self) -> usize {
        self.features.first().map_or(0, Vec::len)
    }

    fn write(&self, index: usize, out: &mut Vec<f32>) {
        out.extend(self.features[index].iter().map(|&x| x as f32));
    }

    fn class(&self, index: usize) -> u32 {
        self.classes[index] as u32
    }
}

/// Measures the float network, the collapsed map and the integer map. Of a single output it also
/// gives the areas under the ROC curve, if the rows are of both classes.
fn measure(
    network: &Network,
    model: &Model,
    rows: &Rows,
) -> Result<(Accuracy, Option<Aucs>), TrainError> {
    let quantization = model.card().quantization();
    let mut right = [0_usize; 3];
    let (mut float_scores, mut integer_scores) = (Vec::new(), Vec::new());
    let mut largest_change: f64 = 0.0;
    for (features, &label) in rows.features.iter().zip(&rows.classes) {
        let float = model.float_map().evaluate(features)?;
        let quantize = |(feature, &x)| quantization.quantize(feature, x).0;
        let quantized: Vec<u32> = features.iter().enumerate().map(quantize).collect();
        let integer = model.integer_map().evaluate(&quantized)?;
        let scales = &model.card().output().scales;
        let integer: Vec<f64> = integer
            .iter()
            .zip(scales)
            .map(|(&q, s)| q as f64 * s)
            .collect();
        let predicted = [
            class(&network.evaluate(features)?),
            class(&float),
            class(&integer),
        ];
        for (right, index) in right.iter_mut().zip(predicted) {
            *right += usize::from(index == label);
        }
        let changes = probabilities(&float)
            .into_iter()
            .zip(probabilities(&integer));
        largest_change = changes
            .map(|(p, q)| (p - q).abs())
            .fold(largest_change, f64::max);
        float_scores.push(float[0]);
        integer_scores.push(integer[0]);
    }
    let share = |right| right as f64 / rows.len() as f64;
    let [network, collapsed, quantized] = right.map(share);
    let accuracy = Accuracy {
        records: rows.len(),
        network,
        collapsed,
        quantized,
    };
    let positive: Vec<bool> = rows.classes.iter().map(|&class| class == 1).collect();
    let single = model.card().outputs() == 1;
    let areas = auc(&float_scores, &positive).zip(auc(&integer_scores, &positive));
    let aucs = areas.filter(|_| single).map(|(collapsed, quantized)| Aucs {
        collapsed,
        quantized,
        largest_change,
    });
    Ok((accuracy, aucs))
}
