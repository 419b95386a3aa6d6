//! How long does one prediction take, for the weights and the record that the peers are given?
//!
//! Reads `{"pixels": […], "weights": [[…]…], "biases": […], "weight_bits": b, "input_bits": b, "layout": "planned",
//! "bits": n, "rounds": n}` from standard input and prints the medians in seconds of CPU time as JSON:
//! `peers/peers.py` calls it, so that our figures are in the same table as the others.

use std::hint::black_box;
use std::io::Read;

use cpu_time::ThreadTime;
use serde::Deserialize;
use serde_json::json;
use veilcast_card::{
    Activation, Input, InputBits, InputKind, Layouts, Limits, PerFeature, Preprocessing,
    Quantization, QuantizedRecord, WeightBits,
};
use veilcast_engine::{Evaluator, Paillier, Planner, SeededEntries, Session};
use veilcast_model::{Blueprint, FloatMap, Model};
use veilcast_paillier::{KeyPolicy, PublicKey, SecretKey};
use veilcast_protocol::{InferRequest, Layout, Upload};

#[derive(Deserialize)]
struct Case {
    pixels: Vec<u32>,
    weights: Vec<Vec<i32>>,
    biases: Vec<i64>,
    weight_bits: WeightBits,
    input_bits: InputBits,
    layout: Choice,
    bits: u32,
    rounds: u32,
}

/// How the image is sent.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Choice {
    /// As the planner chooses, without a pool.
    Planned,
    /// As the planner chooses with a filled pool, whose entries are made outside the measured time.
    Seeded,
    /// One pixel per ciphertext, one score per answer.
    Textbook,
}

/// How many are encrypted or decrypted together, where that is measured.
const MANY: usize = 64;

type Failure = Box<dyn std::error::Error>;

pub(crate) fn run() -> Result<(), Failure> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let case: Case = serde_json::from_str(&text)?;
    let secret = SecretKey::generate(case.bits, KeyPolicy::default())?;
    let key = secret.public_key();
    let [m, factor, negative] = [1234, 77, -77].map(|value| key.encode(value));
    let (a, b) = (secret.encrypt(&m), secret.encrypt(&factor));
    let many = vec![m.clone(); MANY];
    let encrypted = secret.encrypt_many(&many);
    let policy = KeyPolicy::default();
    let again = SecretKey::from_json(&secret.to_json("bench"), policy)?;

    let model = model(&case)?;
    let card = model.card().clone();
    let records = [QuantizedRecord::new(&card, case.pixels.clone())?];
    let expected = model.evaluate(&records[0])?;
    let mut session = Session::new(card.clone(), again)?;
    let entries = if case.layout == Choice::Seeded {
        usize::MAX
    } else {
        0
    };
    session.set_layout(match case.layout {
        Choice::Textbook => Layout::SCALAR,
        _ => Planner::new(&card, case.bits).best(1, entries)?.layout,
    })?;
    let evaluator = Evaluator::new(model.clone(), policy);
    let entries = || -> Result<Option<SeededEntries>, Failure> {
        if case.layout != Choice::Seeded {
            return Ok(None);
        }
        let count = session.entries_for(1)?;
        Ok(Some(SeededEntries::generate(&secret, count)?))
    };
    let encrypt = |entries: Option<SeededEntries>| match entries {
        Some(entries) => session.encrypt_seeded(&records, entries),
        None => session.encrypt(&records),
    };
    let request = encrypt(entries()?)?;
    let answer = evaluator.evaluate(&request)?;
    if session.decrypt(&answer)? != [expected] {
        return Err("wrong scores".into());
    }
    let mut client = Vec::new();
    for _ in 0..case.rounds {
        let entries = entries()?;
        let start = ThreadTime::now();
        black_box(encrypt(entries)?);
        client.push(start.elapsed().as_secs_f64());
    }

    let rounds = case.rounds;
    let mut figures = json!({
        "encrypt": median(5 * rounds, 8, || drop(black_box(secret.encrypt(&m)))),
        "encrypt_of_many": median(rounds, 1, || drop(black_box(secret.encrypt_many(&many)))) / MANY as f64,
        "decrypt_of_many": median(rounds, 1, || drop(black_box(secret.decrypt_many(&encrypted)))) / MANY as f64,
        "decrypt": median(5 * rounds, 4, || drop(black_box(secret.decrypt(&a)))),
        "add": median(5 * rounds, 50, || drop(black_box(key.add(&a, &b)))),
        "multiply_77": median(5 * rounds, 20, || drop(black_box(key.mul_vartime(&a, &factor)))),
        "multiply_minus_77": median(5 * rounds, 20, || drop(black_box(key.mul_vartime(&a, &negative)))),
        "client": median_of(client),
        "server": median(rounds, 1, || drop(black_box(evaluator.evaluate(&request)))),
        "decrypt_scores": median(rounds, 1, || drop(black_box(session.decrypt(&answer)))),
        "products": model.affine().expect("a digit model is affine").program().steps().len(),
        "layout": format!("{:?}", request.layout()),
        "tensor_bytes_up": request.upload().tensor().as_bytes().len(),
        "tensor_bytes_down": answer.scores.as_bytes().len(),
        "bytes_up": request.to_binary().bytes.len(),
        "bytes_down": answer.to_binary().bytes.len(),
    });
    if let Some(seconds) = weighted_sums(&model, &request, rounds)? {
        figures["weighted_sums"] = seconds.into();
    }
    println!("{figures}");
    Ok(())
}

