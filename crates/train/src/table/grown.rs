//! Boosted trees in place of a network.

use veilcast_card::{Preprocessing, Step};
use veilcast_model::{HiddenActivation, TrainingReport, TreesReport};

use super::fit::Fitted;
use super::target::{Target, Truth};
use super::{LabelledTable, TableOptions};
use crate::error::TrainError;
use crate::progress::Progress;
use crate::trained::Layers;
use crate::trees::{TreesOptions, Truths, boost};
use veilcast_card::Input;

/// What was learnt from the training rows.
pub(super) struct Learnt {
    /// With the trees as its last step.
    pub(super) fitted: Fitted,
    /// From leaves to scores.
    pub(super) network: Layers,
    pub(super) report: TrainingReport,
}

/// Grows trees on the training rows.
pub(super) fn grow(
    table: &LabelledTable,
    trained_on: &[usize],
    target: &Target,
    fitted: Fitted,
    input: &Input,
    (options, trees): (&TableOptions, &TreesOptions),
    progress: &mut dyn FnMut(Progress),
) -> Result<Learnt, TrainError> {
    let places = table.places(input);
    let rows = trained_on
        .iter()
        .map(|&row| table.numbers(row, &places, input));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    let truth = target.truth(table, trained_on)?;
    let truths = match &truth {
        Truth::Classes(classes) => Truths::Classes {
            classes,
            outputs: target.outputs(),
        },
        Truth::Numbers(_, learnt) => Truths::Numbers(learnt),
    };
    let gaps = gaps(table, &places, input);
    let seed = options.training.seed;
    let boosted = boost(&rows, &gaps, &truths, trees, seed, progress)?;
    let (count, leaves) = boosted.sum.size();
    let (step, map) = boosted.sum.into_map()?;
    let report = TrainingReport {
        hidden: Vec::new(),
        epochs: boosted.rounds,
        batch_size: rows.len(),
        learning_rate: trees.learning_rate,
        trees: Some(TreesReport {
            depth: trees.depth,
            trees: count,
            leaves,
        }),
        ..options.training.report(rows.len(), boosted.loss)
    };
    Ok(Learnt {
        fitted: fitted.with_trees(step, map.inputs()),
        network: target.in_its_unit(Layers::new(vec![map], HiddenActivation::Identity)?)?,
        report,
    })
}

/// The columns whose number some row of the table lacks, also one that isn't trained on.
fn gaps(table: &LabelledTable, places: &[usize], input: &Input) -> Vec<usize> {
    // A row that can't be prepared is told of where it is measured.
    let all = (0..table.len()).filter_map(|row| table.numbers(row, places, input).ok());
    let mut gaps = Vec::new();
    for row in all {
        gaps.resize(row.len(), false);
        for (gap, number) in gaps.iter_mut().zip(&row) {
            *gap |= number.is_none();
        }
    }
    (0..gaps.len()).filter(|&column| gaps[column]).collect()
}

impl Fitted {
    /// The same for trees, which take numbers as they are, and missing ones too.
    pub(super) fn for_trees(mut self) -> Self {
        let missing = self.preprocessing.missing;
        let steps = self.preprocessing.steps.into_iter();
        let steps = steps.filter_map(|step| match step {
            Step::Impute { mut values } => {
                values.retain(|_, value| matches!(value, veilcast_card::Imputed::Text(_)));
                (!values.is_empty()).then_some(Step::Impute { values })
            }
            Step::Clip { .. } | Step::Standardize { .. } => None,
            step => Some(step),
        });
        self.preprocessing = Preprocessing::new(steps.collect()).with_missing(missing);
        self
    }

    /// The same with trees as the last step, which give features of 0 or 1.
    fn with_trees(mut self, trees: Step, features: usize) -> Self {
        self.preprocessing.steps.push(trees);
        let Preprocessing { missing, steps, .. } = self.preprocessing;
        self.preprocessing = Preprocessing::new(steps).with_missing(missing);
        self.ranges = vec![[0.0, 1.0]; features];
        self
    }
}
