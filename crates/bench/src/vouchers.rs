//! What does a voucher take ahead of time, and a prediction with one?

use std::hint::black_box;

use cpu_time::ThreadTime;
use veilcast_card::QuantizedRecord;
use veilcast_engine::{Evaluator, Session};
use veilcast_model::Model;
use veilcast_paillier::{KeyPolicy, SecretKey};
use veilcast_protocol::{Framing, Inference, Limits, MaskedResponse};

use crate::models::{Failure, each};
use crate::race::median;
use crate::table::{Table, time};

/// Rows of a request for vouchers, as the client fills a directory.
const ROWS: usize = 4;

pub(crate) fn run(bits: &[usize], rounds: u32) -> Result<(), Failure> {
    let table = Table::start(
        "Vouchers",
        "CPU time of one thread, medians. Ahead of time per voucher, in requests of four full rows; then one record, with its \
         messages encoded and decoded. Bytes are those of the tensors.",
        &[
            "model",
            "n",
            "vouchers per ciphertext",
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
    each(bits, |name, model, bits| {
        table.row(&row(name, model, bits, rounds)?);
        Ok(())
    })?;
    table.end();
    Ok(())
}

fn row(name: &str, model: Model, bits: u32, rounds: u32) -> Result<Vec<String>, Failure> {
    let policy = KeyPolicy::default();
    let session = Session::new(model.card().clone(), SecretKey::generate(bits, policy)?)?;
    let card = model.card().clone();
    let value = |i: usize| (i * 7) as u32 % (card.quantization().max() + 1);
    let records = [QuantizedRecord::new(
        &card,
        (0..card.features()).map(value).collect(),
    )?];
    let expected = [model.evaluate(&records[0])?];
    let evaluator = Evaluator::new(model, policy);
    let group = session.vouchers_per_group()?;
    let count = (ROWS * group).min(session.max_vouchers()?);

    let (mut fill_client, mut fill_server) = (Vec::new(), Vec::new());
    let (mut client, mut server) = (Vec::new(), Vec::new());
    let (mut ahead, mut online) = ([0, 0], [0, 0]);
    let limits = Limits::new(1, card.features());
    for _ in 0..rounds.div_ceil(20) {
        let start = ThreadTime::now();
        let (drawn, request) = session.draw_vouchers(count)?;
        let drew = start.elapsed();
        let start = ThreadTime::now();
        let answer = evaluator.evaluate(&request)?;
        fill_server.push(start.elapsed().as_secs_f64() / count as f64);
        ahead = [request.upload().tensor(), &answer.scores].map(|t| t.as_bytes().len() / count);
        let start = ThreadTime::now();
        let mut vouchers = session.vouchers(drawn, &request, &answer)?;
        fill_client.push((drew + start.elapsed()).as_secs_f64() / count as f64);

        for _ in 0..20.min(count) {
            let voucher = vouchers.split_off(1).ok_or("a voucher is left")?;
            let start = ThreadTime::now();
            let (request, unmasking) = voucher.mask(&card, &records)?;
            let body = request.to_binary();
            let asked = start.elapsed();
            let start = ThreadTime::now();
            let framing = Framing::HeaderLength(body.header_length);
            let Inference::Masked(received) = Inference::decode(&body.bytes, framing, &limits)?
            else {
                return Err("it is masked".into());
            };
            let answer = evaluator.evaluate_masked(&received)?.to_binary();
            server.push(start.elapsed().as_secs_f64());
            let start = ThreadTime::now();
            let framing = Framing::HeaderLength(answer.header_length);
            let answer = MaskedResponse::decode(&answer.bytes, framing, &limits)?;
            let scores = black_box(unmasking.scores(&answer)?);
            client.push((asked + start.elapsed()).as_secs_f64());
            if scores != expected {
                return Err("wrong scores".into());
            }
            online = [&request.records, &answer.scores].map(|tensor| tensor.to_le_bytes().len());
        }
    }
    let [fill_client, fill_server, client, server] =
        [fill_client, fill_server, client, server].map(|seconds| time(median(seconds) * 1e9));
    let [ahead, online] = [ahead, online].map(|bytes| bytes.map(|bytes| bytes.to_string()));
    let ([up, down], [online_up, online_down]) = (ahead, online);
    let (bits, group) = (bits.to_string(), group.to_string());
    Ok(vec![
        name.to_owned(),
        bits,
        group,
        fill_client,
        fill_server,
        up,
        down,
        client,
        server,
        online_up,
        online_down,
    ])
}
