//! How long does one prediction take, for the weights and the record that the peers are given?
//!
//! Reads `{"pixels": […], "weights": [[…]…], "biases": […], "bits": n, "rounds": n}` from standard
//! input and prints the medians in seconds of CPU time as JSON: `peers/peers.py` calls it, so that
//! we stand in the same table as the others.

use std::hint::black_box;
use std::io::Read;

use cpu_time::ThreadTime;
use serde::Deserialize;
use serde_json::json;
use veilcast_engine::{Evaluator, Session};
use veilcast_model::card::{
    Activation, Card, Input, InputKind, Layouts, Limits, PerFeature, Preprocessing, Quantization,
    ScalarLayout,
};
use veilcast_model::{Blueprint, FloatMap, Model};
use veilcast_paillier::{KeyPolicy, PublicKey, SecretKey};

#[derive(Deserialize)]
struct Case {
    pixels: Vec<u32>,
    weights: Vec<Vec<i32>>,
    biases: Vec<i64>,
    weight_bits: u32,
    bits: u32,
    rounds: u32,
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
    let number = |value| key.encode(value).map(|m| (secret.encrypt(&m), m));
    let ((a, m), (b, factor), (_, negative)) = (number(1234)?, number(77)?, number(-77)?);
    let many = vec![m.clone(); MANY];
    let encrypted = secret.encrypt_many(&many);
    let policy = KeyPolicy::default();
    let again = SecretKey::from_json(&secret.to_json("bench"), policy)?;

    let model = model(&case)?;
    let expected = model.evaluate(&case.pixels)?;
    let (steps, outputs) = (
        model.program().steps().to_vec(),
        model.program().outputs().to_vec(),
    );
    let results: Vec<_> = outputs.iter().map(|o| [o.plus, o.minus]).collect();
    let session = Session::new(Card::parse(model.card_json())?, again)?;
    let evaluator = Evaluator::new(model, policy);
    let records = [case.pixels.clone()];
    let request = session.encrypt(&records)?;
    let answer = evaluator.evaluate(&request)?;
    if session.decrypt(&answer)? != [expected] {
        return Err("wrong scores".into());
    }
    // The request's own ciphertexts, under the session's key as the service sees it.
    let service = PublicKey::from_modulus(request.public_key(), policy)?;
    let inputs = service.decode_ciphertexts(request.upload().tensor().iter())?;

    let rounds = case.rounds;
    let figures = json!({
        "encrypt": median(5 * rounds, 8, || drop(black_box(secret.encrypt(&m)))),
        "encrypt_of_many": median(rounds, 1, || drop(black_box(secret.encrypt_many(&many)))) / MANY as f64,
        "decrypt_of_many": median(rounds, 1, || drop(black_box(secret.decrypt_many(&encrypted)))) / MANY as f64,
        "decrypt": median(5 * rounds, 4, || drop(black_box(secret.decrypt(&a)))),
        "add": median(5 * rounds, 50, || drop(black_box(key.add(&a, &b)))),
        "multiply_77": median(5 * rounds, 20, || drop(black_box(key.mul_vartime(&a, &factor)))),
        "multiply_minus_77": median(5 * rounds, 20, || drop(black_box(key.mul_vartime(&a, &negative)))),
        "client": median(rounds, 1, || drop(black_box(session.encrypt(&records)))),
        "weighted_sums": median(rounds, 1, || drop(black_box(service.run_program_vartime(&inputs, &steps, &results)))),
        "server": median(rounds, 1, || drop(black_box(evaluator.evaluate(&request)))),
        "decrypt_scores": median(rounds, 1, || drop(black_box(session.decrypt(&answer)))),
        "products": steps.len(),
        "bytes_up": request.to_binary().bytes.len(),
        "bytes_down": answer.to_binary().bytes.len(),
    });
    println!("{figures}");
    Ok(())
}

/// A model with exactly these weights, on pixels of 8 bits.
fn model(case: &Case) -> Result<Model, Failure> {
    let (inputs, outputs) = (case.pixels.len(), case.weights.len());
    let weights = case
        .weights
        .iter()
        .flatten()
        .map(|&w| f64::from(w))
        .collect();
    let map = FloatMap::new(
        inputs,
        outputs,
        weights,
        case.biases.iter().map(|&b| b as f64).collect(),
    )?;
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
            preprocessing: Preprocessing::new(Vec::new()),
        },
        quantization: Quantization {
            bits: 8,
            step: PerFeature::All(1.0),
            zero: PerFeature::All(0.0),
        },
        labels: (0..outputs).map(|o| o.to_string()).collect(),
        activation: Activation::Softmax,
        layouts: Layouts {
            scalar: Some(ScalarLayout {}),
            ..Layouts::default()
        },
        limits: Limits {
            max_records: 1,
            max_ciphertexts: inputs as u32,
        },
        max_weight: (1 << (case.weight_bits - 1)) - 1,
    };
    let model = blueprint.build(map)?;
    if model.integer_map().weights() != case.weights.concat() {
        return Err(
            "give each output a weight of the largest magnitude, or the weights are scaled".into(),
        );
    }
    Ok(model)
}

/// The median CPU time of a call, in seconds.
fn median(rounds: u32, calls: u32, mut call: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = ThreadTime::now();
            (0..calls).for_each(|_| call());
            start.elapsed().as_secs_f64() / f64::from(calls)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
