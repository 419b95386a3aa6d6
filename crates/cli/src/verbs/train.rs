//! `veilcast train`: a model from labelled images or from a table.

mod images;
mod table;

use std::path::PathBuf;

use indicatif::ProgressBar;
use veilcast_model::check_destination;
use veilcast_train::{Options, Progress, StemOptions};

use self::table::TableArgs;
use crate::output::Output;
use crate::summary::Summary;

/// Train a model on labelled images or on a table, and write its model directory.
///
/// With --data it learns images of digits; the defaults reproduce the built-in model, and with --stem the
/// built-in hybrid model. With --table it
/// learns to predict a column of a CSV file from the others: it finds out which hold numbers and
/// which hold categories, imputes, clips, standardises and encodes them, and holds every fifth row
/// out to measure with. What it finds (medians, means, deviations, ranges, categories) is in the
/// card, which is public; a range's ends are single records' values, 0.5 % of the rows from the
/// ends.
///
/// The network is a chain of dense layers with identity activations, and softmax (for two classes
/// sigmoid, with --regression nothing) on top; it collapses to one affine map, which is rounded to
/// integers. A search finds how finely: in the cheapest way that keeps the results of the map in
/// floats.
#[derive(clap::Args)]
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
    /// Name of the model; "digits" or "digits-hybrid" for images, the target's for a table, if not given.
    #[arg(long)]
    name: Option<String>,
    /// Version of the model.
    #[arg(long, value_name = "VERSION", default_value_t = Options::default().version)]
    model_version: String,
    /// What the model predicts, in a sentence for people.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Widths of the hidden layers, or "none"; 128,64 for images, none for a table and after a
    /// stem, if not given.
    #[arg(long, value_name = "WIDTHS", value_parser = Hidden::parse)]
    hidden: Option<Hidden>,
    /// Passes over the training records; 12, and more for a small table, if not given.
    #[arg(long)]
    epochs: Option<usize>,
    /// Seed of initial weights and shuffling; the same seed gives the same model.
    #[arg(long, default_value_t = Options::default().seed)]
    seed: u64,
    /// Bits of an integer weight, 2 to 16; searched for if not given.
    #[arg(long)]
    weight_bits: Option<u32>,
    /// Bits of an integer feature, 1 to 16; searched for if not given.
    #[arg(long)]
    input_bits: Option<u32>,
    /// How much accuracy the search may give up, in percentage points; for two classes of a table
    /// how much of the area under the ROC curve, in hundredths. 0.1, and 0.02 with --stem, if not
    /// given.
    #[arg(long, value_name = "POINTS")]
    tolerance: Option<f64>,
}

/// The widths of hidden layers, perhaps none.
#[derive(Clone)]
struct Hidden(Vec<usize>);

impl Hidden {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(Vec::new()));
        }
        let widths: Result<_, _> = text.split(',').map(|width| width.trim().parse()).collect();
        widths
            .map(Self)
            .map_err(|_| "write widths such as 128,64, or none".to_owned())
    }
}

pub(crate) fn run(args: Args, output: Output) -> anyhow::Result<()> {
    check_destination(&args.out, args.force)?;
    let model = match &args.data {
        Some(data) => images::train(data, &args, output)?,
        None => table::train(&args.table, &args, output)?,
    };
    model.save(&args.out, args.force)?;
    output.result(&Summary::new(args.out, &model))
}

impl Args {
    /// The options as given, over those that suit the data.
    fn options(&self, defaults: Options) -> Options {
        Options {
            name: self.name.clone().unwrap_or(defaults.name),
            version: self.model_version.clone(),
            description: self.description.clone().unwrap_or(defaults.description),
            hidden: self
                .hidden
                .clone()
                .map_or(defaults.hidden, |hidden| hidden.0),
            epochs: self.epochs.unwrap_or(defaults.epochs),
            seed: self.seed,
            weight_bits: self.weight_bits,
            input_bits: self.input_bits,
            tolerance: self
                .tolerance
                .map_or(defaults.tolerance, |points| points / 100.0),
            ..defaults
        }
    }
}

/// Shows how far training has come.
fn show(progress: Progress, bar: &ProgressBar, output: Output) {
    bar.inc(1);
    if progress.batch == progress.batches {
        let (epoch, epochs, loss) = (progress.epoch, progress.epochs, progress.loss);
        bar.suspend(|| output.note(format!("epoch {epoch} of {epochs}: loss {loss:.4}")));
    }
}
