//! How long a record takes: the public part of the built-in hybrid model, compared with the library
//! that runs any network.
//!
//! `cargo run --release -p veilcast-onnx --example speed`
#![allow(clippy::print_stdout, reason = "its results are for people")]

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use prost::Message as _;
use tract_onnx::prelude::*;
use veilcast_onnx::{Interpreter, pb};

const SHAPE: [usize; 4] = [1, 1, 28, 28];
const RUNS: usize = 5000;

fn main() -> Result<(), Box<dyn Error>> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../models/digits-hybrid/public.onnx"
    );
    let file = std::fs::read(path)?;

    let start = Instant::now();
    let network = Interpreter::compile(&pb::ModelProto::decode(&*file)?, &SHAPE)?;
    let own_start = start.elapsed();

    let start = Instant::now();
    let mut library = tract_onnx::onnx().model_for_read(&mut &*file)?;
    library.set_input_fact(0, InferenceFact::dt_shape(f32::datum_type(), SHAPE))?;
    let library = library.into_optimized()?.into_runnable()?;
    let library_start = start.elapsed();

    // Something like a stroke on a dark ground.
    let pixel = |at: usize| ((at % 28).abs_diff(at / 28) < 4) as u8 as f32;
    let image: Vec<f32> = (0..784).map(pixel).collect();
    let record: Vec<f64> = image.iter().copied().map(f64::from).collect();
    let tensor = Tensor::from_shape(&SHAPE, &image)?;
    // Turn by turn, so that what else the machine does slows down both.
    let (mut own, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        own.push(time(|| Ok(network.run(&record)?))?);
        theirs.push(time(|| Ok(library.run(tvec!(tensor.clone().into()))?))?);
    }
    println!("interpreter: made ready in {own_start:.2?}, {}", said(own));
    println!("tract: made ready in {library_start:.2?}, {}", said(theirs));
    Ok(())
}

/// How long a run takes.
fn time<T>(run: impl Fn() -> Result<T, Box<dyn Error>>) -> Result<Duration, Box<dyn Error>> {
    let start = Instant::now();
    black_box(run()?);
    Ok(start.elapsed())
}

fn said(mut times: Vec<Duration>) -> String {
    times.sort();
    let (least, middle) = (times[0], times[times.len() / 2]);
    format!("a record in {middle:.1?} (median of {RUNS}; least {least:.1?})")
}
