//! `veilcast train`: a model from labelled images.

use std::fmt;
use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;
use veilcast_model::idx::{LabelledImages, Split};
use veilcast_model::search::{SearchReport, batch_cost};
use veilcast_model::train::{Options, train};
use veilcast_model::{Accuracy, check_destination};

use crate::failure::Hint as _;
use crate::output::Output;

/// Train a digit model on labelled images, and write its model directory.
///
/// The defaults reproduce the built-in model. The network is a chain of dense layers with
/// identity activations, and softmax while training; it collapses to one affine map, which is
/// rounded to integers. How finely is searched for: the cheapest way that is as accurate as the
/// map in floats, less the tolerance, on a sixth of the training images that is kept from training.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Directory of IDX files with MNIST's names, plain or .gz.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Model directory to write.
    #[arg(long, value_name = "MODEL_DIR")]
    out: PathBuf,
    /// Replace the model directory if it exists.
    #[arg(long)]
    force: bool,
    /// Name of the model.
    #[arg(long, default_value_t = Options::default().name)]
    name: String,
    /// Version of the model.
    #[arg(long, value_name = "VERSION", default_value_t = Options::default().version)]
    model_version: String,
    /// Widths of the hidden layers, or "none".
    #[arg(long, value_name = "WIDTHS", default_value = "128,64", value_parser = Hidden::parse)]
    hidden: Hidden,
    /// Passes over the training images.
    #[arg(long, default_value_t = Options::default().epochs)]
    epochs: usize,
    /// Seed of initial weights and shuffling; the same seed gives the same model.
    #[arg(long, default_value_t = Options::default().seed)]
    seed: u64,
    /// Bits of an integer weight, 2 to 16; searched for if not given.
    #[arg(long)]
    weight_bits: Option<u32>,
    /// Bits of an integer pixel, 1 to 16; searched for if not given.
    #[arg(long)]
    input_bits: Option<u32>,
    /// How much accuracy the search may give up, in percentage points.
    #[arg(long, value_name = "POINTS", default_value_t = 100.0 * Options::default().tolerance)]
    tolerance: f64,
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

#[derive(Serialize)]
struct Trained {
    model: PathBuf,
    card_digest: String,
    slot_bits: u32,
    accuracy: Option<Accuracy>,
    search: Option<SearchReport>,
}

impl fmt::Display for Trained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(search) = &self.search {
            write_search(f, search)?;
        }
        if let Some(Accuracy {
            records,
            network,
            collapsed,
            quantized,
        }) = self.accuracy
        {
            writeln!(f, "accuracy on {records} test images")?;
            writeln!(f, "  float network   {network:.4}")?;
            writeln!(f, "  collapsed map   {collapsed:.4}")?;
            writeln!(f, "  quantised map   {quantized:.4}")?;
        }
        writeln!(f, "scores have at most {} bits", self.slot_bits)?;
        writeln!(f, "card {}", self.card_digest)?;
        write!(f, "model written to {}", self.model.display())
    }
}

/// What was tried: of those that weren't chosen, each that was more accurate than all cheaper ones.
fn write_search(f: &mut fmt::Formatter<'_>, search: &SearchReport) -> fmt::Result {
    let SearchReport {
        records,
        float_accuracy,
        ..
    } = search;
    writeln!(
        f,
        "quantisations by cost, on {records} images kept from training"
    )?;
    writeln!(
        f,
        "  pixel bits  weight bits (largest)  score bits  accuracy        cost"
    )?;
    let mut best = 0.0;
    for trial in &search.trials {
        if trial.accuracy <= best && !trial.chosen {
            continue;
        }
        best = trial.accuracy;
        let weights = format!("{} ({})", trial.weight_bits, trial.max_weight);
        writeln!(
            f,
            "  {:>10}  {weights:>21}  {:>10}  {:>8.4}  {:>10.3e}{}",
            trial.input_bits,
            trial.slot_bits,
            trial.accuracy,
            trial.cost,
            if trial.chosen { "  chosen" } else { "" }
        )?;
    }
    writeln!(f, "  float map {float_accuracy:>45.4}")?;
    if !search.keeps_accuracy() {
        writeln!(f, "  none is accurate enough: the most accurate is taken")?;
    }
    Ok(())
}

pub(crate) fn run(args: Args, output: Output) -> anyhow::Result<()> {
    check_destination(&args.out, args.force)?;
    let open = |split| {
        LabelledImages::open(&args.data, split)
            .with_context(|| format!("can't use the images in {}", args.data.display()))
            .hint("give a directory with MNIST's four files, such as data/mnist")
    };
    let (images, test) = (open(Split::Train)?, open(Split::Test)?);
    let options = Options {
        name: args.name,
        version: args.model_version,
        hidden: args.hidden.0,
        epochs: args.epochs,
        seed: args.seed,
        weight_bits: args.weight_bits,
        input_bits: args.input_bits,
        tolerance: args.tolerance / 100.0,
        ..Options::default()
    };
    let steps = images.len().div_ceil(options.batch_size) * options.epochs;
    let bar = output.progress(Some(steps as u64), "training");
    let model = train(&images, &test, &options, &batch_cost, |progress| {
        bar.inc(1);
        if progress.batch == progress.batches {
            let (epoch, epochs, loss) = (progress.epoch, progress.epochs, progress.loss);
            bar.suspend(|| output.note(format!("epoch {epoch} of {epochs}: loss {loss:.4}")));
        }
    })?;
    bar.finish_and_clear();
    model.save(&args.out, args.force)?;
    output.result(&Trained {
        model: args.out,
        card_digest: model.card_digest().to_string(),
        slot_bits: model.card().slot_bits(),
        accuracy: model.report().and_then(|report| report.accuracy),
        search: model.report().and_then(|report| report.search.clone()),
    })
}
