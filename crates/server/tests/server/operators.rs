//! Operators' calls: models loaded, replaced and removed while the service runs; and its end.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::common::{
    Answer, call, evaluator, get, hybrid_evaluator, post, request, unproven_request,
};
use axum::Router;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use veilcast_engine::KeyPolicy;
use veilcast_server::{App, Config, ListenAddress, ModelSetting, operator_router, router};

const POLICY: KeyPolicy = KeyPolicy {
    allow_insecure_1024: true,
};
const INDEX: &str = "/v2/repository/index";

fn to(path: &str, body: &str) -> Request<Body> {
    Request::post(path)
        .body(Body::from(body.to_owned()))
        .unwrap()
}

fn change(model: &str, verb: &str) -> Request<Body> {
    to(&format!("/v2/repository/models/{model}/{verb}"), "")
}

/// A service whose directories hold a word: that of the model and its version. `sums` is served from the start.
fn open(folder: &Path, config: Config) -> (Arc<App>, Router, Router) {
    let models = vec![ModelSetting::from(folder.join("sums"))];
    write(folder, "sums", "sums 1");
    let app =
        App::open(
            Config { models, ..config },
            POLICY,
            |directory| match std::fs::read_to_string(directory.join("word"))?.as_str() {
                "sums 1" => Ok(evaluator("1")),
                "sums 2" => Ok(evaluator("2")),
                "hybrid 1" => Ok(hybrid_evaluator("hybrid", "1")),
                other => Err(format!("{other} is no model").into()),
            },
        );
    let app = app.unwrap();
    app.load_models().unwrap();
    let (public, operator) = (router(Arc::clone(&app)), operator_router(Arc::clone(&app)));
    (app, public, operator)
}

/// Writes what a directory holds, with the card that the service looks models up by.
fn write(folder: &Path, directory: &str, word: &str) {
    let directory = folder.join(directory);
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("word"), word).unwrap();
    let card = match word {
        "hybrid 1" => hybrid_evaluator("hybrid", "1").card_json().to_vec(),
        "sums 2" => evaluator("2").card_json().to_vec(),
        _ => evaluator("1").card_json().to_vec(),
    };
    std::fs::write(directory.join("card.json"), card).unwrap();
}

async fn index(operator: &Router, body: &str) -> Value {
    let answer = call(operator, to(INDEX, body)).await;
    assert_eq!(answer.status, 200);
    answer.json()
}

fn listed(name: &str, version: &str, state: &str, reason: &str) -> Value {
    json!({"name": name, "version": version, "state": state, "reason": reason})
}

