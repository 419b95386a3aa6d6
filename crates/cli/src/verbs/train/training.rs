//! The arguments of any training.

use clap::ValueEnum;
use indicatif::ProgressBar;
use veilcast_card::{BitsError, InputBits, WeightBits};
use veilcast_model::HiddenActivation;
use veilcast_train::{Options, Progress};

use crate::args::Ways;
use crate::output::Output;

/// The arguments of any training.
#[derive(clap::Args)]
pub(super) struct TrainingArgs {
    /// Name of the model; "digits", "digits-square" or "digits-hybrid" for images, the target's for a table, if not given.
    #[arg(long)]
    name: Option<String>,
    /// Version of the model.
    #[arg(long, value_name = "VERSION", default_value_t = Options::default().version)]
    model_version: String,
    /// What the model predicts, in a sentence for people.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Ways in which the model is offered: direct, vouchers, or both (the default).
    #[arg(long, value_name = "WAYS", value_parser = Ways::parse)]
    ways: Option<Ways>,
    /// Widths of the hidden layers, or "none"; 128,64 for images, none for a table and after a
    /// stem, if not given. Of layers that square: 64 for images, 16 for a table.
    #[arg(long, value_name = "WIDTHS", value_parser = Hidden::parse)]
    hidden: Option<Hidden>,
    /// What hidden layers do with their numbers: nothing, so that the network collapses to one
    /// affine map; or they square them, which bends the network. Then 1 to 4 layers are possible.
    #[arg(long, value_name = "identity|square", default_value = "identity")]
    activation: Activation,
    /// Passes over the training records; 12 for images, 40 with hidden layers that square, if not
    /// given. Without hidden layers, or with such that square, a table is learnt until training has
    /// converged, unless this is given.
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
    /// How much accuracy the search may give up, in percentage points; for two classes of a table,
    /// how much of the area under the ROC curve, in hundredths. 0.1, or 0.02 with --stem, if not
    /// given.
    #[arg(long, value_name = "POINTS")]
    tolerance: Option<f64>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Activation {
    Identity,
    Square,
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

impl TrainingArgs {
    /// Whether hidden layers square their numbers.
    pub(super) fn squares(&self) -> bool {
        self.activation == Activation::Square
    }

    /// Whether the number of passes is given.
    pub(super) fn names_epochs(&self) -> bool {
        self.epochs.is_some()
    }

    /// The options as given, over those that suit the data.
    ///
    /// # Errors
    /// The numbers of bits must be possible.
    pub(super) fn options(&self, defaults: Options) -> Result<Options, BitsError> {
        Ok(Options {
            name: self.name.clone().unwrap_or(defaults.name),
            version: self.model_version.clone(),
            description: self.description.clone().unwrap_or(defaults.description),
            ways: self.ways.clone().map(|ways| ways.0),
            hidden: self
                .hidden
                .clone()
                .map_or(defaults.hidden, |hidden| hidden.0),
            activation: match self.activation {
                Activation::Identity => HiddenActivation::Identity,
                Activation::Square => HiddenActivation::Square,
            },
            epochs: self.epochs.unwrap_or(defaults.epochs),
            seed: self.seed,
            weight_bits: self.weight_bits.map(WeightBits::new).transpose()?,
            input_bits: self.input_bits.map(InputBits::new).transpose()?,
            tolerance: self
                .tolerance
                .map_or(defaults.tolerance, |points| points / 100.0),
            ..defaults
        })
    }
}

/// Shows how far training has come.
pub(super) fn show(progress: Progress, bar: &ProgressBar, output: Output) {
    bar.inc(1);
    if progress.batch == progress.batches {
        let (epoch, epochs, loss) = (progress.epoch, progress.epochs, progress.loss);
        bar.suspend(|| output.note(format!("epoch {epoch} of {epochs}: loss {loss:.4}")));
    }
}
