//! Sealed models over HTTP: their files, their answers, and the keys that open them.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use crate::common::{Answer, call, evaluator, get, sealed, sealing_key};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use veilcast_card::{QuantizedRecord, chain};
use veilcast_engine::{Evaluator, KeyPolicy, SealedModel};
use veilcast_protocol::{
    ByteMatrix, Encoding, Framing, HEADER_LENGTH, Limits, MEDIA_BINARY, MaskedResponse,
    SealedRequest,
};
use veilcast_server::{App, Config, StartError, router};

const FILE: &str = "/v2/models/sums/sealed.bin";

/// A service with the sealed model alone, and its client.
fn service() -> (SealedModel, Router) {
    let (client, evaluator) = sealed("sums", "1");
    let opened = evaluator.with_sealing_key(sealing_key().into()).unwrap();
    (
        client,
        router(App::new([opened], Config::default()).unwrap()),
    )
}

fn records(client: &SealedModel, count: u32) -> Vec<QuantizedRecord> {
    let record = |i: u32| vec![i % 16, 15, i / 16 % 16, 7];
    let records = (0..count).map(|i| QuantizedRecord::new(client.card(), record(i)).unwrap());
    records.collect()
}

async fn ask(service: &Router, model: &str, request: &SealedRequest) -> Answer {
    let body = request.to_binary();
    let post = Request::post(format!("/v2/models/{model}/infer"))
        .header(CONTENT_TYPE, MEDIA_BINARY)
        .header(HEADER_LENGTH, body.header_length)
        .body(Body::from(body.bytes));
    call(service, post.unwrap()).await
}

#[tokio::test]
async fn encrypted_weights_are_served_byte_for_byte() {
    let (client, evaluator) = sealed("sums", "1");
    let file = evaluator.sealed_file().unwrap().to_vec();
    let opened = evaluator.with_sealing_key(sealing_key().into()).unwrap();
    let others = [opened, crate::common::named_evaluator("other", "1")];
    let service = router(App::new(others, Config::default()).unwrap());
    let answer = call(&service, get(FILE)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.body.len()),
        (200, file.len())
    );
    assert_eq!(answer.headers[CONTENT_TYPE], "application/octet-stream");
    assert_eq!(answer.body, file);
    let tag = answer.headers[ETAG].to_str().unwrap();
    assert_eq!(
        tag,
        format!("\"{}\"", client.card().sealed().unwrap().sha256)
    );
    let again = Request::get(FILE).header(IF_NONE_MATCH, tag);
    let again = call(&service, again.body(Body::empty()).unwrap()).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    let of_version = call(&service, get("/v2/models/sums/versions/1/sealed.bin")).await;
    assert_eq!(of_version.body, file);
    let none = call(&service, get("/v2/models/other/sealed.bin")).await;
    assert_eq!(none.problem(), (404, "not_sealed".to_owned()));
}

/// In both forms, with more records than a ciphertext holds; and each is counted.
#[tokio::test]
async fn records_are_answered_and_counted() {
    let (client, service) = service();
    let records = records(&client, 200);
    let (request, opening) = client.prepare(&records).unwrap();
    assert!(request.ciphertexts.rows() > 2);
    let answer = ask(&service, "sums", &request).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let length = answer.headers[HEADER_LENGTH]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let limits = Limits::new(200, 0);
    let binary = MaskedResponse::decode(&answer.body, Framing::HeaderLength(length), &limits);
    let binary = binary.unwrap();
    let model = crate::common::model();
    let exact = records.iter().map(|record| {
        let same = QuantizedRecord::new(model.card(), record.values().to_vec()).unwrap();
        model.evaluate(&same).unwrap()
    });
    assert_eq!(opening.scores(&binary).unwrap(), exact.collect::<Vec<_>>());

    let as_json = SealedRequest {
        answer: Encoding::Json,
        ..request
    };
    let post = Request::post("/v2/models/sums/infer")
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(as_json.to_json()));
    let json = call(&service, post.unwrap()).await;
    assert_eq!(json.status, 200);
    let json = MaskedResponse::decode(&json.body, Framing::Json, &limits).unwrap();
    assert_eq!(json.scores, binary.scores);
    let metrics = call(&service, get("/metrics")).await.text();
    let counted = "veilcast_records_total{model=\"sums\"} 400";
    assert!(metrics.contains(counted), "{metrics}");
}

