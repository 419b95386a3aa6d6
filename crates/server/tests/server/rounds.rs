//! Networks with hidden layers over HTTP: exact, and each round of each voucher once.

use std::fs;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use tempfile::TempDir;
use veilcast_card::{Card, QuantizedRecord, chain};
use veilcast_engine::{Round, Rounds, Session, Vouchers};
use veilcast_protocol::{
    Encoding, Framing, HEADER_LENGTH, InferResponse, IntegerMatrix, Limits, MaskedResponse,
    RoundRequest,
};
use veilcast_server::{App, Config, LedgerSettings, StartError, WhenAway, router};

use crate::common::{Answer, call, get, network, post_body, sealing_key};

pub(crate) const INFER: &str = "/v2/models/bent/infer";

pub(crate) fn service() -> Router {
    router(App::new([network()], Config::default()).unwrap())
}

pub(crate) fn session() -> Session {
    let card = Card::parse(network().model().card_json()).unwrap();
    Session::new(card, sealing_key()).unwrap()
}

pub(crate) fn binary(answer: &Answer) -> Framing {
    let length = answer.headers[HEADER_LENGTH].to_str().unwrap();
    Framing::HeaderLength(length.parse().unwrap())
}

/// Vouchers, as a client gets them from a service.
async fn filled(service: &Router, session: &Session, count: usize) -> Vouchers {
    let mut drawing = session.draw_for_network(count).unwrap();
    while let Some(request) = drawing.request(session).unwrap() {
        let answer = call(service, post_body(INFER, request.to_binary())).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let limits = Limits::new(count, 1000);
        let answer = InferResponse::decode(&answer.body, binary(&answer), &limits).unwrap();
        drawing.receive(session, &request, &answer).unwrap();
    }
    drawing.finish(session)
}

pub(crate) fn records(session: &Session, count: u32) -> Vec<QuantizedRecord> {
    let record = |i: u32| vec![i % 16, 15, i / 16 % 16, 7];
    let record = |i| QuantizedRecord::new(session.card(), record(i)).unwrap();
    (0..count).map(record).collect()
}

/// Their scores, in the clear.
pub(crate) fn exact(records: &[QuantizedRecord]) -> Vec<Vec<i64>> {
    let evaluator = network();
    let scores = |record| evaluator.model().evaluate(record).unwrap();
    records.iter().map(scores).collect()
}

async fn ask(service: &Router, request: &RoundRequest) -> Answer {
    call(service, post_body(INFER, request.to_binary())).await
}

fn numbers(answer: &Answer) -> MaskedResponse {
    assert_eq!(answer.status, 200, "{}", answer.text());
    MaskedResponse::decode(&answer.body, binary(answer), &Limits::new(1000, 0)).unwrap()
}

fn next(rounds: Rounds, answer: &Answer) -> (RoundRequest, Rounds) {
    match rounds.receive(&numbers(answer)).unwrap() {
        Round::Next(request, rounds) => (request, rounds),
        Round::Scores(_) => panic!("there is a round more"),
    }
}

/// In both forms; records and vouchers are counted once each.
#[tokio::test]
async fn records_are_answered_and_counted() {
    let (service, session) = (service(), session());
    let records = records(&session, 7);
    let mut vouchers = filled(&service, &session, 9).await;
    let some = vouchers.split_off(7).unwrap();
    let (first, rounds) = some.begin(session.card(), &records).unwrap();
    let as_json = RoundRequest {
        answer: Encoding::Json,
        ..first
    };
    let post = Request::post(INFER)
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(as_json.to_json()));
    let answer = call(&service, post.unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let limits = Limits::new(1000, 0);
    let answer = MaskedResponse::decode(&answer.body, Framing::Json, &limits).unwrap();
    let Round::Next(second, rounds) = rounds.receive(&answer).unwrap() else {
        panic!("there is a round more")
    };
    let answer = numbers(&ask(&service, &second).await);
    let Round::Scores(scores) = rounds.receive(&answer).unwrap() else {
        panic!("there are only two")
    };
    assert_eq!(scores, exact(&records));
    let metrics = call(&service, get("/metrics")).await.text();
    for counted in [
        "veilcast_records_total{model=\"bent\"} 7",
        "veilcast_vouchers_total{model=\"bent\"} 9",
    ] {
        assert!(metrics.contains(counted), "{metrics}");
    }
}

