//! What the network's file doesn't say.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::ValueEnum;
use veilcast_card::{Activation, Fit, InputBits, InputKind, WeightBits};
use veilcast_import::{ImportOptions, Normalization, Split};

use crate::args::{ColumnNames, Ways};
use crate::files;
use crate::making::model_name;

/// Largest file of labels, in bytes.
const MAX_LABELS_BYTES: u64 = 1 << 20;

/// What the network's file doesn't say, or says differently.
#[derive(clap::Args)]
pub(super) struct NetworkArgs {
    /// Name of the model; the file's, if not given.
    #[arg(long)]
    name: Option<String>,
    /// Version of the model.
    #[arg(long, value_name = "VERSION", default_value_t = ImportOptions::default().version)]
    model_version: String,
    /// What the model predicts, in a sentence for people; the file's own description, if not given.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Ways in which the model is offered: direct, vouchers, or both (the default).
    #[arg(long, value_name = "WAYS", value_parser = Ways::parse)]
    ways: Option<Ways>,
    /// What a record is: pixels from 0 to 255, named columns, or an array of any numbers (NPY);
    /// determined from the shape of the network's input, if not given.
    #[arg(long, value_name = "image|table|array")]
    input: Option<Kind>,
    /// Names of a table's columns, in the order in which the network takes them; the file's own, or
    /// those of the calibration file, if not given.
    #[arg(long, value_name = "COLUMNS", value_parser = ColumnNames::parse)]
    columns: Option<ColumnNames>,
    /// Fit drawings and pictures of other sizes like MNIST's digits, for a network that was trained
    /// on those; the web page then accepts drawings. Without it, only images of the network's own
    /// size are accepted.
    #[arg(long, value_name = "mnist")]
    fit: Option<Fitting>,
    /// Factor that pixels from 0 to 255 are multiplied by before the network gets them: 1 if it
    /// scales them itself; 1/255, if not given.
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true)]
    pixel_factor: Option<f64>,
    /// Means that are then subtracted from the pixels, one or one for each colour, as in
    /// torchvision's Normalize.
    #[arg(
        long,
        value_name = "NUMBERS",
        value_delimiter = ',',
        requires = "std",
        allow_negative_numbers = true
    )]
    mean: Option<Vec<f64>>,
    /// Standard deviations by which they are divided.
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', requires = "mean")]
    std: Option<Vec<f64>>,
    /// Output of the network to import, where there are several.
    #[arg(long, value_name = "NAME")]
    output: Option<String>,
    /// Final function, which the client applies to the scores; the file's own, if not given.
    #[arg(long, value_name = "softmax|sigmoid|normalized-sigmoid|exp|none")]
    activation: Option<Final>,
    /// Names of the classes or of the number in predictions, separated by commas, or a file with
    /// one per line; the file's own, if not given.
    #[arg(long, value_name = "NAMES|FILE")]
    labels: Option<String>,
    /// Unit of each number that is predicted, such as EUR, for the card.
    #[arg(long, value_name = "UNITS", value_parser = ColumnNames::parse)]
    unit: Option<ColumnNames>,
    /// Probability above which a record is predicted to be positive, between 0 and 1; 0.5, if not
    /// given. Only for two classes.
    #[arg(long, value_name = "P")]
    threshold: Option<f64>,
    /// Make everything up to this node public; the network must be affine after it.
    #[arg(long, value_name = "NODE", conflicts_with = "split")]
    split_at: Option<String>,
    /// Make public only what must be: everything up to the last node that isn't affine.
    #[arg(long, value_name = "auto")]
    split: Option<Automatic>,
    /// Bits of an integer weight, 2 to 16; searched for if not given, and 8 without calibration.
    #[arg(long)]
    weight_bits: Option<u32>,
    /// Bits of an integer feature, 1 to 16; searched for if not given, and 8 without calibration.
    #[arg(long)]
    input_bits: Option<u32>,
    /// How many records the search may let the model predict differently from the network, in
    /// percentage points.
    #[arg(long, value_name = "POINTS", default_value_t = 100.0 * ImportOptions::default().tolerance)]
    tolerance: f64,
    /// How much rounding may change a probability of a table's record, in percentage points, or a
    /// number, in hundredths of its standard deviation.
    #[arg(long, value_name = "POINTS", default_value_t = 100.0 * ImportOptions::default().max_change)]
    max_change: f64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Image,
    Table,
    Array,
}

#[derive(Clone, Copy, ValueEnum)]
enum Fitting {
    Mnist,
}

#[derive(Clone, Copy, ValueEnum)]
enum Final {
    Softmax,
    Sigmoid,
    NormalizedSigmoid,
    Exp,
    None,
}

#[derive(Clone, Copy, ValueEnum)]
enum Automatic {
    Auto,
}

impl NetworkArgs {
    pub(super) fn options(&self, file: &Path) -> anyhow::Result<ImportOptions> {
        let defaults = ImportOptions::default();
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let name = || model_name(&stem, &defaults.name);
        let normalization = self.mean.clone().zip(self.std.clone());
        Ok(ImportOptions {
            name: self.name.clone().unwrap_or_else(name),
            version: self.model_version.clone(),
            description: self.description.clone().unwrap_or_default(),
            ways: self.ways.clone().map(|ways| ways.0),
            kind: self.input.map(|kind| match kind {
                Kind::Image => InputKind::Image,
                Kind::Table => InputKind::Table,
                Kind::Array => InputKind::Array,
            }),
            columns: self.columns.clone().map(|names| names.0),
            header: None,
            fit: self.fit.map(|Fitting::Mnist| Fit::Mnist),
            pixel_factor: self.pixel_factor.unwrap_or(defaults.pixel_factor),
            normalization: normalization.map(|(mean, std)| Normalization { mean, std }),
            output: self.output.clone(),
            activation: self.activation.map(|function| match function {
                Final::Softmax => Activation::Softmax,
                Final::Sigmoid => Activation::Sigmoid,
                Final::NormalizedSigmoid => Activation::NormalizedSigmoid,
                Final::Exp => Activation::Exp,
                Final::None => Activation::None,
            }),
            labels: self.labels.as_deref().map(labels).transpose()?,
            units: self.unit.clone().map(|units| units.0),
            threshold: self.threshold,
            split: match &self.split_at {
                Some(node) => Some(Split::At(node.clone())),
                None => self.split.map(|Automatic::Auto| Split::Auto),
            },
            input_bits: self.input_bits.map(InputBits::new).transpose()?,
            weight_bits: self.weight_bits.map(WeightBits::new).transpose()?,
            tolerance: self.tolerance / 100.0,
            max_change: self.max_change / 100.0,
        })
    }
}

/// Labels as typed, or from a file of that name.
fn labels(typed: &str) -> anyhow::Result<Vec<String>> {
    let path = PathBuf::from(typed);
    if !path.is_file() {
        return match ColumnNames::parse(typed) {
            Ok(names) => Ok(names.0),
            Err(_) => {
                bail!("--labels: write names such as low,high, or name a file with one per line")
            }
        };
    }
    let text = files::read(&path, MAX_LABELS_BYTES)?;
    let Ok(text) = String::from_utf8(text) else {
        bail!("{} isn't UTF-8", path.display());
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(lines.map(str::to_owned).collect())
}
