//! What happens when there is too much to do, or too slowly.

use std::time::{Duration, Instant};

use crate::common::{
    app, call, costly_evaluator, evaluator, get, post, post_costly, post_json, request, stalled,
};
use axum::Router;
use axum::body::Body;
use axum::http::header::RETRY_AFTER;
use axum::http::{Request, StatusCode};
use veilcast_server::{App, Config, router};

/// A service that computes one request at a time, besides `sums` of the model `costly`, however slow the machine.
fn one_at_a_time(config: Config) -> Router {
    let config = Config {
        concurrent_computations: 1,
        queue_time: A_DAY,
        request_cost: A_DAY,
        ..config
    };
    router(App::new([evaluator("1"), costly_evaluator()], config).unwrap())
}

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Waits until a gauge has a value.
async fn wait_for(service: &Router, line: &str) {
    let started = Instant::now();
    while !call(service, get("/metrics"))
        .await
        .text()
        .lines()
        .any(|other| other == line)
    {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "{line} never came"
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn full_queue_sends_away() {
    let service = one_at_a_time(Config {
        // A request that waits or computes does not upload any more.
        concurrent_uploads: 1,
        queue_length: 1,
        // More than what is here takes: rounded up, it is the answer.
        retry_after: A_DAY - Duration::from_millis(500),
        ..Config::default()
    });
    let spawn = |request| {
        let service = service.clone();
        tokio::spawn(async move { call(&service, request).await.status })
    };
    let short = request(1);
    let computing = spawn(post_costly());
    wait_for(&service, "veilcast_computing 1").await;
    let waiting = spawn(post_costly());
    wait_for(&service, "veilcast_waiting 1").await;

    let busy = call(&service, post(&short)).await;
    assert_eq!(busy.problem(), (503, "busy".to_owned()));
    assert_eq!(busy.headers[RETRY_AFTER], "86400");
    // Requests without a computation are answered all the same.
    assert_eq!(
        call(&service, get("/v2/health/live")).await.status,
        StatusCode::OK
    );

    // Whoever waits comes next.
    computing.abort();
    wait_for(&service, "veilcast_waiting 0").await;
    wait_for(&service, "veilcast_computing 1").await;
    waiting.abort();
    assert_eq!(call(&service, post(&short)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn abandoned_requests_leave_the_queue() {
    let service = one_at_a_time(Config {
        queue_length: 1,
        ..Config::default()
    });
    let spawn = |request| {
        let service = service.clone();
        tokio::spawn(async move { call(&service, request).await.status })
    };
    let computing = spawn(post_costly());
    wait_for(&service, "veilcast_computing 1").await;
    let waiting = spawn(post_costly());
    wait_for(&service, "veilcast_waiting 1").await;
    waiting.abort();
    wait_for(&service, "veilcast_waiting 0").await;
    // A computation keeps its place until its slice is over, and then ends.
    computing.abort();
    assert!(computing.await.unwrap_err().is_cancelled());
    wait_for(&service, "veilcast_computing 0").await;
    let scrape = call(&service, get("/metrics")).await.text();
    assert!(!scrape.contains("veilcast_records_total"), "{scrape}");
}

/// A request of a caller whom the proxy in front names.
fn from(caller: &str, mut request: Request<Body>) -> Request<Body> {
    let caller = caller.parse().unwrap();
    request.headers_mut().insert("x-forwarded-for", caller);
    request
}

/// One valid request that takes minutes held all others up, whoever sent them.
#[tokio::test]
async fn costly_requests_of_others_hold_nobody_up() {
    let service = one_at_a_time(Config {
        behind_proxy: true,
        ..Config::default()
    });
    let mut greedy = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (service, request) = (service.clone(), from("192.0.2.1", post_costly()));
        greedy.spawn(async move { call(&service, request).await.status });
    }
    wait_for(&service, "veilcast_waiting 7").await;
    let polite = call(&service, from("192.0.2.2", post(&request(1)))).await;
    assert_eq!(polite.status, StatusCode::OK);
    // Eight were in front of it, and are still there.
    assert!(greedy.len() == 8 && greedy.try_join_next().is_none());
}

#[tokio::test]
async fn who_has_less_to_do_takes_the_place_of_who_has_more() {
    let service = one_at_a_time(Config {
        queue_length: 2,
        behind_proxy: true,
        ..Config::default()
    });
    let mut greedy = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let (service, request) = (service.clone(), from("192.0.2.1", post_costly()));
        greedy.spawn(async move { call(&service, request).await });
    }
    wait_for(&service, "veilcast_waiting 2").await;
    let refused = call(&service, from("192.0.2.1", post_costly())).await;
    assert_eq!(refused.problem(), (503, "busy".to_owned()));
    assert!(refused.headers.contains_key(RETRY_AFTER));
    let polite = call(&service, from("192.0.2.2", post(&request(1)))).await;
    assert_eq!(polite.status, StatusCode::OK);
    let displaced = greedy.join_next().await.unwrap().unwrap();
    assert_eq!(displaced.problem(), (503, "busy".to_owned()));
    assert!(greedy.try_join_next().is_none());
}

#[tokio::test]
async fn requests_that_cost_more_than_allowed_are_refused_before_they_are_computed() {
    let config = Config {
        request_cost: Duration::from_millis(50),
        ..Config::default()
    };
    let service = router(app(config));
    let costly = call(
        &service,
        post(&request(crate::common::MAX_RECORDS as usize)),
    )
    .await;
    assert_eq!(costly.problem(), (413, "request_too_costly".to_owned()));
    let scrape = call(&service, get("/metrics")).await.text();
    assert!(!scrape.contains("veilcast_records_total"), "{scrape}");
    assert_eq!(
        call(&service, post(&request(1))).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn too_many_uploads_are_sent_away() {
    let config = Config {
        concurrent_uploads: 1,
        body_timeout: Duration::from_secs(3),
        ..Config::default()
    };
    let service = router(app(config));
    let slow = tokio::spawn({
        let service = service.clone();
        async move { call(&service, post_json(stalled())).await.problem() }
    });
    wait_for(&service, "veilcast_uploading 1").await;
    let busy = call(&service, post(&request(1))).await;
    assert_eq!(busy.problem(), (503, "busy".to_owned()));
    assert!(busy.headers.contains_key(RETRY_AFTER));

    assert_eq!(slow.await.unwrap(), (408, "body_timeout".to_owned()));
    assert_eq!(
        call(&service, post(&request(1))).await.status,
        StatusCode::OK
    );
}

#[test]
fn configuration_files_are_understood() {
    let config: Config = toml::from_str(
        "listen = '[::]:80'\nmax_connections = 7\nheader_timeout_seconds = 2\nbody_timeout_seconds = 0.5\n",
    )
    .unwrap();
    let expected = Config {
        listen: vec!["[::]:80".parse().unwrap()],
        max_connections: 7,
        header_timeout: Duration::from_secs(2),
        body_timeout: Duration::from_millis(500),
        ..Config::default()
    };
    assert_eq!(config, expected);
    assert_eq!(toml::from_str::<Config>("").unwrap(), Config::default());

    for wrong in [
        "port = 1",
        "retry_after_seconds = -1",
        "retry_after_seconds = nan",
        "listen = 80",
    ] {
        assert!(toml::from_str::<Config>(wrong).is_err(), "{wrong}");
    }
    let check = |config: Config| config.check().unwrap_err().to_string();
    let instant = Config {
        body_timeout: Duration::ZERO,
        ..Config::default()
    };
    assert_eq!(
        check(instant),
        "the setting `body_timeout_seconds` must be more than 0"
    );
    let endless = Config {
        queue_length: usize::MAX,
        ..Config::default()
    };
    assert_eq!(
        check(endless),
        "the setting `queue_length` must be 0 to 1000000"
    );
}

#[test]
fn sample_configuration_has_every_setting_with_its_default() {
    let sample = include_str!("../../../../examples/serve.toml");
    assert_eq!(toml::from_str::<Config>(sample).unwrap(), Config::default());
    let settings: toml::Table = sample.parse().unwrap();
    let unknown = toml::from_str::<Config>("unknown = 1").unwrap_err();
    let known = unknown.message().split('`').skip(3).step_by(2);
    let known: std::collections::BTreeSet<_> = known.collect();
    // Those without a default are commented out.
    let commented = sample.lines().filter_map(|line| {
        let (name, _) = line.strip_prefix("# ")?.split_once(" = ")?;
        name.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            .then_some(name)
    });
    let named = settings.keys().map(String::as_str).chain(commented);
    assert_eq!(known, named.collect());
}