/// The attack that would tell W·(e − e′), and the one that would tell the last part's answers to anything: refused, in turn, in parallel and with
/// other records in the same request.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_round_of_a_voucher_is_answered_once() {
    let (service, session) = (service(), session());
    let all = records(&session, 3);
    let mut vouchers = filled(&service, &session, 3).await;
    let refused = |answer: &Answer, code: &str| {
        assert_eq!(
            answer.problem(),
            (409, code.to_owned()),
            "{}",
            answer.text()
        );
    };
    let (first, rounds) = vouchers
        .split_off(1)
        .unwrap()
        .begin(session.card(), &all[..1])
        .unwrap();
    let changed = |request: &RoundRequest| {
        let mut bytes = request.numbers.values().to_vec();
        bytes[0] ^= 1;
        let (shape, datatype) = (request.numbers.shape(), request.numbers.datatype());
        RoundRequest {
            numbers: IntegerMatrix::new(shape, datatype, bytes).unwrap(),
            ..request.clone()
        }
    };
    // In parallel: one of eight is answered.
    let asked: Vec<_> = (0..8)
        .map(|i| {
            let request = if i % 2 == 0 {
                first.clone()
            } else {
                changed(&first)
            };
            let service = service.clone();
            tokio::spawn(async move { (i, ask(&service, &request).await) })
        })
        .collect();
    let mut answered = Vec::new();
    for one in asked {
        let (i, answer) = one.await.unwrap();
        match answer.status.as_u16() {
            200 => answered.push((i, answer)),
            _ => refused(&answer, "voucher_spent"),
        }
    }
    let [(i, answer)] = &answered[..] else {
        panic!("{} were answered", answered.len())
    };
    // The honest client's second round follows, if it was the honest first one.
    let (second, _) = next(rounds, answer);
    assert_eq!(ask(&service, &second).await.status, 200, "{i}");
    refused(&ask(&service, &second).await, "voucher_spent");
    refused(&ask(&service, &changed(&second)).await, "voucher_spent");

    // A used one and a fresh one together: the fresh one stays fresh.
    let (fresh, rounds) = vouchers.begin(session.card(), &all[1..]).unwrap();
    let columns = fresh.numbers.shape()[1];
    let both = [first.numbers.values(), &fresh.numbers.values()[..columns]].concat();
    let together = RoundRequest {
        vouchers: [&first.vouchers[..], &fresh.vouchers[..2]].concat(),
        numbers: IntegerMatrix::new([2, columns], fresh.numbers.datatype(), both).unwrap(),
        ..fresh.clone()
    };
    refused(&ask(&service, &together).await, "voucher_spent");
    // One twice in a request.
    let twice = RoundRequest {
        vouchers: fresh.vouchers[..2].repeat(2),
        ..fresh.clone()
    };
    refused(&ask(&service, &twice).await, "voucher_spent");
    // The second round before the first. (With the second part's shares of another voucher: what matters are the products.)
    let shares = (0..2).flat_map(|i| [second.vouchers[0], fresh.vouchers[2 * i + 1]]);
    let numbers_of_two = second.numbers.values().repeat(2);
    let shape = [2, second.numbers.shape()[1]];
    let early = RoundRequest {
        vouchers: shares.collect(),
        numbers: IntegerMatrix::new(shape, second.numbers.datatype(), numbers_of_two).unwrap(),
        ..second.clone()
    };
    refused(&ask(&service, &early).await, "round_out_of_order");
    // Nothing of that has used them.
    let (last, _) = next(rounds, &ask(&service, &fresh).await);
    assert_eq!(ask(&service, &last).await.status, 200);
}

/// A folder with a secret for vouchers, and a configuration of services that share it, with a ledger in the folder.
fn shared() -> (TempDir, Config) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = folder.path().join("secret");
    fs::write(&file, "ab".repeat(32)).unwrap();
    let url = format!("sqlite://{}/ledger.db", folder.path().display());
    let config = Config {
        voucher_secret_file: Some(file),
        ledger: LedgerSettings {
            url: Some(url),
            required: false,
            when_away: WhenAway::Allow,
        },
        ..Config::default()
    };
    (folder, config)
}

/// Replicas, and a service after a restart, take each other's vouchers, and what one has answered, no other does.
#[cfg(feature = "ledger")]
#[tokio::test]
async fn replicas_and_later_services_know_what_was_used() {
    let (_folder, config) = shared();
    let replica = || router(App::new([network()], config.clone()).unwrap());
    let (one, other) = (replica(), replica());
    let session = session();
    let vouchers = filled(&one, &session, 1).await;
    let (first, rounds) = vouchers
        .begin(session.card(), &records(&session, 1))
        .unwrap();
    let answer = ask(&other, &first).await;
    let spent = (409, "voucher_spent".to_owned());
    assert_eq!(ask(&one, &first).await.problem(), spent);
    drop((one, other));
    let later = replica();
    assert_eq!(ask(&later, &first).await.problem(), spent);
    let (second, rounds) = next(rounds, &answer);
    let last = numbers(&ask(&later, &second).await);
    assert!(matches!(rounds.receive(&last).unwrap(), Round::Scores(_)));
    assert_eq!(ask(&replica(), &second).await.problem(), spent);
}

/// What keeps used vouchers in memory alone must not share its secret; and a ledger that is away is no reason to answer.
#[tokio::test]
async fn without_a_ledger_a_shared_secret_is_refused() {
    let (folder, config) = shared();
    let alone = Config {
        ledger: LedgerSettings::default(),
        ..config.clone()
    };
    let refused = App::new([network()], alone).err().unwrap();
    assert!(matches!(refused, StartError::NoLedger { .. }));
    let told = chain(&refused).to_string();
    assert!(told.contains("bent") && told.contains("[ledger]"), "{told}");

    if cfg!(feature = "ledger") {
        let service = router(App::new([network()], config).unwrap());
        let session = session();
        let vouchers = filled(&service, &session, 1).await;
        let (first, _) = vouchers
            .begin(session.card(), &records(&session, 1))
            .unwrap();
        // A directory in the file's place.
        let file = folder.path().join("ledger.db");
        fs::create_dir(file).unwrap();
        let answer = ask(&service, &first).await;
        assert_eq!(answer.problem(), (503, "ledger_away".to_owned()));
    }
}
