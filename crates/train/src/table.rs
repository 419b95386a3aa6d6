//! Training a model of a table's rows.
//!
//! Every n-th row is held out, to measure with. From the others come the preprocessing, the
//! network, and the quantisation: the cheapest that changes its scores little. What is predicted is
//! a class, one of two, with a single sigmoid output, or one of several, with softmax; or a number.

mod classes;
mod error;
mod fit;
mod measure;
mod read;
mod target;

pub use self::error::TableError;
pub use self::read::LabelledTable;

use rand::rngs::ChaCha20Rng;

use self::fit::Fitted;
use self::target::{Target, Truth};
use super::optimize::{Examples, Targets};
use super::{Options, Progress, TrainError, drafted, train_layers, wrong};
use veilcast_card::{Input, InputKind, Layouts, Limits, UnknownCategory};
use veilcast_model::search::{Goal, HeldOut, Measure};
use veilcast_model::{Blueprint, FloatMap, Model, QuantizationSearch, Scheme};

/// What to make of a table and how.
#[derive(Clone, Debug, PartialEq)]
pub struct TableOptions {
    /// What any training needs.
    pub training: Options,
    /// What is to be predicted.
    pub task: Task,
    /// The classes' names in predictions, for two the positive one last, or the name of the number
    /// that is predicted; the target's values, or its name, if not given.
    pub labels: Option<Vec<String>>,
    /// Every n-th row is held out, with this n; at least 2.
    pub held_out: usize,
    /// What to do with categories that no training row has.
    pub unknown: UnknownCategory,
    /// How much quantisation may change the probability of a class for any training row, 0 to 1;
    /// for a regression how much it may change the number, in units of the target's standard
    /// deviation.
    pub max_change: f64,
}

/// What is to be predicted for a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Task {
    /// A class: the target's value.
    Classification {
        /// The value that is to be distinguished from all others; the greater of two values (as
        /// text), if not given.
        positive: Option<String>,
        /// The probability above which a row counts as positive, if not 0.5; only for two classes.
        threshold: Option<f64>,
    },
    /// A number, by least squares.
    Regression {
        /// Its unit, such as EUR.
        unit: Option<String>,
    },
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
            task: Task::Classification {
                positive: None,
                threshold: None,
            },
            labels: None,
            held_out: 5,
            unknown: UnknownCategory::Error,
            max_change: 0.02,
        }
    }
}

/// Trains a model on a table; `progress` is called after each mini-batch.
///
/// The model's report has the accuracies, or errors, on the rows held out. Unless options give both
/// the input's and the weights' bits, the quantisation that costs `scheme` least is
/// [searched for](veilcast_model::search::search) on the training rows: for two classes the area
/// under the ROC curve must stay the same, for several the accuracy, and so must the probabilities;
/// for a regression the predicted numbers. They are compared to the float map's, so that rows it
/// was trained on serve as well as others.
///
/// # Errors
/// [`TrainError`] if options or table don't fit, or training fails.
pub fn train_table(
    table: &LabelledTable,
    options: &TableOptions,
    scheme: &dyn Scheme,
    mut progress: impl FnMut(Progress),
) -> Result<Model, TrainError> {
    let training = &options.training;
    options.check()?;
    let (trained_on, held_out) = table.split(options.held_out)?;
    let target = Target::find(table, &trained_on, options)?;
    let fitted = fit::fit(table, &trained_on, options.unknown)?;
    let blueprint = options.blueprint(table, &target, &fitted);
    let (features, outputs) = (fitted.features(), target.outputs());
    drafted(&blueprint, features, outputs)?;
    let rows = |part: &[usize]| Rows::of(table, part, &blueprint.input, &target);
    let (trained_on, held_out) = (rows(&trained_on)?, rows(&held_out)?);
    let trained = train_layers(&trained_on, outputs, training, &mut progress)?;
    let network = target.in_its_unit(trained.network)?;
    let collapsed = network.collapse()?;
    let map = match outputs {
        1 => collapsed,
        _ => collapsed.centred()?,
    };
    let compared = target.to_compare(&map)?;
    let search = match (training.input_bits, training.weight_bits) {
        (Some(_), Some(_)) => None,
        _ => Some(options.search(&compared, &trained_on)),
    };
    let quantization = |bits| fitted.quantization(bits);
    let model = blueprint.finish(map, &quantization, search.as_ref(), scheme)?;
    let measured = measure::measure(&network, &model, &held_out)?;
    Ok(model.reporting(|report| {
        measured.tell(report);
        report.training = Some(training.report(trained_on.len(), trained.final_loss));
    }))
}

