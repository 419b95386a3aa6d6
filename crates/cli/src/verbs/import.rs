//! `veilcast import`: a model from a network in an ONNX file, or from decision trees.

mod calibration;
mod hints;
mod options;

use std::path::PathBuf;

use anyhow::Context as _;
use veilcast_engine::Paillier;
use veilcast_import::{Import, ImportOptions, MAX_FILE_BYTES};

use self::hints::with_hint;
use self::options::NetworkArgs;
use crate::args::IgnoreColumns;
use crate::files;
use crate::making;
use crate::output::{Output, counted};
use crate::summary::Summary;

/// Fewer records than this say little about others.
const FEW_RECORDS: usize = 50;

/// Import a network from an ONNX file, or decision trees, and write their model directory.
///
/// PyTorch, Keras (tf2onnx) and scikit-learn (skl2onnx) write such files. A network may have any
/// operators, as long as its scores are an affine function of its input; a final softmax, sigmoid or
/// exponential function is cut off and left to the client. It collapses to one map, which is checked against the network
/// and rounded to integers. A search finds the cheapest rounding that predicts the calibration
/// records as the network does.
///
/// Decision trees come from ONNX files too, from the JSON of XGBoost (save_model), LightGBM
/// (dump_model) or InterpretML (to_json), and from scorecards in CSV (Variable, Bin, Points). Their structure becomes public,
/// the values of their leaves stay private.
///
/// A network that isn't affine can be split: its first part becomes public, and every client runs it in
/// the clear; the rest is private.
///
/// Give calibration records in the form that the model's users have: images as pixels from 0 to
/// 255, tables as CSV files, arrays as NPY files. The range of each feature is taken from them and appears in the public
/// card.
#[derive(clap::Args)]
#[command(after_long_help = crate::examples::IMPORT)]
pub(crate) struct Args {
    /// ONNX file, with the weights in it; JSON of XGBoost, LightGBM or
    /// InterpretML; or a scorecard in CSV; `-` is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Model directory to write.
    #[arg(long, value_name = "MODEL_DIR")]
    out: PathBuf,
    /// Replace the model directory if it exists.
    #[arg(long)]
    force: bool,
    /// File of records to calibrate with: CSV, NPY, IDX or PNG. Without it, random ones are drawn
    /// if the range of each feature is known, as for images, and no quantisation is searched for.
    #[arg(long, value_name = "FILE")]
    calibration: Option<PathBuf>,
    #[command(flatten)]
    ignore_columns: IgnoreColumns,
    #[command(flatten)]
    network: NetworkArgs,
}

pub(crate) fn run(args: Args, output: Output) -> anyhow::Result<()> {
    making::check_destination(&args.out, args.force)?;
    let unusable = || format!("can't import {}", args.file.display());
    let bytes = files::read(&args.file, MAX_FILE_BYTES)?;
    let header = match &args.calibration {
        Some(path) => calibration::header(path, &args.ignore_columns.columns())?,
        None => None,
    };
    let options = ImportOptions {
        header,
        ..args.network.options(&args.file)?
    };
    let import = Import::open(&bytes, options).map_err(with_hint);
    let import = import.with_context(unusable)?;
    let records = match &args.calibration {
        Some(path) => calibration::read(import.input(), path, output)?,
        None => Vec::new(),
    };
    let count = records.len();
    let bar = output.progress(None, "collapsing");
    let model = import.build(&records, &Paillier, &mut |progress| {
        bar.set_length(progress.features as u64);
        bar.set_position(progress.done as u64);
    });
    bar.finish_and_clear();
    let model = model.map_err(with_hint).with_context(unusable)?;
    making::save(&model, &args.out, args.force)?;
    if args.calibration.is_none() {
        output
            .note("note: with --calibration a search finds how few bits predict your records well");
    } else if count < FEW_RECORDS {
        output.note(format!(
            "note: {} are few to calibrate with: values outside their range are clipped, and bits may be \
             too few",
            counted(count as u64, "record")
        ));
    }
    output.result(&Summary::new(args.out, &model))
}
