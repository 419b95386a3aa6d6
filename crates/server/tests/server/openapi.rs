//! Whether the service does what its OpenAPI document says.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::common::{
    Answer, FEATURES, call, evaluator, get, hybrid_evaluator, post, post_json, request, sealed,
    sealing_key, unproven_request,
};
use axum::Router;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use veilcast_card::QuantizedRecord;
use veilcast_protocol::Encoding;
use veilcast_server::{App, Config, operator_router, router};

/// A plain model, a hybrid one and a sealed one.
fn app() -> Arc<App> {
    let (_, sealed) = sealed("sealed", "1");
    let sealed = sealed.with_sealing_key(sealing_key().into()).unwrap();
    let evaluators = [evaluator("1"), hybrid_evaluator("hybrid", "1"), sealed];
    App::new(evaluators, Config::default()).unwrap()
}

fn service() -> Router {
    router(app())
}

async fn document() -> Value {
    let answer = call(&service(), get("/openapi.json")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers[CONTENT_TYPE], "application/json");
    answer.json()
}

/// A path of the document with something that exists in place of each parameter.
fn example(path: &str) -> String {
    let file = match path {
        "/page/{path}" => "style.css",
        _ => "worker.js",
    };
    let model = match path.rsplit('/').next() {
        Some("public.onnx") => "hybrid",
        Some("sealed.bin") => "sealed",
        _ => "sums",
    };
    path.replace("{model}", model)
        .replace("{version}", "1")
        .replace("{path}", file)
}

/// What a reference refers to.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document
            .pointer(reference.strip_prefix('#').unwrap())
            .unwrap_or_else(|| panic!("{reference} leads nowhere")),
        None => value,
    }
}

/// All references of a part of the document.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    if value["$ref"].is_string() {
        found.push(value);
    }
    let parts: Box<dyn Iterator<Item = &Value>> = match value {
        Value::Object(members) => Box::new(members.values()),
        Value::Array(items) => Box::new(items.iter()),
        _ => return,
    };
    parts.for_each(|part| references(part, found));
}

/// Members that a schema requires are there, and no others than it names, all the way down.
fn assert_members(document: &Value, schema: &Value, value: &Value, place: &str) {
    let schema = resolve(document, schema);
    if let (Some(properties), Some(members)) = (schema["properties"].as_object(), value.as_object())
    {
        for required in schema["required"].as_array().into_iter().flatten() {
            let name = required.as_str().unwrap();
            assert!(members.contains_key(name), "{place} has no {name}");
        }
        for (name, member) in members {
            let place = format!("{place}.{name}");
            let schema = properties.get(name);
            let schema = schema.unwrap_or_else(|| panic!("{place} is not described"));
            assert_members(document, schema, member, &place);
        }
    }
    for item in value.as_array().into_iter().flatten() {
        assert_members(document, &schema["items"], item, &format!("{place}[]"));
    }
    for (key, is_kept) in [
        (
            "enum",
            schema["enum"]
                .as_array()
                .is_none_or(|any| any.contains(value)),
        ),
        (
            "const",
            schema.get("const").is_none_or(|only| only == value),
        ),
    ] {
        assert!(is_kept, "{place} is {value}, against the schema's {key}");
    }
}

/// The answer's status, media type and, if it is JSON, members are described.
fn assert_described(document: &Value, operation: &Value, answer: &Answer, place: &str) {
    let response = &operation["responses"][answer.status.as_str()];
    assert!(
        !response.is_null(),
        "{place}: {} is not described",
        answer.status
    );
    let response = resolve(document, response);
    let Some(content) = response["content"].as_object() else {
        return;
    };
    let media_type = answer.headers[CONTENT_TYPE].to_str().unwrap();
    let media_type = media_type.split(';').next().unwrap();
    let body = content.get(media_type).or_else(|| content.get("*/*"));
    let body = body.unwrap_or_else(|| panic!("{place}: {media_type} is not described"));
    if media_type == "application/json" {
        assert_members(document, &body["schema"], &answer.json(), place);
    }
}

