//! Who may ask, how often, and what is written down of it.

use std::time::{Duration, SystemTime};

use crate::books::{Books, guess, refused, with};
use crate::common::{INFER, call, evaluator, get, post, request, stalled};
use axum::body::Body;
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use veilcast_ledger::Credential;
use veilcast_server::{App, ClientCertificate, Config, LedgerSettings};

#[tokio::test]
async fn only_tokens_of_the_ledger_open_it() {
    let (_folder, books) = Books::in_file().await;
    let service = books.service(|_| {});
    let token = books.token("clinic", &[], &[]).await;
    let answer = call(&service, with(&token, post(&request(3)))).await;
    assert_eq!(answer.status, 200);
    assert_eq!(books.charged("clinic").await, (1, 3));

    let none = call(&service, post(&request(1))).await;
    refused(&none, 401, "token_needed");
    assert_eq!(none.headers[WWW_AUTHENTICATE], "Bearer realm=\"veilcast\"");
    let tampered = format!(
        "{}{}",
        &token[..token.len() - 1],
        if token.ends_with('A') { 'E' } else { 'A' }
    );
    for wrong in [
        guess(),
        guess(),
        tampered,
        "hello".to_owned(),
        String::new(),
        token.to_uppercase(),
    ] {
        let answer = call(&service, with(&wrong, post(&request(1)))).await;
        refused(&answer, 401, "token_unknown");
        let challenge = answer.headers[WWW_AUTHENTICATE].to_str().unwrap();
        assert!(challenge.starts_with("Bearer") && challenge.contains("invalid_token"));
        assert!(wrong.is_empty() || !answer.text().contains(&wrong));
    }
    // Another scheme is none of ours.
    let mut basic = post(&request(1));
    basic
        .headers_mut()
        .insert(AUTHORIZATION, HeaderValue::from_static("Basic aGk6aG8="));
    refused(&call(&service, basic).await, 401, "token_needed");
    assert_eq!(books.charged("clinic").await, (1, 3));
}

#[tokio::test]
async fn who_has_no_token_is_refused_before_the_body_is_received() {
    let (_folder, books) = Books::in_file().await;
    let service = books.service(|config| config.concurrent_uploads = 1);
    let endless = || {
        let request = Request::post(INFER).header(CONTENT_TYPE, "application/json");
        request.body(stalled()).unwrap()
    };
    // Both at once: neither has a place, of which there is one.
    let (one, other) = tokio::join!(
        call(&service, endless()),
        call(&service, with(&guess(), endless()))
    );
    refused(&one, 401, "token_needed");
    refused(&other, 401, "token_unknown");
}

