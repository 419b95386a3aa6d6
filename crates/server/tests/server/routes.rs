//! What each route answers.

use crate::common::{
    FEATURES, ONNX, OUTPUTS, call, card_digest, evaluator, get, hybrid_evaluator, named_evaluator,
    post, post_json, request, service,
};
use axum::http::header::{ALLOW, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{Request, StatusCode};
use serde_json::json;
use veilcast_protocol::{Encoding, Framing, HEADER_LENGTH, InferResponse, KeyFingerprint, Limits};
use veilcast_server::{App, Config, StartError, router};

#[tokio::test]
async fn metadata_and_health() {
    let service = service();
    let cases = [
        (
            "/v2",
            json!({
                "name": "veilcast", "version": env!("CARGO_PKG_VERSION"),
                "extensions": ["binary_tensor_data"],
            }),
        ),
        ("/v2/models", json!({"models": ["sums"]})),
        ("/v2/health/live", json!({"live": true})),
        ("/v2/health/ready", json!({"ready": true})),
        (
            "/v2/models/sums/ready",
            json!({"name": "sums", "ready": true}),
        ),
        (
            "/v2/models/sums/versions/1/ready",
            json!({"name": "sums", "ready": true}),
        ),
        (
            "/v2/models/sums",
            json!({
                "name": "sums", "versions": ["1"], "platform": "veilcast_paillier",
                "inputs": [{"name": "ciphertexts", "datatype": "BYTES", "shape": [-1, FEATURES]}],
                "outputs": [{"name": "scores", "datatype": "BYTES", "shape": [-1, OUTPUTS]}],
            }),
        ),
    ];
    for (path, expected) in cases {
        let answer = call(&service, get(path)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.headers[CONTENT_TYPE], "application/json", "{path}");
        assert_eq!(answer.json(), expected, "{path}");
    }
}

#[tokio::test]
async fn card_is_served_byte_for_byte() {
    let service = service();
    let answer = call(&service, get("/v2/models/sums/card")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers[CONTENT_TYPE], "application/json");
    assert_eq!(answer.body, evaluator("1").card_json());
    let tag = answer.headers[ETAG].to_str().unwrap();
    assert_eq!(tag, format!("\"{}\"", card_digest()));

    for (known, status) in [
        (tag, 304),
        (&format!("\"other\", W/{tag}"), 304),
        ("*", 304),
        ("\"other\"", 200),
    ] {
        let request = Request::get("/v2/models/sums/card").header(IF_NONE_MATCH, known);
        let answer = call(&service, request.body(axum::body::Body::empty()).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{known}");
        assert_eq!(answer.body.is_empty(), status == 304, "{known}");
    }
}

#[tokio::test]
async fn public_parts_are_served_byte_for_byte() {
    let evaluators = [
        hybrid_evaluator("hybrid", "1"),
        evaluator("1"),
        named_evaluator("hybrid", "2"),
    ];
    let service = router(App::new(evaluators, Config::default()).unwrap());
    let path = "/v2/models/hybrid/versions/1/public.onnx";
    let answer = call(&service, get(path)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers[CONTENT_TYPE], "application/octet-stream");
    assert_eq!(answer.body, ONNX);
    let card = call(&service, get("/v2/models/hybrid/versions/1/card")).await;
    let named = &card.json()["public_part"];
    assert_eq!(named["bytes"], ONNX.len());
    let tag = answer.headers[ETAG].to_str().unwrap();
    assert_eq!(tag, format!("{}", named["sha256"]));

    let again = Request::get(path).header(IF_NONE_MATCH, tag);
    let again = call(&service, again.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));

    // The model's latest version has none, and another model neither.
    for path in [
        "/v2/models/hybrid/public.onnx",
        "/v2/models/sums/public.onnx",
        "/v2/models/sums/versions/1/public.onnx",
    ] {
        let answer = call(&service, get(path)).await;
        assert_eq!(
            answer.problem(),
            (404, "no_public_part".to_owned()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn versions_live_side_by_side() {
    let evaluators = [evaluator("1"), evaluator("2")];
    let service = router(App::new(evaluators, Config::default()).unwrap());
    let card = async |path: &str| call(&service, get(path)).await.body;
    assert_eq!(
        card("/v2/models/sums/card").await,
        evaluator("2").card_json()
    );
    assert_eq!(
        card("/v2/models/sums/versions/1/card").await,
        evaluator("1").card_json()
    );
    assert_eq!(
        card("/v2/models/sums/versions/2/card").await,
        evaluator("2").card_json()
    );
    let metadata = call(&service, get("/v2/models/sums")).await.json();
    assert_eq!(metadata["versions"], json!(["1", "2"]));
}

#[tokio::test]
async fn models_are_listed_once_each_by_name() {
    let evaluators = [("sums", "1"), ("more", "1"), ("sums", "2")]
        .map(|(name, version)| named_evaluator(name, version));
    let service = router(App::new(evaluators, Config::default()).unwrap());
    let models = call(&service, get("/v2/models")).await.json();
    assert_eq!(models, json!({"models": ["more", "sums"]}));
}

#[test]
fn services_that_make_no_sense_do_not_start() {
    let start = |evaluators: Vec<_>, config| App::new(evaluators, config).err().unwrap();
    assert!(matches!(
        start(vec![], Config::default()),
        StartError::NoModel
    ));
    let twins = start(vec![evaluator("1"), evaluator("1")], Config::default());
    assert!(
        matches!(twins, StartError::DuplicateModel { .. }),
        "{twins}"
    );
    let tiny = start(
        vec![evaluator("1")],
        Config {
            max_body_bytes: 1000,
            ..Config::default()
        },
    );
    assert!(
        matches!(tiny, StartError::BodyLimit { limit: 1000, .. }),
        "{tiny}"
    );
    let idle = Config {
        concurrent_computations: 0,
        ..Config::default()
    };
    let idle = start(vec![evaluator("1")], idle);
    assert_eq!(
        idle.to_string(),
        "the setting `concurrent_computations` must be 1 to 1000000"
    );
}

#[tokio::test]
async fn answers_come_in_the_form_asked_for() {
    let service = service();
    let sound = request(2).with_id("first");
    let limits = Limits::new(2, 2 * OUTPUTS);
    for answer_form in [Encoding::Json, Encoding::Binary] {
        let sound = sound.clone().with_answer(answer_form);
        // A stored request, posted as it is: its JSON header delimits itself.
        let mut stored = post(&sound);
        stored.headers_mut().remove(HEADER_LENGTH);
        let mut versioned = post(&sound);
        *versioned.uri_mut() = "/v2/models/sums/versions/1/infer".parse().unwrap();
        let mut untyped = post_json(sound.to_json());
        untyped.headers_mut().remove(CONTENT_TYPE);
        for request in [
            post(&sound),
            post_json(sound.to_json()),
            stored,
            versioned,
            untyped,
        ] {
            let answer = call(&service, request).await;
            assert_eq!(
                answer.status,
                StatusCode::OK,
                "{}",
                String::from_utf8_lossy(&answer.body)
            );
            let timing = answer.headers["server-timing"].to_str().unwrap();
            let milliseconds = timing.strip_prefix("compute;dur=").unwrap();
            assert!(milliseconds.parse::<f64>().unwrap() > 0.0);
            let framing = match answer_form {
                Encoding::Json => {
                    assert_eq!(answer.headers[CONTENT_TYPE], "application/json");
                    assert!(!answer.headers.contains_key(HEADER_LENGTH));
                    Framing::Json
                }
                Encoding::Binary => {
                    assert_eq!(answer.headers[CONTENT_TYPE], "application/octet-stream");
                    let length = answer.headers[HEADER_LENGTH].to_str().unwrap();
                    Framing::HeaderLength(length.parse().unwrap())
                }
            };
            let response = InferResponse::decode(&answer.body, framing, &limits).unwrap();
            assert_eq!(response.id.as_deref(), Some("first"));
            assert_eq!(
                (&*response.model_name, &*response.model_version),
                ("sums", "1")
            );
            assert_eq!(
                response.key_fingerprint,
                KeyFingerprint::of(sound.public_key())
            );
            assert_eq!(response.card_digest, sound.card_digest());
            assert_eq!(response.layout, sound.layout());
            assert_eq!(response.scores.shape(), [2, OUTPUTS]);
            assert_eq!(response.scores.width(), sound.upload().tensor().width());
        }
    }
}

#[tokio::test]
async fn paths_and_methods_that_lead_nowhere() {
    let service = service();
    for path in [
        "/v3",
        "/v2/",
        "/v2/models/",
        "/v2/models/sums/weights",
        "/metrics/x",
        "/%ff",
    ] {
        let answer = call(&service, get(path)).await;
        assert_eq!(
            answer.problem(),
            (404, "unknown_route".to_owned()),
            "{path}"
        );
    }
    for path in [
        "/v2/models/sum",
        "/v2/models/%ff/card",
        "/v2/models/sums%00/ready",
    ] {
        let answer = call(&service, get(path)).await;
        assert_eq!(
            answer.problem(),
            (404, "unknown_model".to_owned()),
            "{path}"
        );
        assert!(
            answer.text().contains("sums"),
            "what there is: {}",
            answer.text()
        );
    }
    let answer = call(&service, get("/v2/models/sums/versions/2")).await;
    assert_eq!(answer.problem(), (404, "unknown_version".to_owned()));

    for (method, path, allowed) in [
        ("GET", crate::common::INFER, "POST"),
        ("DELETE", "/v2/models/sums", "GET,HEAD"),
    ] {
        let request = Request::builder().method(method).uri(path);
        let answer = call(&service, request.body(axum::body::Body::empty()).unwrap()).await;
        assert_eq!(
            answer.problem(),
            (405, "method_not_allowed".to_owned()),
            "{path}"
        );
        assert_eq!(answer.headers[ALLOW], allowed, "{path}");
    }
}

#[tokio::test]
async fn metrics_count() {
    let service = service();
    call(&service, post(&request(2))).await;
    call(&service, get("/v2/models/who%0a?secret=1")).await;
    let strange = Request::builder()
        .method("BREW")
        .uri("/pot")
        .body(axum::body::Body::empty())
        .unwrap();
    call(&service, strange).await;

    let answer = call(&service, get("/metrics")).await;
    assert!(
        answer.headers[CONTENT_TYPE]
            .to_str()
            .unwrap()
            .starts_with("application/openmetrics-text")
    );
    let text = answer.text();
    let body_bytes = request(2).to_binary().bytes.len();
    for line in [
        r#"veilcast_http_requests_total{method="POST",route="/v2/models/{model}/infer",status="200"} 1"#,
        r#"veilcast_http_requests_total{method="GET",route="/v2/models/{model}",status="404"} 1"#,
        r#"veilcast_http_requests_total{method="other",route="unknown",status="404"} 1"#,
        r#"veilcast_http_request_duration_seconds_count{route="unknown"} 1"#,
        r#"veilcast_refusals_total{code="unknown_model"} 1"#,
        r#"veilcast_records_total{model="sums"} 2"#,
        &format!(r#"veilcast_request_body_bytes_total{{model="sums"}} {body_bytes}"#),
        r#"veilcast_compute_duration_seconds_count{model="sums"} 1"#,
        "veilcast_computing 0",
        "# EOF",
    ] {
        assert!(
            text.lines().any(|other| other == line),
            "{line} is not in\n{text}"
        );
    }
    assert!(
        !text.contains("who") && !text.contains("secret") && !text.contains("BREW"),
        "{text}"
    );
}