#[tokio::test]
async fn models_come_and_go_by_operators_calls() {
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path().join("repository");
    write(&repository, "anything", "hybrid 1");
    write(&repository, "sums/2", "sums 2");
    let config = Config {
        model_repository: Some(repository.clone()),
        ..Config::default()
    };
    let (_, public, operator) = open(folder.path(), config);
    let all = json!([
        listed("sums", "1", "READY", ""),
        listed("hybrid", "1", "UNAVAILABLE", "unloaded"),
        listed("sums", "2", "UNAVAILABLE", "unloaded"),
    ]);
    assert_eq!(index(&operator, "").await, all);
    let ready = json!([listed("sums", "1", "READY", "")]);
    assert_eq!(index(&operator, r#"{"ready": true}"#).await, ready);

    let hybrid = || get("/v2/models/hybrid");
    assert_eq!(call(&public, hybrid()).await.status, 404);
    assert_eq!(call(&operator, change("hybrid", "load")).await.status, 200);
    assert_eq!(call(&public, hybrid()).await.status, 200);
    // All versions of a name, and no other model, and the last one answers.
    assert_eq!(call(&operator, change("sums", "load")).await.status, 200);
    let sums = call(&public, get("/v2/models/sums")).await.json();
    assert_eq!(sums["versions"], json!(["1", "2"]));
    assert_eq!(
        call(&operator, change("hybrid", "unload")).await.status,
        200
    );
    assert_eq!(call(&public, hybrid()).await.status, 404);
    assert_eq!(
        call(&public, get("/v2/models/sums/versions/2"))
            .await
            .status,
        200
    );

    let unknown = call(&operator, change("other", "load")).await;
    assert_eq!(unknown.problem(), (404, "unknown_model".to_owned()));
    let unknown = call(&operator, change("..%2Fsums", "unload")).await;
    assert_eq!(unknown.problem(), (404, "unknown_model".to_owned()));
    for (path, body) in [
        (
            "/v2/repository/models/sums/load",
            r#"{"parameters": {"config": "{}"}}"#,
        ),
        (INDEX, r#"{"ready": 1}"#),
        (INDEX, "{"),
    ] {
        let refused = call(&operator, to(path, body)).await;
        assert_eq!(
            refused.problem(),
            (400, "invalid_body".to_owned()),
            "{body}"
        );
    }
    let parameters = r#"{"parameters": {"unload_dependents": false}}"#;
    let unload = to("/v2/repository/models/sums/unload", parameters);
    assert_eq!(call(&operator, unload).await.status, 200);
    assert_eq!(
        call(&public, post(&request(1))).await.problem().1,
        "unknown_model"
    );
}

#[tokio::test]
async fn a_model_that_cannot_be_replaced_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (_, public, operator) = open(folder.path(), Config::default());
    write(folder.path(), "sums", "rubbish");
    let refused = call(&operator, change("sums", "load")).await;
    let text = refused.text();
    assert_eq!(refused.problem(), (400, "model_not_loaded".to_owned()));
    assert!(text.contains("rubbish is no model"), "{text}");
    assert_eq!(call(&public, post(&request(1))).await.status, 200);
    let listed = index(&operator, "").await;
    assert_eq!(listed[0]["state"], "READY");
    assert!(
        listed[0]["reason"]
            .as_str()
            .unwrap()
            .contains("rubbish is no model")
    );
}

#[tokio::test]
async fn keys_that_clients_have_proven_survive() {
    let folder = tempfile::tempdir().unwrap();
    let (app, public, operator) = open(folder.path(), Config::default());
    let unproven = || post(&unproven_request(1));
    assert_eq!(
        call(&public, unproven()).await.problem().1,
        "key_proof_needed"
    );
    assert_eq!(call(&public, post(&request(1))).await.status, 200);
    assert_eq!(call(&operator, change("sums", "load")).await.status, 200);
    assert_eq!(call(&public, unproven()).await.status, 200);
    let config = Config::clone(&app.config());
    assert!(app.reload(config).unwrap().is_empty());
    assert_eq!(call(&public, unproven()).await.status, 200);
}

#[tokio::test]
async fn the_default_version_answers_requests_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let (app, public, _) = open(folder.path(), Config::default());
    write(folder.path(), "second", "sums 2");
    let reload = |first: bool, second: bool| {
        let model = |path: &str, default| ModelSetting {
            path: folder.path().join(path),
            default,
        };
        app.reload(Config {
            models: vec![model("sums", first), model("second", second)],
            ..Config::clone(&app.config())
        })
    };
    let answers = async || {
        let card = call(&public, get("/v2/models/sums/card")).await.json();
        card["version"].as_str().unwrap().to_owned()
    };
    let without = Config {
        models: Vec::new(),
        ..Config::clone(&app.config())
    };
    let refused = app.reload(without).err().unwrap().to_string();
    assert_eq!(refused, "there is no model to serve: name at least one");
    assert!(reload(false, false).unwrap().is_empty());
    assert_eq!(answers().await, "2");
    assert!(reload(true, false).unwrap().is_empty());
    assert_eq!(answers().await, "1");
    let refused = reload(true, true).err().unwrap().to_string();
    assert!(
        refused.starts_with("two versions of the model sums have"),
        "{refused}"
    );
    assert_eq!(answers().await, "1");
}

/// Requests without a pause from several clients, while the model is replaced over and over.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_request_is_lost_while_models_are_replaced() {
    const REQUESTS: usize = 2000;
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        queue_length: 64,
        ..Config::default()
    };
    let (app, public, operator) = open(folder.path(), config);
    let (sent, done) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    assert_eq!(call(&public, post(&request(1))).await.status, 200);
    let clients = (0..8).map(|_| {
        let (public, sent) = (public.clone(), Arc::clone(&sent));
        tokio::spawn(async move {
            let mut wrong = Vec::new();
            while sent.fetch_add(1, Ordering::Relaxed) < REQUESTS {
                let answer = call(&public, post(&unproven_request(1))).await;
                if answer.status != StatusCode::OK {
                    wrong.push(answer.text());
                }
            }
            wrong
        })
    });
    let clients: Vec<_> = clients.collect();
    let replacing = tokio::spawn({
        let done = Arc::clone(&done);
        async move {
            let mut replaced = 0;
            while !done.load(Ordering::Relaxed) {
                assert_eq!(call(&operator, change("sums", "load")).await.status, 200);
                let app = Arc::clone(&app);
                let reloaded = tokio::task::spawn_blocking(move || {
                    app.reload(Config::clone(&app.config())).unwrap().len()
                });
                assert_eq!(reloaded.await.unwrap(), 0);
                replaced += 2;
            }
            replaced
        }
    });
    let mut wrong = Vec::new();
    for client in clients {
        wrong.extend(client.await.unwrap());
    }
    done.store(true, Ordering::Relaxed);
    let replaced = replacing.await.unwrap();
    assert_eq!(wrong, Vec::<String>::new());
    assert!(
        replaced >= 20,
        "the model was replaced {replaced} times alone"
    );
}

fn token_file(token: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{token}").unwrap();
    file
}

