//! Trains the digit model, the one with a hidden layer that squares, or the hybrid one, with default options:
//! `train_digits DATA_DIR MODEL_DIR [--square | --stem] [--force]`.
#![allow(clippy::print_stdout, reason = "an example prints its results")]

use std::error::Error;
use std::path::Path;

use veilcast_engine::Paillier;
use veilcast_files::idx::{LabelledImages, Split};
use veilcast_train::{Options, Progress, StemOptions, train, train_stem};

fn main() -> Result<(), Box<dyn Error>> {
    let (flags, paths): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with("--"));
    let [data, out] = &paths[..] else {
        return Err("usage: train_digits DATA_DIR MODEL_DIR [--square | --stem] [--force]".into());
    };
    let (data, out) = (Path::new(data), Path::new(out));
    let has = |name: &str| flags.iter().any(|flag| flag == name);
    let (stem, force) = (has("--stem"), has("--force"));
    let options = match has("--square") {
        true => Options::square(),
        false => Options::default(),
    };
    veilcast_model::check_destination(out, force)?;
    let images = LabelledImages::open(data, Split::Train)?;
    let test = LabelledImages::open(data, Split::Test)?;
    let progress = |progress: Progress| {
        if progress.batch == progress.batches {
            let (epoch, epochs, loss) = (progress.epoch, progress.epochs, progress.loss);
            println!("epoch {epoch} of {epochs}: loss {loss:.4}");
        }
    };
    let model = if stem {
        train_stem(&images, &test, &StemOptions::default(), &Paillier, progress)?
    } else {
        train(&images, &test, &options, &Paillier, progress)?
    };
    model.save(out, force)?;
    let report = model.report();
    for trial in report
        .and_then(|report| report.search.as_ref())
        .into_iter()
        .flat_map(|s| &s.trials)
    {
        println!("{trial:?}");
    }
    if let Some(accuracy) = report.and_then(|report| report.accuracy) {
        println!("accuracy: {accuracy:?}");
    }
    Ok(())
}
