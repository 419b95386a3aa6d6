//! Training on a table.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::ValueEnum;
use veilcast_card::{RecordError, UnknownCategory};
use veilcast_engine::Paillier;
use veilcast_files::ReadError;
use veilcast_files::table::Unreadable;
use veilcast_train::{
    LabelledTable, MissingTarget, Selection, TableError, TableOptions, Task, TrainError,
    TrainedOnTable, TreesOptions, train_table,
};

use super::about;
use super::training::TrainingArgs;
use crate::args::{ColumnNames, ReadingArgs};
use crate::failure::Hint as _;
use crate::making::model_name;
use crate::output::Output;

/// A table to learn from.
#[derive(clap::Args)]
pub(super) struct TableArgs {
    /// Table with a header, one row per record: CSV, Parquet, Arrow or a workbook; `-` for CSV or
    /// a stream of Arrow on standard input.
    #[arg(
        long,
        value_name = "FILE",
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
    /// Columns not to predict from, separated by commas.
    #[arg(long, value_name = "COLUMNS", requires = "table", conflicts_with = "columns", value_parser = ColumnNames::parse)]
    ignore_columns: Option<ColumnNames>,
    /// Columns of categories even if their cells are numbers, such as codes, separated by commas.
    #[arg(long, value_name = "COLUMNS", requires = "table", value_parser = ColumnNames::parse)]
    categories: Option<ColumnNames>,
    /// Spellings of a missing cell beside the empty cell, separated by commas; "" for none. If not
    /// given: NA, N/A, NaN, NULL, None, ?, -, a point and the like, which in a column of texts are
    /// categories.
    #[arg(long, value_name = "TEXTS", requires = "table", allow_hyphen_values = true, value_parser = missing)]
    missing: Option<ColumnNames>,
    /// What to do with rows without a target.
    #[arg(
        long,
        value_name = "leave-out|refuse",
        requires = "table",
        default_value = "leave-out"
    )]
    missing_target: WithoutTarget,
    /// CSV file of what people should know about columns, for the card: with the columns column, and
    /// label, unit or description.
    #[arg(long, value_name = "FILE.csv", requires = "table")]
    about: Option<PathBuf>,
    #[command(flatten)]
    reading: ReadingArgs,
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
    /// Fewest training rows of a category that is learnt; rarer ones count as none of the known ones,
    /// and aren't in the card. More than 1 needs --unknown-category zeros.
    #[arg(long, value_name = "ROWS", requires = "table", default_value_t = TableOptions::default().fewest)]
    rare_categories: usize,
    /// Grow boosted decision trees in place of a network. Their structure (which columns are compared
    /// with what) becomes public, and the data owner finds the leaves that a record reaches; the
    /// leaves' values stay private.
    #[arg(
        long,
        requires = "table",
        conflicts_with_all = ["hidden", "activation", "epochs", "input_bits"]
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

/// The widths of hidden layers that square, if not given.
const SQUARES: [usize; 1] = [16];

#[derive(Clone, Copy, ValueEnum)]
enum WithoutTarget {
    LeaveOut,
    Refuse,
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
) -> anyhow::Result<TrainedOnTable> {
    let (path, target) = table
        .table
        .as_deref()
        .zip(table.target.as_deref())
        .context("a model is trained on images (--data) or on a table (--table and --target)")?;
    let rows = LabelledTable::open(path, target, &table.selection()?).map_err(with_hint)?;
    let defaults = TableOptions::default();
    let mut training = defaults.training.clone();
    training.name = model_name(target, "table");
    if args.squares() {
        training.hidden = SQUARES.to_vec();
    }
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
        fewest: table.rare_categories,
        by_epochs: args.names_epochs(),
        trees: table.trees.then(|| TreesOptions {
            depth: table.tree_depth,
            ..TreesOptions::default()
        }),
        max_change: table.max_change / 100.0,
        ..defaults
    };
    let bar = output.progress(None, "training");
    let trained = train_table(&rows, &options, &Paillier, |_| bar.inc(1));
    bar.finish_and_clear();
    trained.map_err(|error| match error {
        TrainError::Table(error) => with_hint(error),
        error => error.into(),
    })
}

impl TableArgs {
    fn selection(&self) -> anyhow::Result<Selection> {
        let names = |given: &Option<ColumnNames>| given.clone().map(|names| names.0);
        let about = self.about.as_deref().map(about::read).transpose()?;
        Ok(Selection {
            columns: names(&self.columns),
            ignore: names(&self.ignore_columns).unwrap_or_default(),
            categories: names(&self.categories).unwrap_or_default(),
            missing: names(&self.missing),
            missing_target: match self.missing_target {
                WithoutTarget::LeaveOut => MissingTarget::LeaveOut,
                WithoutTarget::Refuse => MissingTarget::Refuse,
            },
            reading: self.reading.reading(),
            about: about.unwrap_or_default(),
        })
    }

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

/// Reads spellings separated by commas, perhaps none.
fn missing(text: &str) -> Result<ColumnNames, String> {
    match text.trim() {
        "" => Ok(ColumnNames(Vec::new())),
        _ => {
            ColumnNames::parse(text).map_err(|_| "write texts such as NA,-999, or \"\"".to_owned())
        }
    }
}

/// The error with the option that helps.
fn with_hint(error: TableError) -> anyhow::Error {
    let hint = match &error {
        TableError::Read(ReadError::NotANumber {
            fault: Unreadable::Ambiguous | Unreadable::OtherDecimal,
            ..
        }) => "say which is the decimal mark with --decimal point or --decimal comma",
        TableError::Read(ReadError::NotANumber { .. }) => {
            "if it means a missing cell, say so with --missing; if the column holds codes, name it with \
             --categories; or leave the column out with --ignore-columns"
        }
        TableError::Read(ReadError::NotUtf8 { .. }) => {
            "name the encoding with --encoding, such as windows-1252"
        }
        TableError::Constant { .. }
        | TableError::TooManyCategories { .. }
        | TableError::OtherDates { .. } => "leave columns out with --ignore-columns",
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