#[tokio::test]
async fn bad_requests_have_their_codes() {
    let (client, service) = service();
    let (request, _) = client.prepare(&records(&client, 2)).unwrap();
    let zeros = ByteMatrix::new([1, 1], 256, vec![0; 256]).unwrap();
    let modulus = crate::common::fixed_width(&crate::common::modulus(), 256);
    let modulus = ByteMatrix::new([1, 1], 256, modulus).unwrap();
    let with = |ciphertexts| SealedRequest {
        ciphertexts,
        ..request.clone()
    };
    let many = SealedRequest {
        records: 1501,
        ..request.clone()
    };
    let rows = SealedRequest {
        records: 1000,
        ..request.clone()
    };
    let card = SealedRequest {
        card_digest: evaluator("1").card_digest(),
        ..request.clone()
    };
    for (bad, status, code) in [
        (with(zeros), 400, "invalid_ciphertext"),
        (with(modulus), 400, "invalid_ciphertext"),
        (many, 400, "too_many_records"),
        (rows, 400, "wrong_shape"),
        (card, 409, "wrong_card_digest"),
    ] {
        let answer = ask(&service, "sums", &bad).await;
        assert_eq!(answer.problem(), (status, code.to_owned()));
    }
    let unsealed = router(App::new([evaluator("1")], Config::default()).unwrap());
    let request = SealedRequest {
        card_digest: evaluator("1").card_digest(),
        ..request
    };
    let answer = ask(&unsealed, "sums", &request).await;
    assert_eq!(answer.problem(), (400, "not_sealed".to_owned()));
}

fn started(evaluators: Vec<Evaluator>, keys: Vec<PathBuf>) -> Result<Arc<App>, StartError> {
    let config = Config {
        sealing_keys: keys,
        ..Config::default()
    };
    App::new(evaluators, config)
}

#[test]
fn keys_are_found_among_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let policy = KeyPolicy {
        allow_insecure_1024: true,
    };
    let other = veilcast_paillier::SecretKey::generate(1024, policy).unwrap();
    let other = file("other.json", &other.to_json("other"));
    let right = file("right.json", &sealing_key().to_json("right"));
    let nonsense = file("nonsense.json", "{}");
    let model = || vec![sealed("sums", "1").1];
    let refused = |keys: Vec<PathBuf>| chain(&started(model(), keys).err().unwrap());
    assert!(refused(vec![]).contains("name its file in `sealing_keys`"));
    assert!(refused(vec![nonsense]).contains("can't use the key of sealed models in"));
    let missing = refused(vec![folder.path().join("nowhere")]);
    assert!(missing.contains("nowhere"), "{missing}");
    let mismatched = refused(vec![other.clone()]);
    assert!(
        mismatched.contains("name its file in `sealing_keys`"),
        "{mismatched}"
    );
    started(model(), vec![other, right]).unwrap();
}

#[test]
fn a_key_is_for_one_model() {
    let opened = |name, version| {
        let (_, evaluator) = sealed(name, version);
        evaluator.with_sealing_key(sealing_key().into()).unwrap()
    };
    let started = |evaluators| started(evaluators, vec![]);
    let versions = started(vec![opened("sums", "1"), opened("sums", "2")]);
    versions.unwrap();
    let error = started(vec![opened("sums", "1"), opened("others", "1")]).err();
    let error = error.unwrap().to_string();
    assert!(
        error.starts_with("the models sums and others are sealed under the same key"),
        "{error}"
    );
}
