//! What happens to callers who send more records than they may.

use std::net::SocketAddr;
use std::time::Duration;

use crate::common::{MAX_RECORDS, app, call, get, post, request, stalled, unproven_request};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::http::header::RETRY_AFTER;
use veilcast_server::{Config, router};

/// A quota that the largest request uses up, and hours fill again.
fn limited(behind_proxy: bool) -> Router {
    router(app(Config {
        records_per_minute: 1,
        behind_proxy,
        ..Config::default()
    }))
}

/// This many records on a connection from an address.
fn from(address: &str, records: u32) -> Request<Body> {
    let mut request = post(&request(records as usize));
    let peer: SocketAddr = format!("{address}:4711").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

#[tokio::test]
async fn callers_have_quotas_of_their_own() {
    let service = limited(false);
    let first = call(&service, from("192.0.2.1", MAX_RECORDS)).await;
    assert_eq!(first.status, 200);

    let refused = call(&service, from("192.0.2.1", 100)).await;
    assert_eq!(refused.problem(), (429, "quota_used_up".to_owned()));
    let seconds: u64 = refused.headers[RETRY_AFTER]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(seconds > 0);
    assert!(
        refused
            .text()
            .contains(&format!("again in {seconds} seconds"))
    );

    assert_eq!(call(&service, from("192.0.2.2", 100)).await.status, 200);
    // What costs nothing has no limit.
    assert_eq!(
        call(&service, get("/v2/models/sums/card")).await.status,
        200
    );
    let metrics = call(&service, get("/metrics")).await.text();
    assert!(
        metrics.contains(r#"veilcast_refusals_total{code="quota_used_up"} 1"#),
        "{metrics}"
    );
    assert!(!metrics.contains("192.0.2"), "{metrics}");
}

#[tokio::test]
async fn bodies_beyond_the_quota_are_not_received() {
    let service = router(app(Config {
        records_per_minute: 1,
        body_timeout: Duration::from_millis(100),
        ..Config::default()
    }));
    let first = call(&service, from("192.0.2.1", MAX_RECORDS)).await;
    assert_eq!(first.status, 200);
    // While the first was computed the quota may have got some, but never as fast as it is asked.
    let asked = async || {
        let mut endless = from("192.0.2.1", 1);
        *endless.body_mut() = stalled();
        call(&service, endless).await.status.as_u16()
    };
    let mut status = asked().await;
    for _ in 0..30 {
        if status == 408 {
            status = asked().await;
        }
    }
    assert_eq!(status, 429);
}

#[tokio::test]
async fn proxies_are_believed_only_if_the_operator_says_so() {
    for behind_proxy in [true, false] {
        let service = limited(behind_proxy);
        let forwarded = |name: &'static str| {
            let mut request = from("192.0.2.1", MAX_RECORDS);
            request
                .headers_mut()
                .insert("x-forwarded-for", name.parse().unwrap());
            request
        };
        assert_eq!(call(&service, forwarded("198.51.100.1")).await.status, 200);
        let other = call(&service, forwarded("198.51.100.2")).await.status;
        assert_eq!(other, if behind_proxy { 200 } else { 429 });
        // What the callers wrote themselves comes before what the proxy adds.
        let forged = call(&service, forwarded("203.0.113.7, 198.51.100.1")).await;
        assert_eq!(forged.status, 429);
    }
}

#[tokio::test]
async fn there_is_no_quota_unless_it_is_set() {
    let service = crate::common::service();
    for _ in 0..2 {
        assert_eq!(
            call(&service, from("192.0.2.1", MAX_RECORDS)).await.status,
            200
        );
    }
}

/// To check a key takes longer than a small prediction, so that callers may not send as many as they like.
#[tokio::test]
async fn callers_have_quotas_of_new_keys() {
    let service = router(app(Config {
        new_keys_per_minute: 2,
        ..Config::default()
    }));
    // Wrong proofs of one key: each has to be looked at.
    let forged = |address: &str, i: u8| {
        let forged = unproven_request(1).with_key_proof([1, i].repeat(512));
        let mut forged = post(&forged);
        let peer: SocketAddr = format!("{address}:4711").parse().unwrap();
        forged.extensions_mut().insert(ConnectInfo(peer));
        forged
    };
    for i in 0..2 {
        let refused = call(&service, forged("192.0.2.1", i)).await;
        assert_eq!(refused.problem(), (400, "invalid_key_proof".to_owned()));
    }
    let refused = call(&service, forged("192.0.2.1", 2)).await;
    assert_eq!(refused.problem(), (429, "too_many_keys".to_owned()));
    assert!(refused.headers.contains_key(RETRY_AFTER));

    // Others are not concerned, and a known key is nothing new.
    assert_eq!(call(&service, from("192.0.2.2", 1)).await.status, 200);
    assert_eq!(call(&service, from("192.0.2.1", 1)).await.status, 200);
}
