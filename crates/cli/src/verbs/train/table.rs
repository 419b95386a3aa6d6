//! Training on a table.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::ValueEnum;
use veilcast_card::{RecordError, UnknownCategory};
use veilcast_engine::Paillier;
use veilcast_model::Model;
use veilcast_train::{
    LabelledTable, TableError, TableOptions, Task, TrainError, TreesOptions, train_table,
};

use super::training::{TrainingArgs, show};
use crate::args::ColumnNames;
use crate::failure::Hint as _;
use crate::making::model_name;
use crate::output::Output;

/// A table to learn from.
#[derive(clap::Args)]
pub(super) struct TableArgs {
    /// CSV file with a header, one row per record.
    #[arg(
        long,
        value_name = "FILE.csv",
        conflicts_with = "data",
        requires = "target"
    )]
    table: Option<PathBuf>,
    /// Column to predict.
    #[arg(long, value_name = "COLUMN", requires = "table")]
    target: Option<String>,
    /// Value of the target to distinguish from all others; the greater of two values, if not given.
    #[arg(long, value_name = "VALUE", requires = "table")]
    positive: Option<String>,
    /// Probability above which a record is predicted to be positive, between 0 and 1; 0.5, if not
    /// given. Only for two classes; probabilities stay as they are.
    #[arg(long, value_name = "P", requires = "table")]
    threshold: Option<f64>,
    /// Predict the target as a number, by least squares, not as a class.
    #[arg(long, requires = "table", conflicts_with_all = ["positive", "threshold", "tolerance"])]
    regression: bool,
    /// Unit of the number, such as EUR, for the card.
    #[arg(long, value_name = "UNIT", requires = "regression")]
    unit: Option<String>,
    /// Names of the classes in predictions, for two the positive one last, or the name of the number;
    /// the target's values, or its name, if not given.
    #[arg(long, value_name = "NAMES", requires = "table", value_parser = ColumnNames::parse)]
    labels: Option<ColumnNames>,
    /// Columns to predict from, separated by commas; all but the target, if not given.
    #[arg(long, value_name = "COLUMNS", requires = "table", value_parser = ColumnNames::parse)]
    columns: Option<ColumnNames>,
    /// Hold out every N-th row.
    #[arg(long, value_name = "N", requires = "table", default_value_t = TableOptions::default().held_out)]
    held_out: usize,
    /// What to do with a category that no training row has: refuse its record, or treat it as none
    /// of the known ones.
    #[arg(
        long,
        value_name = "error|zeros",
        requires = "table",
        default_value = "error"
    )]
    unknown_category: Unknown,
    /// Grow boosted decision trees in place of a network. Their structure (which columns are compared
    /// with what) becomes public, and the data owner finds the leaves that a record reaches; the
    /// leaves' values stay private.
    #[arg(
        long,
        requires = "table",
        conflicts_with_all = ["hidden", "epochs", "input_bits"]
    )]
    trees: bool,
    /// Comparisons in a tree, one after another, at most: 1 to 8. With 1 the model is a sum of
    /// functions of single columns.
    #[arg(long, value_name = "N", requires = "trees", default_value_t = TreesOptions::default().depth)]
    tree_depth: usize,
    /// How much rounding to integers may change the probability of a class for any training row, in
    /// percentage points; with --regression the number, in hundredths of its standard deviation.
    #[arg(long, value_name = "POINTS", requires = "table", default_value_t = 100.0 * TableOptions::default().max_change)]
    max_change: f64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Unknown {
    Error,
    Zeros,
}

pub(super) fn train(
    table: &TableArgs,
    args: &TrainingArgs,
    output: Output,
) -> anyhow::Result<Model> {
    let (path, target) = table
        .table
        .as_deref()
        .zip(table.target.as_deref())
        .context("a model is trained on images (--data) or on a table (--table and --target)")?;
    let columns = table.columns.as_ref().map(|names| names.0.as_slice());
    let rows = LabelledTable::open(path, target, columns).map_err(with_hint)?;
    let defaults = TableOptions::default();
    let mut training = defaults.training.clone();
    training.name = model_name(target, "table");
    let task = table.task();
    let defaults = TableOptions { task, ..defaults };
    training.epochs = defaults.suggested_epochs(&rows);
    let options = TableOptions {
        training: args.options(training)?,
        labels: table.labels.clone().map(|names| names.0),
        held_out: table.held_out,
        unknown: match table.unknown_category {
            Unknown::Error => UnknownCategory::Error,
            Unknown::Zeros => UnknownCategory::Zeros,
        },
        trees: table.trees.then(|| TreesOptions {
            depth: table.tree_depth,
            ..TreesOptions::default()
        }),
        max_change: table.max_change / 100.0,
        ..defaults
    };
    let bar = output.progress(None, "training");
    let trained = train_table(&rows, &options, &Paillier, |progress| {
        show(progress, &bar, output);
    });
    bar.finish_and_clear();
    trained.map_err(|error| match error {
        TrainError::Table(error) => with_hint(error),
        error => error.into(),
    })
}

impl TableArgs {
    fn task(&self) -> Task {
        if self.regression {
            return Task::Regression {
                unit: self.unit.clone(),
            };
        }
        Task::Classification {
            positive: self.positive.clone(),
            threshold: self.threshold,
        }
    }
}

/// The error with the option that helps.
fn with_hint(error: TableError) -> anyhow::Error {
    let hint = match &error {
        TableError::Constant { .. }
        | TableError::TooManyCategories { .. }
        | TableError::NotANumber { .. } => "name the columns to predict from with --columns",
        TableError::TooManyClasses { .. } => {
            "name the value to distinguish from all others with --positive, or predict a number with \
             --regression"
        }
        TableError::NoPositive { .. } => {
            "name the value to distinguish from all others with --positive"
        }
        TableError::Record {
            source: RecordError::UnknownCategory { .. },
            ..
        } => "with --unknown-category zeros it counts as none of the known ones",
        _ => return error.into(),
    };
    Err::<(), _>(error).hint(hint).expect_err("it is an error")
}
