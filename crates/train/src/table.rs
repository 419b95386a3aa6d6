//! Training a model of a table's rows.
//!
//! Every n-th row is held out, to measure with. From the others come the preprocessing, the
//! network, and the quantisation: the cheapest that changes its scores little. What is predicted is
//! a class, one of two, with a single sigmoid output, or one of several, with softmax; or a number.

mod classes;
mod error;
mod fit;
mod grown;
mod measure;
mod options;
mod read;
mod rows;
mod target;

pub use self::error::TableError;
pub use self::options::{TableOptions, Task};
pub use self::read::LabelledTable;

use self::fit::Fitted;
use self::grown::Learnt;
use self::rows::Rows;
use self::target::{Target, Truth};
use crate::draft::drafted;
use crate::error::TrainError;
use crate::layers::train_layers;
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
    options.check()?;
    let options = &options.settled();
    let training = &options.training;
    let (trained_on, held_out) = table.split(options.held_out)?;
    let target = Target::find(table, &trained_on, options)?;
    let mut fitted = fit::fit(table, &trained_on, options.unknown)?;
    if options.trees.is_some() {
        fitted = fitted.for_trees();
    }
    let outputs = target.outputs();
    let draft = options.blueprint(table, &target, &fitted);
    drafted(&draft, fitted.features(), outputs)?;
    // A row that can't be measured is told before time is spent on training.
    for &row in &held_out {
        table.numbers(row, &draft.input)?;
    }
    let rows = |part: &[usize], input: &Input| Rows::of(table, part, input, &target);
    let learnt = match &options.trees {
        Some(trees) => {
            let options = (options, trees);
            let input = &draft.input;
            let progress = &mut progress;
            grown::grow(
                table,
                &trained_on,
                &target,
                fitted,
                input,
                options,
                progress,
            )?
        }
        None => {
            let rows = rows(&trained_on, &draft.input)?;
            let trained = train_layers(&rows, outputs, training, &mut progress)?;
            Learnt {
                fitted,
                network: target.in_its_unit(trained.network)?,
                report: training.report(rows.features.len(), trained.final_loss),
            }
        }
    };
    let Learnt {
        fitted,
        network,
        report: training_report,
    } = learnt;
    let blueprint = options.blueprint(table, &target, &fitted);
    let trained_on = rows(&trained_on, &blueprint.input)?;
    let held_out = rows(&held_out, &blueprint.input)?;
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
        report.training = Some(training_report);
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
