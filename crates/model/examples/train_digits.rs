//! Trains the digit model with default options: `train_digits DATA_DIR MODEL_DIR [--force]`.
#![allow(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use std::error::Error;
use std::path::Path;

use veilcast_model::idx::{LabelledImages, Split};
use veilcast_model::search::batch_cost;
use veilcast_model::train::{Options, train};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (data, out, force) = match &arguments[..] {
        [data, out] => (Path::new(data), Path::new(out), false),
        [data, out, flag] if flag == "--force" => (Path::new(data), Path::new(out), true),
        _ => return Err("usage: train_digits DATA_DIR MODEL_DIR [--force]".into()),
    };
    veilcast_model::check_destination(out, force)?;
    let images = LabelledImages::open(data, Split::Train)?;
    let test = LabelledImages::open(data, Split::Test)?;
    let model = train(
        &images,
        &test,
        &Options::default(),
        &batch_cost,
        |progress| {
            if progress.batch == progress.batches {
                let (epoch, epochs, loss) = (progress.epoch, progress.epochs, progress.loss);
                println!("epoch {epoch} of {epochs}: loss {loss:.4}");
            }
        },
    )?;
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