#[tokio::test]
async fn every_operation_answers_as_it_is_described() {
    let (app, document) = (app(), document().await);
    let (public, operators) = (router(Arc::clone(&app)), operator_router(app));
    let usual = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in &usual {
            let place = format!("{method} {path}");
            let operation = &item[method.as_str().to_ascii_lowercase()];
            let of_operators = path.contains("/repository/");
            let service = if of_operators { &operators } else { &public };
            let mut call_it = if *method == Method::POST && !of_operators {
                post_json(request(1).with_answer(Encoding::Json).to_json())
            } else {
                Request::new(Body::empty())
            };
            *call_it.method_mut() = method.clone();
            *call_it.uri_mut() = example(path).parse().unwrap();
            let answer = call(service, call_it).await;
            if operation.is_null() {
                assert_eq!(answer.status, 405, "{place} is not described");
            } else {
                assert_eq!(answer.status, 200, "{place}");
                assert_described(&document, operation, &answer, &place);
            }
        }
    }
}

#[tokio::test]
async fn refusals_are_described() {
    let (service, document) = (service(), document().await);
    let paths = &document["paths"];
    for (path, status) in [
        ("/v2/models/{model}", 404),
        ("/v2/models/{model}/card", 404),
        ("/v2/models/{model}/versions/{version}/ready", 404),
        ("/v2/models/{model}/public.onnx", 404),
        ("/v2/models/{model}/sealed.bin", 404),
        ("/src/{path}", 404),
    ] {
        let missing = path.replace(['{', '}'], "");
        let answer = call(&service, get(&missing)).await;
        assert_eq!(answer.status, status, "{missing}");
        assert_described(&document, &paths[path]["get"], &answer, path);
    }
    let infer = &paths["/v2/models/{model}/infer"]["post"];
    let mut typed = post_json("");
    typed
        .headers_mut()
        .insert(CONTENT_TYPE, "text/plain".parse().unwrap());
    let mut other: Value = serde_json::from_slice(&request(1).to_json()).unwrap();
    other["parameters"]["card_digest"] = json!(format!("sha256:{}", "0".repeat(64)));
    for (refused, status) in [
        (post_json("{}"), 400),
        (post_json(other.to_string()), 409),
        (typed, 415),
        (post(&unproven_request(1)), 428),
    ] {
        let answer = call(&service, refused).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_described(&document, infer, &answer, "infer");
    }
}

#[tokio::test]
async fn requests_of_the_clients_are_described() {
    let document = document().await;
    let schema = &document["components"]["schemas"]["InferRequest"];
    let body = serde_json::from_slice(&request(2).with_id("first").to_json()).unwrap();
    assert_members(&document, schema, &body, "request");

    let (client, _) = sealed("sealed", "1");
    let record = QuantizedRecord::new(client.card(), vec![1; FEATURES]).unwrap();
    let (request, _) = client.prepare(&[record]).unwrap();
    let schema = &document["components"]["schemas"]["SealedRequest"];
    let body = serde_json::from_slice(&request.to_json()).unwrap();
    assert_members(&document, schema, &body, "sealed request");
}

#[tokio::test]
async fn document_is_sound() {
    let document = document().await;
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));

    let mut found = Vec::new();
    references(&document, &mut found);
    let mut used: BTreeSet<&str> = found
        .iter()
        .map(|reference| {
            resolve(&document, reference);
            reference["$ref"].as_str().unwrap()
        })
        .collect();
    // What is shown is named in another way.
    assert_eq!(document["security"], json!([{}, {"token": []}]));
    used.insert("#/components/securitySchemes/token");
    for (kind, components) in document["components"].as_object().unwrap() {
        for name in components.as_object().unwrap().keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(used.contains(&*reference), "nothing uses {reference}");
        }
    }

    let operations = document["paths"].as_object().unwrap().values();
    let ids: Vec<&str> = operations
        .flat_map(|item| item.as_object().unwrap().values())
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}
