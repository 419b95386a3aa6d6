//! V2's `timeout`: what can't be there in time is given up, and told so.

use std::time::{Duration, Instant};

use crate::common::{MAX_RECORDS, app, call, get, post, post_json, request};
use axum::Router;
use axum::http::StatusCode;
use serde_json::{Value, json};
use veilcast_server::{Config, router};

const PASSED: (u16, &str) = (504, "timeout_passed");

fn service() -> Router {
    router(app(Config {
        concurrent_computations: 1,
        ..Config::default()
    }))
}

#[tokio::test]
async fn time_enough_is_enough() {
    let service = service();
    for timeout in [Duration::from_secs(600), Duration::from_micros(u64::MAX)] {
        let asked = request(1).with_timeout(timeout);
        assert_eq!(call(&service, post(&asked)).await.status, StatusCode::OK);
    }
    // As other clients of V2 write it.
    let mut written: Value = serde_json::from_slice(&request(1).to_json()).unwrap();
    for (timeout, priority) in [(json!(0), json!(0)), (json!(600_000_000), json!(null))] {
        written["parameters"]["timeout"] = timeout;
        written["parameters"]["priority"] = priority;
        let answer = call(&service, post_json(written.to_string())).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn what_can_not_be_there_in_time_is_not_begun() {
    let service = service();
    let asked = request(MAX_RECORDS as usize).with_timeout(Duration::from_micros(1));
    let answer = call(&service, post(&asked)).await;
    assert_eq!(answer.problem(), (PASSED.0, PASSED.1.to_owned()));
    let scrape = call(&service, get("/metrics")).await.text();
    assert!(!scrape.contains("veilcast_records_total{"), "{scrape}");
}

/// The one that waits gives up; the one before it is computed all the same.
#[tokio::test]
async fn who_waits_too_long_leaves_the_queue() {
    let service = service();
    let long = tokio::spawn({
        let service = service.clone();
        async move {
            call(&service, post(&request(MAX_RECORDS as usize)))
                .await
                .status
        }
    });
    let started = Instant::now();
    while !call(&service, get("/metrics"))
        .await
        .text()
        .lines()
        .any(|line| line == "veilcast_computing 1")
    {
        assert!(started.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    // Long enough to be worth a place, and too short for two.
    let asked = request(MAX_RECORDS as usize).with_timeout(Duration::from_millis(1));
    let answer = call(&service, post(&asked)).await;
    assert_eq!(answer.problem(), (PASSED.0, PASSED.1.to_owned()));
    assert_eq!(long.await.unwrap(), StatusCode::OK);
    let scrape = call(&service, get("/metrics")).await.text();
    assert!(scrape.contains("veilcast_waiting 0\n"), "{scrape}");
}

#[tokio::test]
async fn priorities_are_refused() {
    let service = service();
    let mut written: Value = serde_json::from_slice(&request(1).to_json()).unwrap();
    for (name, value, code) in [
        ("priority", json!(1), "priority_not_supported"),
        ("priority", json!("high"), "malformed_parameter"),
        ("timeout", json!(-1), "malformed_parameter"),
        ("timeout", json!(1.5), "malformed_parameter"),
    ] {
        let before = written["parameters"].clone();
        written["parameters"][name] = value;
        let answer = call(&service, post_json(written.to_string())).await;
        assert_eq!(answer.problem(), (400, code.to_owned()));
        written["parameters"] = before;
    }
}
