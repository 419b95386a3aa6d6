//! Training a model of a table's rows.
//!
//! Every n-th row is held out, to measure with. From the others come the preprocessing, the
//! network, and the quantisation: the cheapest that changes its scores little. What is predicted is
//! a class, one of two, with a single sigmoid output, or one of several, with softmax; or a number.

mod classes;
mod error;
mod fit;
mod measure;
mod options;
mod read;
mod rows;
mod target;

pub use self::error::TableError;
pub use self::options::{TableOptions, Task};
pub use self::read::LabelledTable;

use self::fit::Fitted;
use self::rows::Rows;
use self::target::{Target, Truth};
use crate::draft::drafted;
use crate::error::TrainError;
use crate::layers::train_layers;
use crate::optimize::Examples as _;
use crate::progress::Progress;
use veilcast_card::{Input, InputBits, InputKind, Layouts, Limits};
use veilcast_model::search::{Goal, HeldOut, Measure};
use veilcast_model::{Blueprint, FloatMap, Model, QuantizationSearch, Scheme};

/// Trains a model on a table; `progress` is called after each mini-batch.
///
/// The model's report has the accuracies, or errors, on the rows held out. Unless options give both
/// the input's and the weights' bits, the quantisation that is cheapest for `scheme` is
/// [searched for](veilcast_model::search::search) on the training rows: for two classes the area
/// under the ROC curve must stay the same, for several the accuracy, and so must the probabilities;
/// for a regression the predicted numbers. They are compared with the float map's, so rows that it
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
            quantization: fitted.quantization(training.input_bits.unwrap_or(InputBits::of::<8>())),
            labels: target.labels(),
            activation: target.activation(),
            units: target.units(),
            threshold: self.threshold(),
            task: None,
            layouts: Layouts::scalar(),
            limits: Limits::default(),
            ways: training.ways.clone(),
            max_weight: training.max_weight(),
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
                None => InputBits::MIN..=self.most_input_bits(),
            },
            max_weight: training.weight_bits.map(|_| training.max_weight()),
            held_out,
            goal,
        }
    }
}