#[tokio::test]
async fn what_needs_no_token_and_what_does() {
    let (_folder, books) = Books::in_file().await;
    let service = books.service(|_| {});
    let token = books.token("clinic", &[], &[]).await;
    for path in [
        "/v2",
        "/v2/health/live",
        "/v2/health/ready",
        "/openapi.json",
        "/",
        "/metrics",
    ] {
        assert_eq!(call(&service, get(path)).await.status, 200, "{path}");
    }
    for path in [
        "/v2/models",
        "/v2/models/sums",
        "/v2/models/sums/ready",
        "/v2/models/sums/card",
        "/v2/models/sums/versions/1/card",
    ] {
        refused(&call(&service, get(path)).await, 401, "token_needed");
        assert_eq!(
            call(&service, with(&token, get(path))).await.status,
            200,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_token_is_for_its_models_alone() {
    let (_folder, books) = Books::in_file().await;
    let service = books.service(|_| {});
    let token = books.token("clinic", &["other"], &[]).await;
    let answer = call(&service, with(&token, post(&request(1)))).await;
    refused(&answer, 403, "model_not_allowed");
    for path in ["", "/ready", "/card", "/public.onnx", "/versions/1/card"] {
        let of = |model: &str| with(&token, get(&format!("/v2/models/{model}{path}")));
        let known = call(&service, of("sums")).await;
        refused(&known, 403, "model_not_allowed");
        // Whether there is a model doesn't show.
        assert_eq!(call(&service, of("nothing")).await.text(), known.text());
    }
    let list = call(&service, with(&token, get("/v2/models"))).await;
    assert_eq!(list.json()["models"], serde_json::json!(["other"]));
    let version = call(&service, with(&token, get("/v2/models/other/versions/2"))).await;
    refused(&version, 404, "unknown_version");
    // One that isn't served, though the token is for it, leads to no list of others.
    let absent = books.token("absent", &["absent"], &[]).await;
    let unknown = call(&service, with(&absent, get("/v2/models/absent"))).await;
    refused(&unknown, 404, "unknown_model");
    assert!(!unknown.text().contains("sums"));
    assert_eq!(books.charged("clinic").await, (0, 0));
}

#[tokio::test]
async fn a_revoked_token_gets_no_answer_even_if_it_was_good_a_moment_ago() {
    let (_folder, books) = Books::in_file().await;
    let service = books.service(|_| {});
    let token = books.token("clinic", &[], &[]).await;
    let answer = call(&service, with(&token, post(&request(1)))).await;
    assert_eq!(answer.status, 200);
    books
        .ledger
        .revoke("clinic", SystemTime::now())
        .await
        .unwrap();
    for _ in 0..2 {
        let late = call(&service, with(&token, post(&request(1)))).await;
        refused(&late, 401, "token_unknown");
        assert!(late.text().contains("revoked"));
    }
    assert_eq!(books.charged("clinic").await, (1, 1));
}

#[tokio::test]
async fn a_used_up_quota_refuses_and_says_when_it_renews() {
    let (_folder, books) = Books::in_file().await;
    let service = books.service(|_| {});
    let token = books.token("clinic", &[], &["10/day"]).await;
    assert_eq!(
        call(&service, with(&token, post(&request(8)))).await.status,
        200
    );
    let answer = call(&service, with(&token, post(&request(3)))).await;
    refused(&answer, 429, "quota_used_up");
    assert!(
        answer
            .text()
            .contains("10 records per day has 2 records left"),
        "{}",
        answer.text()
    );
    let wait: u64 = answer.headers[RETRY_AFTER]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=86_400).contains(&wait));
    // No renewal helps this one.
    let answer = call(&service, with(&token, post(&request(11)))).await;
    refused(&answer, 429, "quota_used_up");
    assert!(answer.headers.get(RETRY_AFTER).is_none());
    assert_eq!(
        call(&service, with(&token, post(&request(2)))).await.status,
        200
    );
    assert_eq!(books.charged("clinic").await, (2, 10));

    let costly = books.token("costly", &[], &["0.000001s"]).await;
    let answer = call(&service, with(&costly, post(&request(1)))).await;
    refused(&answer, 429, "quota_used_up");
    assert!(answer.headers.get(RETRY_AFTER).is_none());
    // It was refused before anything was computed.
    let metrics = call(&service, get("/metrics")).await.text();
    assert!(
        metrics.contains("veilcast_records_total{model=\"sums\"} 10\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn without_tokens_needed_those_that_are_shown_count() {
    let (_folder, books) = Books::in_file().await;
    let service = books.service(|config| config.ledger.required = false);
    let token = books.token("clinic", &["sums"], &["2"]).await;
    assert_eq!(call(&service, post(&request(1))).await.status, 200);
    assert_eq!(
        call(&service, with(&token, post(&request(2)))).await.status,
        200
    );
    assert_eq!(books.charged("clinic").await, (1, 2));
    refused(
        &call(&service, with(&token, post(&request(1)))).await,
        429,
        "quota_used_up",
    );
    refused(
        &call(&service, with(&guess(), post(&request(1)))).await,
        401,
        "token_unknown",
    );
    refused(
        &call(&service, with(&token, get("/v2/models/other"))).await,
        403,
        "model_not_allowed",
    );
    assert_eq!(call(&service, get("/v2/models/other")).await.status, 200);
}

#[tokio::test]
async fn a_certificate_is_as_good_as_the_token_that_is_bound_to_it() {
    let (_folder, books) = Books::in_file().await;
    let bound = Credential::of_certificate([7; 32]);
    books.add("clinic", &["sums"], &["2"], bound).await;
    let showing = |byte, mut request: Request<Body>| {
        let certificate = ClientCertificate { sha256: [byte; 32] };
        request.extensions_mut().insert(certificate);
        request
    };
    let service = books.service(|_| {});
    let answer = call(&service, showing(7, post(&request(2)))).await;
    assert_eq!(answer.status, 200);
    assert_eq!(books.charged("clinic").await, (1, 2));
    let over = call(&service, showing(7, post(&request(1)))).await;
    refused(&over, 429, "quota_used_up");
    let others = call(&service, showing(7, get("/v2/models/other"))).await;
    refused(&others, 403, "model_not_allowed");
    // A certificate that an authority signed isn't a token by itself, and a secret that is shown comes first.
    let unbound = call(&service, showing(8, post(&request(1)))).await;
    refused(&unbound, 401, "token_unknown");
    let both = call(&service, with(&guess(), showing(7, post(&request(1))))).await;
    refused(&both, 401, "token_unknown");
    let open = books.service(|config| config.ledger.required = false);
    let answer = call(&open, showing(8, post(&request(1)))).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn guesses_of_an_address_are_limited() {
    let (_folder, books) = Books::in_file().await;
    let service = books.service(|_| {});
    let token = books.token("clinic", &[], &[]).await;
    assert_eq!(
        call(&service, with(&token, get("/v2/models"))).await.status,
        200
    );
    let mut guesses = 0;
    loop {
        let answer = call(&service, with(&guess(), get("/v2/models"))).await;
        match answer.problem().1.as_str() {
            "token_unknown" => guesses += 1,
            "too_many_tokens" => break,
            other => panic!("{other}"),
        }
        assert!(guesses < 10_000, "guesses are never too many");
    }
    assert!(guesses >= 599, "{guesses}");
    // Who has shown a good token isn't kept out by others at the same address.
    assert_eq!(
        call(&service, with(&token, get("/v2/models"))).await.status,
        200
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_request_is_charged_nothing() {
    let (_folder, books) = Books::in_file().await;
    let service = books.service(|_| {});
    let token = books.token("clinic", &[], &[]).await;
    let (service, token) = (&service, &token);
    let abandoned = call(service, with(token, post(&request(1500))));
    let gone = tokio::time::timeout(Duration::from_millis(30), abandoned).await;
    assert!(gone.is_err(), "it was answered at once");
    // The next one's charge comes after everything of the one before.
    assert_eq!(
        call(service, with(token, post(&request(2)))).await.status,
        200
    );
    assert_eq!(books.charged("clinic").await, (1, 2));
}

#[test]
fn ledgers_that_cannot_be_are_refused_at_the_start() {
    for url in [
        "",
        "mysql://u:hush@host/db",
        "postgres://u:hush@host:port/db",
    ] {
        let config = Config {
            ledger: LedgerSettings {
                url: Some(url.to_owned()),
                ..LedgerSettings::default()
            },
            ..Config::default()
        };
        assert!(!format!("{config:?}").contains("hush"));
        let error = App::new([evaluator("1")], config).err().unwrap();
        assert!(!format!("{error:?} {error}").contains("hush"), "{error:?}");
    }
    let config = Config {
        audit_file: Some("/no/such/folder/audit".into()),
        ..Config::default()
    };
    let error = App::new([evaluator("1")], config).err().unwrap();
    assert_eq!(
        error.to_string(),
        "can't write the audit log /no/such/folder/audit"
    );
}

#[tokio::test]
async fn each_inference_is_written_down() {
    let (folder, books) = Books::in_file().await;
    let path = folder.path().join("audit.jsonl");
    let service = books.service(|config| config.audit_file = Some(path.clone()));
    let token = books.token("clinic", &[], &["3"]).await;
    let wrong = guess();
    call(&service, with(&token, post(&request(2)))).await;
    call(&service, with(&token, post(&request(2)))).await;
    call(&service, with(&wrong, post(&request(2)))).await;
    let abandoned = with(&token, Request::post(INFER).body(stalled()).unwrap());
    let gone = tokio::time::timeout(Duration::from_millis(50), call(&service, abandoned)).await;
    assert!(gone.is_err());
    call(&service, with(&token, get("/v2/models"))).await;

    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains(&token) && !text.contains(&wrong) && !text.contains("veilcast_"));
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let outcomes: Vec<_> = lines
        .iter()
        .map(|line| line["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(
        outcomes,
        ["ok", "quota_used_up", "token_unknown", "abandoned"]
    );
    let [answered, refused, unknown, gone] = &lines[..] else {
        panic!("{text}")
    };
    for line in [answered, refused] {
        assert_eq!(line["token"], "clinic");
        assert_eq!(
            (&line["model"], &line["version"]),
            (&"sums".into(), &"1".into())
        );
        assert_eq!(line["records"], 2);
        assert_eq!(line["key"].as_str().unwrap().len(), 64);
        assert!(line["cost_seconds"].as_f64().unwrap() > 0.0);
        assert!(line["time"].as_str().unwrap().ends_with('Z'));
    }
    assert_eq!(
        (&unknown["token"], &unknown["model"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
    assert_eq!(unknown["address"], "0.0.0.0");
    assert_eq!(
        (&gone["token"], &gone["records"]),
        (&"clinic".into(), &serde_json::Value::Null)
    );
    // It may be moved away at any time.
    std::fs::rename(&path, folder.path().join("audit.1")).unwrap();
    call(&service, post(&request(1))).await;
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1);
}
