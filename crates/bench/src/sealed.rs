//! What does a prediction with a sealed model take, for the client and the service?

use std::hint::black_box;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use veilcast_card::{QuantizedRecord, Way};
use veilcast_engine::{Evaluator, Opening, SealedModel, seal};
use veilcast_model::Model;
use veilcast_paillier::{KeyPolicy, SecretKey};
use veilcast_protocol::{Framing, Inference, Limits, MaskedResponse};

use crate::models::{Failure, each};
use crate::race::median;
use crate::table::{Table, time};

pub(crate) fn run(bits: &[usize], rounds: u32) -> Result<(), Failure> {
    let table = Table::start(
        "Sealed models",
        "CPU time of one thread, medians, with messages encoded and decoded. Opening: the checks of the file and its key, and the \
         table. Ahead: a randomiser, one for each ciphertext. Then one record with a randomiser that was made ahead, and per record \
         of a full ciphertext without one. Bytes are those of the tensors.",
        &[
            "model",
            "n",
            "file",
            "opening",
            "ahead",
            "one record: client",
            "service",
            "bytes up",
            "down",
            "records per ciphertext",
            "per record: client",
            "service",
            "bytes up",
            "down",
        ],
    );
    each(bits, |name, model, bits| {
        table.row(&row(name, model, bits, rounds)?);
        Ok(())
    })?;
    table.end();
    Ok(())
}

/// Both sides of a sealed model.
struct Sides {
    client: SealedModel,
    evaluator: Evaluator,
    limits: Limits,
}

/// What a request took, and the bytes of its tensors.
struct Took {
    client: f64,
    service: f64,
    up: usize,
    down: usize,
    scores: Vec<Vec<i64>>,
}

impl Sides {
    fn ask(&self, records: &[QuantizedRecord]) -> Result<Took, Failure> {
        let start = ThreadTime::now();
        let (request, opening): (_, Opening) = self.client.prepare(records)?;
        let body = request.to_binary();
        let asked = start.elapsed();
        let start = ThreadTime::now();
        let framing = Framing::HeaderLength(body.header_length);
        let Inference::Sealed(received) = Inference::decode(&body.bytes, framing, &self.limits)?
        else {
            return Err("it is for a sealed model".into());
        };
        let answer = self.evaluator.evaluate_sealed(&received, &mut || Ok(()))?;
        let answer = answer.to_binary();
        let service = start.elapsed().as_secs_f64();
        let start = ThreadTime::now();
        let framing = Framing::HeaderLength(answer.header_length);
        let answer = MaskedResponse::decode(&answer.bytes, framing, &self.limits)?;
        let scores = black_box(opening.scores(&answer)?);
        Ok(Took {
            client: (asked + start.elapsed()).as_secs_f64(),
            service,
            up: request.ciphertexts.as_bytes().len(),
            down: answer.scores.to_le_bytes().len(),
            scores,
        })
    }
}

fn row(name: &str, model: Model, bits: u32, rounds: u32) -> Result<Vec<String>, Failure> {
    let policy = KeyPolicy::default();
    let key = SecretKey::generate(bits, policy)?;
    let model = seal(model, &key, vec![Way::Sealed])?;
    let card = model.card().clone();
    let file = model.sealed_file().ok_or("it is sealed")?.to_vec();
    let start = ThreadTime::now();
    let client = SealedModel::open(card.clone(), &file, policy)?;
    let opened = start.elapsed().as_secs_f64();
    let group = client.records_per_group();
    let most = card.features() as u32;
    let record = |r: usize| {
        let value = |i: usize| ((i + r) * 7) as u32 % (card.quantization().max() + 1);
        QuantizedRecord::new(&card, (0..card.features()).map(value).collect())
    };
    let records = (0..group).map(record).collect::<Result<Vec<_>, _>>()?;
    let expected = records
        .iter()
        .map(|record| model.evaluate(record))
        .collect::<Result<Vec<_>, _>>()?;
    let public = key.public_key().clone();
    let mut sides = Sides {
        client,
        evaluator: Evaluator::new(model, policy).with_sealing_key(key.into())?,
        limits: Limits::new(group, most as usize),
    };
    // While a record is measured, this thread makes eight new randomisers for each eight that were taken: the median of many
    // records has none of that.
    let count = rounds.div_ceil(5).max(21) as usize;
    let mut full = Vec::new();
    for _ in 0..count {
        let took = sides.ask(&records)?;
        if took.scores != expected {
            return Err("wrong scores".into());
        }
        full.push(took);
    }
    let mut ahead = Vec::new();
    for _ in 0..count {
        let start = ThreadTime::now();
        black_box(public.randomizer());
        ahead.push(start.elapsed().as_secs_f64());
    }
    // Time for this thread, the only one that computes, to make all of them: one that isn't ready would be made within what is measured.
    sides.client = sides.client.with_randomizers_ahead(count)?;
    let each = Duration::from_secs_f64(median(ahead.clone()));
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) + 2 * each * (count as u32 + 16) {
        if rayon::yield_now() != Some(rayon::Yield::Executed) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    let one = (0..count)
        .map(|_| sides.ask(&records[..1]))
        .collect::<Result<Vec<_>, _>>()?;
    if one.iter().any(|took| took.scores != expected[..1]) {
        return Err("wrong scores".into());
    }
    let medians = |all: &[Took], records: usize| {
        let of = |seconds: fn(&Took) -> f64| {
            let all = all.iter().map(|took| seconds(took) / records as f64);
            time(median(all.collect()) * 1e9)
        };
        let bytes = |bytes: usize| bytes.div_ceil(records).to_string();
        [
            of(|took| took.client),
            of(|took| took.service),
            bytes(all[0].up),
            bytes(all[0].down),
        ]
    };
    let mut cells = vec![name.to_owned(), bits.to_string(), file.len().to_string()];
    cells.extend([opened, median(ahead)].map(|seconds| time(seconds * 1e9)));
    cells.extend(medians(&one, 1));
    cells.push(group.to_string());
    cells.extend(medians(&full, group));
    Ok(cells)
}
