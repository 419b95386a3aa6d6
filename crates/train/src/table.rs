//! Training a model of a table's rows.
//!
//! Every n-th row is held out, to measure with. From the others come the preprocessing, the
//! network, and the quantisation: the cheapest that changes its scores little. What is predicted is
//! a class, one of two, with a single sigmoid output, or one of several, with softmax; or a number.
//! Whatever isn't as it seems to be, or is left out, is told as a [`Finding`].

mod classes;
mod columns;
mod converge;
mod error;
mod findings;
mod fit;
mod grown;
mod leaks;
mod measure;
mod objective;
mod options;
mod read;
mod rows;
mod selection;
mod target;

pub use self::error::TableError;
pub use self::findings::{Finding, Reason};
pub use self::options::{TableOptions, Task};
pub use self::read::LabelledTable;
pub use self::selection::{MissingTarget, Selection};

use self::columns::Categories;
use self::converge::converge;
use self::fit::Fitted;
use self::grown::Learnt;
use self::rows::Rows;
use self::target::{Target, Truth};
use crate::draft::drafted;
use crate::error::TrainError;
use crate::layers::train_layers;
use crate::options::Options;
use crate::progress::Progress;
use crate::trained::{RoundingSearch, build};
use veilcast_card::{Input, InputBits, InputKind, Layouts, Limits};
use veilcast_model::search::{Goal, HeldOut, Measure};
use veilcast_model::{Blueprint, HiddenActivation, Model, Scheme, TrainingReport};

/// A model that was trained on a table, and what was found out about the table.
pub struct TrainedOnTable {
    /// The model.
    pub model: Model,
    /// What people should know.
    pub findings: Vec<Finding>,
}

/// Trains a model on a table; `progress` is called after each step.
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
) -> Result<TrainedOnTable, TrainError> {
    options.check()?;
    let options = &options.settled();
    let training = &options.training;
    let (trained_on, held_out) = table.split(options.held_out)?;
    let target = Target::find(table, &trained_on, options)?;
    let policy = Categories {
        unknown: options.unknown,
        fewest: options.fewest,
    };
    let mut fitted = fit::fit(table, &trained_on, policy)?;
    let outputs = target.outputs();
    let mut draft = options.blueprint(table, &target, &fitted);
    drafted(&draft, fitted.features(), outputs)?;
    // A row that can't be measured is told before time is spent on training.
    let (held_out, not_measured) = rows::measurable(table, &held_out, &draft.input, &target)?;
    let rows = Rows::of(table, &trained_on, &draft.input, &target)?;
    let mut findings = table.findings().to_vec();
    findings.append(&mut fitted.findings);
    findings.extend(target.rare());
    findings.extend(leaks::find(&rows, &draft.input, target.labels().len()));
    if not_measured > 0 {
        findings.push(Finding::NotMeasured(not_measured));
    }
    let learnt = match &options.trees {
        Some(trees) => {
            fitted = fitted.for_trees();
            findings
                .iter_mut()
                .for_each(|finding| finding.for_trees(&fitted.preprocessing));
            draft = options.blueprint(table, &target, &fitted);
            let (input, options) = (&draft.input, (options, trees));
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
        None if options.by_epochs || !converges(training) => {
            let trained = train_layers(&rows, outputs, training, &mut progress)?;
            Learnt {
                fitted,
                network: target.in_its_unit(trained.network)?,
                report: training.report(rows.features.len(), trained.final_loss),
            }
        }
        None => {
            let found = converge(&rows, outputs, training, &mut progress)?;
            Learnt {
                fitted,
                network: target.in_its_unit(found.network)?,
                report: TrainingReport {
                    penalty: Some(found.penalty),
                    path: found.path,
                    epochs: 0,
                    batch_size: rows.features.len(),
                    learning_rate: 0.0,
                    ..training.report(rows.features.len(), found.loss)
                },
            }
        }
    };
    let Learnt {
        fitted,
        network,
        report: training_report,
    } = learnt;
    let blueprint = options.blueprint(table, &target, &fitted);
    let trained_on = match &options.trees {
        Some(_) => Rows::of(table, &trained_on, &blueprint.input, &target)?,
        None => rows,
    };
    let held_out = Rows::of(table, &held_out, &blueprint.input, &target)?;
    let collapsed = network.collapse(outputs > 1)?;
    let search = match (training.input_bits, training.weight_bits) {
        (Some(_), Some(_)) => None,
        _ => Some(options.search(outputs, &trained_on)),
    };
    let quantization = |bits| fitted.quantization(bits);
    let deviation = target.deviation();
    let model = build(
        blueprint,
        &collapsed,
        &quantization,
        search,
        deviation,
        scheme,
    )?;
    let measured = measure::measure(&network, &model, &held_out, target.most_frequent())?;
    let model = model.reporting(|report| {
        measured.tell(report);
        report.training = Some(training_report);
    });
    Ok(TrainedOnTable { model, findings })
}

/// Whether layers are trained until they have converged, if no number of passes is given.
fn converges(training: &Options) -> bool {
    training.hidden.is_empty() || training.activation == HiddenActivation::Square
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
                fitted.columns.len()
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
                shape: vec![fitted.columns.len()],
                features: Some(fitted.columns.clone()),
                fit: None,
                about: fitted.about.clone(),
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

    fn search<'a>(&self, outputs: usize, rows: &'a Rows) -> RoundingSearch<'a> {
        let training = &self.training;
        let held_out = HeldOut {
            records: &rows.features,
            labels: match &rows.truth {
                Truth::Classes(classes) => classes,
                Truth::Numbers(..) => &[],
            },
        };
        let goal = match (&rows.truth, outputs) {
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
        RoundingSearch {
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