/// The time of only the weighted sums, on the request's own ciphertexts under the session's key as
/// the service sees it; nothing unless it has one pixel per ciphertext.
fn weighted_sums(
    model: &Model,
    request: &InferRequest,
    rounds: u32,
) -> Result<Option<f64>, Failure> {
    let (Layout::SCALAR, Upload::Full(ciphertexts)) = (request.layout(), request.upload()) else {
        return Ok(None);
    };
    let service = PublicKey::from_modulus(request.public_key(), KeyPolicy::default())?;
    let inputs = service.decode_ciphertexts(ciphertexts)?;
    let program = model.affine().expect("a digit model is affine").program();
    let results: Vec<_> = program
        .outputs()
        .iter()
        .map(|o| [o.plus, o.minus])
        .collect();
    let run = || {
        drop(black_box(service.run_program_vartime(
            &inputs,
            program.steps(),
            &results,
        )))
    };
    Ok(Some(median(rounds, 1, run)))
}

/// A model with exactly these weights, and all layouts.
fn model(case: &Case) -> Result<Model, Failure> {
    let (inputs, outputs) = (case.pixels.len(), case.weights.len());
    let weights = case
        .weights
        .iter()
        .flatten()
        .map(|&w| f64::from(w))
        .collect();
    let biases = case.biases.iter().map(|&b| b as f64).collect();
    let map = FloatMap::new(inputs, outputs, weights, biases)?;
    let quantization = Quantization {
        bits: case.input_bits,
        step: PerFeature::All(1.0),
        zero: PerFeature::All(0.0),
    };
    let blueprint = Blueprint {
        name: "bench".into(),
        version: "1".into(),
        description: "The peers' weights.".into(),
        input: Input {
            kind: InputKind::Image,
            description: String::new(),
            shape: vec![28, 28],
            features: None,
            fit: None,
            about: Default::default(),
            preprocessing: Preprocessing::new(Vec::new()),
        },
        public_part: None,
        quantization: quantization.clone(),
        labels: (0..outputs).map(|o| o.to_string()).collect(),
        activation: Activation::Softmax,
        units: None,
        threshold: None,
        task: None,
        layouts: Layouts::scalar(),
        ways: None,
        limits: Limits {
            max_records: 1,
            max_ciphertexts: inputs as u32,
        },
        max_weight: case.weight_bits.max_weight(),
    };
    let model = blueprint.finish(map, &|_| quantization.clone(), None, &Paillier)?;
    if model
        .affine()
        .expect("a digit model is affine")
        .integer_map()
        .weights()
        != case.weights.concat()
    {
        return Err(
            "give each output a weight of the largest magnitude, or the weights are scaled".into(),
        );
    }
    Ok(model)
}

/// The median CPU time of a call, in seconds.
fn median(rounds: u32, calls: u32, mut call: impl FnMut()) -> f64 {
    let time = |_| {
        let start = ThreadTime::now();
        (0..calls).for_each(|_| call());
        start.elapsed().as_secs_f64() / f64::from(calls)
    };
    median_of((0..rounds).map(time).collect())
}

fn median_of(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
