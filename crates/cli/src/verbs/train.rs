//! `veilcast train`: a model from labelled images or from a table.

mod about;
mod images;
mod table;
mod training;

use std::path::PathBuf;

use veilcast_train::StemOptions;

use self::table::TableArgs;
use self::training::TrainingArgs;
use crate::making;
use crate::output::Output;
use crate::summary::Summary;

/// Train a model on labelled images or on a table, and write its model directory.
///
/// With --data it learns images of digits; the defaults reproduce the built-in model, and with --stem the
/// built-in hybrid model. With --table it
/// learns to predict a column of a CSV file from the others: it detects which hold numbers and
/// which hold categories, imputes, clips, standardises and encodes them, and holds every fifth row
/// out for measuring. It trains until it has converged, with the penalty on the weights that predicts
/// best. Whatever isn't as it seems to be, or is left out, is told. What it finds (medians, means, deviations, ranges, categories) is in the
/// public card; a range's ends are values of individual records, 0.5 % of the rows from the ends.
///
/// With --trees, a table's model is a sum of boosted decision trees.
///
/// The network is a chain of dense layers with identity activations, and softmax (for two classes
/// sigmoid, with --regression nothing) on top; it collapses to one affine map, which is rounded to
/// integers. A search finds the cheapest rounding that keeps the results of the map in floats.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::TRAIN)]
pub(crate) struct Args {
    /// Directory of IDX files with MNIST's names, plain or .gz.
    #[arg(long, value_name = "DIR", required_unless_present = "table")]
    data: Option<PathBuf>,
    /// Train a hybrid model: the stem, a small convolutional network that turns an image into a few
    /// numbers, becomes public, and the data owner runs it; the weights that turn these
    /// numbers into scores stay private. Far more accurate, and far cheaper to compute on
    /// ciphertexts.
    #[arg(long, conflicts_with = "table")]
    stem: bool,
    /// How many numbers the stem returns.
    #[arg(long, value_name = "N", requires = "stem", default_value_t = StemOptions::default().features)]
    features: usize,
    #[command(flatten)]
    table: TableArgs,
    /// Model directory to write.
    #[arg(long, value_name = "MODEL_DIR")]
    out: PathBuf,
    /// Replace the model directory if it exists.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    training: TrainingArgs,
}

pub(crate) fn run(args: Args, output: Output) -> anyhow::Result<()> {
    making::check_destination(&args.out, args.force)?;
    let (model, notes) = match &args.data {
        Some(data) => {
            let features = args.stem.then_some(args.features);
            (
                images::train(data, features, &args.training, output)?,
                Vec::new(),
            )
        }
        None => {
            let trained = table::train(&args.table, &args.training, output)?;
            let notes = trained.findings.iter().map(ToString::to_string).collect();
            (trained.model, notes)
        }
    };
    making::save(&model, &args.out, args.force)?;
    for note in &notes {
        match note.starts_with("warning: ") {
            true => output.note(note),
            false => output.note(format!("note: {note}")),
        }
    }
    output.result(&Summary::new(args.out, &model).with_notes(notes))
}