impl TableOptions {
    /// Passes over the training rows that suit a table: few rows need more passes, since the
    /// weights need some steps to get anywhere.
    pub fn suggested_epochs(&self, table: &LabelledTable) -> usize {
        let min_steps: usize = match self.task {
            Task::Classification { .. } => 200,
            Task::Regression { .. } => 2000,
        };
        let trained_on = table.len() - table.len() / self.held_out.max(1);
        let batches = trained_on.div_ceil(self.training.batch_size.max(1)).max(1);
        min_steps.div_ceil(batches).max(Options::default().epochs)
    }

    fn check(&self) -> Result<(), TrainError> {
        self.training.check()?;
        if self.held_out < 2 {
            return wrong(
                "the share of rows held out",
                &self.held_out,
                "one in 2 or more",
            );
        }
        if !(0.0..=1.0).contains(&self.max_change) {
            return wrong("the largest change by rounding", &self.max_change, "0 to 1");
        }
        Ok(())
    }

    /// What the card is to say; numbers that are searched for, and all that depends on them, come
    /// later.
    fn blueprint(&self, table: &LabelledTable, target: &Target, fitted: &Fitted) -> Blueprint {
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
            public_part: None,
            quantization: fitted.quantization(training.input_bits.unwrap_or(8)),
            labels: target.labels(),
            activation: target.activation(),
            units: target.units(),
            threshold: self.threshold(),
            layouts: Layouts::scalar(),
            limits: Limits::default(),
            max_weight: training.max_weight(),
        }
    }

    fn threshold(&self) -> Option<f64> {
        match self.task {
            Task::Classification { threshold, .. } => threshold,
            Task::Regression { .. } => None,
        }
    }

    /// Most input bits that are searched: probabilities hide small changes, numbers don't.
    fn most_input_bits(&self) -> u32 {
        match self.task {
            Task::Classification { .. } => 8,
            Task::Regression { .. } => 12,
        }
    }

    fn search<'a>(&self, map: &'a FloatMap, rows: &'a Rows) -> QuantizationSearch<'a> {
        let training = &self.training;
        let held_out = HeldOut {
            records: &rows.features,
            labels: match &rows.truth {
                Truth::Classes(classes) => classes,
                Truth::Numbers(..) => &[],
            },
        };
        let goal = match (&rows.truth, map.outputs()) {
            (Truth::Numbers(..), _) => Goal::change(self.max_change),
            (Truth::Classes(_), outputs) => Goal {
                measure: match outputs {
                    1 => Measure::Auc,
                    _ => Measure::Accuracy,
                },
                tolerance: training.tolerance,
                max_change: Some(self.max_change),
                threshold: self.threshold(),
            },
        };
        QuantizationSearch {
            map,
            input_bits: match training.input_bits {
                Some(bits) => bits..=bits,
                None => 1..=self.most_input_bits(),
            },
            max_weight: training.weight_bits.map(|_| training.max_weight()),
            held_out,
            goal,
        }
    }
}

/// Preprocessed rows with their true classes or numbers.
struct Rows {
    features: Vec<Vec<f64>>,
    truth: Truth,
}

impl Rows {
    fn of(
        table: &LabelledTable,
        rows: &[usize],
        input: &Input,
        target: &Target,
    ) -> Result<Self, TableError> {
        let features = rows.iter().map(|&row| table.features(row, input));
        Ok(Self {
            features: features.collect::<Result<_, _>>()?,
            truth: target.truth(table, rows)?,
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

    fn write(&self, index: usize, _: &mut ChaCha20Rng, out: &mut Vec<f32>) {
        out.extend(self.features[index].iter().map(|&x| x as f32));
    }

    fn targets(&self, indices: &[usize]) -> Targets {
        self.truth.targets(indices)
    }
}
