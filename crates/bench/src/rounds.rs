//! What does a voucher for a network with hidden layers take ahead of time, and a prediction with one?

use std::hint::black_box;
use std::time::{Duration, Instant};

use veilcast_card::QuantizedRecord;
use veilcast_engine::{Evaluator, Round, Session};
use veilcast_model::Model;
use veilcast_paillier::{KeyPolicy, SecretKey};
use veilcast_protocol::{Framing, Inference, Limits, MaskedResponse};

use crate::models::{Failure, of_name};
use crate::race::median;
use crate::table::{Table, time};

/// The networks that are measured.
const MODELS: [&str; 2] = ["digits-square", "digits-cryptonets"];

pub(crate) fn run(bits: &[usize], rounds: u32) -> Result<(), Failure> {
    let table = Table::start(
        "Rounds",
        "One thread, medians. Ahead of time per voucher, in requests of a full row of shares; then one record in all rounds, with \
         their messages encoded and decoded. Bytes are those of the tensors.",
        &[
            "model",
            "ring",
            "n",
            "vouchers at once",
            "ahead: client",
            "service",
            "bytes up",
            "down",
            "online: client",
            "service",
            "bytes up",
            "down",
        ],
    );
    for name in MODELS {
        for &bits in bits.iter().filter(|&&bits| bits >= 2048) {
            table.row(&row(of_name(name)?, bits as u32, rounds)?);
        }
    }
    table.end();
    Ok(())
}

/// What has been measured of one side or the other.
#[derive(Default)]
struct Measured {
    client: Duration,
    service: Duration,
    up: usize,
    down: usize,
}

fn row(model: Model, bits: u32, rounds: u32) -> Result<Vec<String>, Failure> {
    let policy = KeyPolicy::default();
    let card = model.card().clone();
    let session = Session::new(card.clone(), SecretKey::generate(bits, policy)?)?;
    let hidden = card.hidden().ok_or("the model has hidden layers")?;
    let value = |i: usize| (i * 7) as u32 % (card.quantization().max() + 1);
    let values = (0..card.features()).map(value).collect();
    let records = [QuantizedRecord::new(&card, values)?];
    let expected = [model.evaluate(&records[0])?];
    let evaluator = Evaluator::new(model, policy);
    let count = session.vouchers_per_group()?.min(session.max_vouchers()?);
    let limits = Limits::new(1, card.features());

    let (mut ahead, mut online) = (Vec::new(), Vec::new());
    for _ in 0..rounds.div_ceil(20) {
        let mut fill = Measured::default();
        let start = Instant::now();
        let mut drawing = session.draw_for_network(count)?;
        while let Some(request) = drawing.request(&session)? {
            let asked = Instant::now();
            let answer = evaluator.evaluate(&request)?;
            fill.service += asked.elapsed();
            fill.up += request.upload().tensor().as_bytes().len();
            fill.down += answer.scores.as_bytes().len();
            drawing.receive(&session, &request, &answer)?;
        }
        let mut vouchers = drawing.finish(&session);
        fill.client = start.elapsed() - fill.service;
        ahead.push(fill);

        for _ in 0..20.min(count) {
            let mut record = Measured::default();
            let start = Instant::now();
            let voucher = vouchers.split_off(1).ok_or("a voucher is left")?;
            let (mut request, mut rounds) = voucher.begin(&card, &records)?;
            let scores = loop {
                let body = request.to_binary();
                let asked = Instant::now();
                let framing = Framing::HeaderLength(body.header_length);
                let received = Inference::decode(&body.bytes, framing, &limits)?;
                let Inference::Round(received) = received else {
                    return Err("it is a round".into());
                };
                evaluator.check_round(&received)?;
                let answer = evaluator.evaluate_round(&received)?.to_binary();
                record.service += asked.elapsed();
                record.up += request.numbers.values().len();
                let framing = Framing::HeaderLength(answer.header_length);
                let answer = MaskedResponse::decode(&answer.bytes, framing, &limits)?;
                record.down += answer.scores.values().len();
                match rounds.receive(&answer)? {
                    Round::Next(next, after) => (request, rounds) = (next, after),
                    Round::Scores(scores) => break black_box(scores),
                }
            };
            record.client = start.elapsed() - record.service;
            if scores != expected {
                return Err("wrong scores".into());
            }
            online.push(record);
        }
    }
    let seconds = |all: &[Measured], of: fn(&Measured) -> Duration, share: usize| {
        let seconds = all.iter().map(|one| of(one).as_secs_f64() / share as f64);
        time(median(seconds.collect()) * 1e9)
    };
    let bytes = |all: &[Measured], of: fn(&Measured) -> usize, share: usize| {
        all.last().map_or(0, of).div_ceil(share).to_string()
    };
    Ok(vec![
        card.name().to_owned(),
        hidden.ring_bits.to_string(),
        bits.to_string(),
        count.to_string(),
        seconds(&ahead, |one| one.client, count),
        seconds(&ahead, |one| one.service, count),
        bytes(&ahead, |one| one.up, count),
        bytes(&ahead, |one| one.down, count),
        seconds(&online, |one| one.client, 1),
        seconds(&online, |one| one.service, 1),
        bytes(&online, |one| one.up, 1),
        bytes(&online, |one| one.down, 1),
    ])
}