#[tokio::test]
async fn operators_calls_need_their_token() {
    const TOKEN: &str = "0123456789abcdef0123456789abcdef";
    let folder = tempfile::tempdir().unwrap();
    let file = token_file(TOKEN);
    let config = Config {
        operator_token_file: Some(file.path().to_owned()),
        ..Config::default()
    };
    let (_, public, operator) = open(folder.path(), config);
    let with = async |authorization: &str| -> Answer {
        let mut request = change("sums", "unload");
        let value = authorization.parse().unwrap();
        request.headers_mut().insert(AUTHORIZATION, value);
        call(&operator, request).await
    };
    let refused = call(&operator, change("sums", "unload")).await;
    assert_eq!(refused.headers[WWW_AUTHENTICATE], "Bearer");
    assert_eq!(refused.problem(), (401, "operator_token_needed".to_owned()));
    for wrong in [
        "Bearer",
        "Bearer ",
        "Bearer 0123456789abcdef0123456789abcdeg",
        "Bearer 0123456789abcdef0123456789abcdef0",
        "Basic 0123456789abcdef0123456789abcdef",
        TOKEN,
    ] {
        let refused = with(wrong).await.problem();
        assert_eq!(
            refused,
            (401, "operator_token_needed".to_owned()),
            "{wrong}"
        );
    }
    // Not one of them did anything, and the public's listener knows no such call.
    assert_eq!(call(&public, get("/v2/models/sums")).await.status, 200);
    let unknown = call(&public, change("sums", "unload")).await;
    assert_eq!(unknown.problem(), (404, "unknown_route".to_owned()));
    assert_eq!(with(&format!("bearer {TOKEN}")).await.status, 200);
    assert_eq!(call(&public, get("/v2/models/sums")).await.status, 404);
}

#[tokio::test]
async fn without_a_token_only_this_machine_has_operators() {
    let folder = tempfile::tempdir().unwrap();
    let calls = async |listen: &str| {
        let listen = listen.parse::<ListenAddress>().unwrap();
        let config = Config {
            operator_listen: vec![listen],
            ..Config::default()
        };
        let (_, _, operator) = open(folder.path(), config);
        call(&operator, to(INDEX, "")).await
    };
    for local in [
        "127.0.0.1:0",
        "[::1]:0",
        "localhost:0",
        "unix:/run/operators",
    ] {
        assert_eq!(calls(local).await.status, 200, "{local}");
    }
    for others in [":0", "0.0.0.0:0", "192.0.2.1:0", "example.org:0"] {
        let refused = calls(others).await.problem();
        assert_eq!(refused, (403, "no_operator_token".to_owned()), "{others}");
    }
}

#[test]
fn tokens_that_are_none_are_refused() {
    for token in [
        "",
        "short",
        "0123456789abcdef 0123456789abcdef",
        &"x".repeat(5000),
    ] {
        let file = token_file(token);
        let config = Config {
            operator_token_file: Some(file.path().to_owned()),
            ..Config::default()
        };
        let refused = App::open(config, POLICY, |_| Err("none".into()))
            .err()
            .unwrap();
        assert!(
            refused
                .to_string()
                .starts_with("can't use the operators' token in")
        );
    }
}

#[tokio::test]
async fn a_service_says_that_it_is_loading() {
    let app = App::open(Config::default(), POLICY, |_| Ok(evaluator("1"))).unwrap();
    let public = router(Arc::clone(&app));
    assert_eq!(call(&public, get("/v2/health/ready")).await.status, 503);
    assert_eq!(call(&public, get("/v2/health/live")).await.status, 200);
    wait_for(&public, "veilcast_ready 0").await;
    let refused = call(&public, post(&request(1))).await;
    assert!(refused.headers.contains_key(RETRY_AFTER));
    assert_eq!(refused.problem(), (503, "loading".to_owned()));
    assert!(app.load_models().is_err(), "no model is configured");
}

#[tokio::test]
async fn an_ending_service_finishes_what_it_computes_and_refuses_the_queue() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        concurrent_computations: 1,
        queue_length: 4,
        ..Config::default()
    };
    let (app, public, _) = open(folder.path(), config);
    let spawn = |request: Request<Body>| {
        let public = public.clone();
        tokio::spawn(async move { call(&public, request).await })
    };
    let computing = spawn(post(&request(crate::common::MAX_RECORDS as usize)));
    wait_for(&public, "veilcast_computing 1").await;
    let waiting = spawn(post(&request(1)));
    wait_for(&public, "veilcast_waiting 1").await;
    app.drain().await;
    let refused = waiting.await.unwrap();
    assert!(refused.headers.contains_key(RETRY_AFTER));
    assert_eq!(refused.problem(), (503, "ending".to_owned()));
    assert_eq!(call(&public, get("/v2/health/ready")).await.status, 503);
    assert_eq!(computing.await.unwrap().status, 200);
}

/// Waits until a gauge has a value.
async fn wait_for(service: &Router, line: &str) {
    let started = Instant::now();
    let has = |text: String| text.lines().any(|other| other == line);
    while !has(call(service, get("/metrics")).await.text()) {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "{line} never came"
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
