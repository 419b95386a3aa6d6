//! Calls that are tried again, and those that are not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::common::messages::{request, response};
use crate::common::{client, start};
use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{Html, IntoResponse};
use axum::routing::any;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use veilcast_client::{Client, ClientError};
use veilcast_protocol::Problem;

/// A service that is busy at first; and how often it was asked.
async fn busy(
    times: u32,
    answer: impl IntoResponse + Clone + Send + Sync + 'static,
) -> (Client, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&asked);
    let handler = async move || {
        if counter.fetch_add(1, Ordering::SeqCst) < times {
            answer.clone().into_response()
        } else {
            ([(CONTENT_TYPE, "application/json")], response().to_json()).into_response()
        }
    };
    (
        client(&start(Router::new().fallback(any(handler))).await),
        asked,
    )
}

#[tokio::test]
async fn busy_services_are_asked_again() {
    let problem = Problem::new("busy", "try again");
    let body = serde_json::to_string(&problem).unwrap();
    let answer = (
        StatusCode::SERVICE_UNAVAILABLE,
        [(RETRY_AFTER, "1")],
        body.clone(),
    );
    let (client, asked) = busy(1, answer).await;
    let started = Instant::now();
    let exchange = client.infer("m", &request()).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!((exchange.tries, asked.load(Ordering::SeqCst)), (2, 2));
    assert_eq!(
        exchange.bytes_up,
        2 * request().to_binary().bytes.len() as u64
    );
    assert_eq!(
        exchange.bytes_down,
        (body.len() + response().to_json().len()) as u64
    );
    assert_eq!(exchange.answer, response());
}

#[tokio::test]
async fn gateways_lose_sight_of_their_service() {
    for status in [StatusCode::BAD_GATEWAY, StatusCode::GATEWAY_TIMEOUT] {
        let (client, asked) = busy(2, (status, Html("<h1>nginx</h1>"))).await;
        assert_eq!(client.infer("m", &request()).await.unwrap().tries, 3);
        assert_eq!(asked.load(Ordering::SeqCst), 3);
    }
    let (client, _) = busy(99, (StatusCode::BAD_GATEWAY, Html("<h1>nginx</h1>"))).await;
    let error = client.infer("m", &request()).await.unwrap_err().to_string();
    assert!(
        error.ends_with(" is busy (502: Bad Gateway), after 3 tries: try again later"),
        "{error}"
    );
}

#[tokio::test]
async fn patience_ends() {
    let body = serde_json::to_string(&Problem::new("quota", "slow down")).unwrap();
    let (client, asked) = busy(99, (StatusCode::TOO_MANY_REQUESTS, body.clone())).await;
    let error = client.infer("m", &request()).await.unwrap_err();
    let ClientError::Busy {
        status: 429,
        code,
        message,
        tries: 3,
        retry_after: None,
        ..
    } = &error
    else {
        panic!("{error:?}")
    };
    assert_eq!((&**code, &**message), ("quota", "slow down"));
    assert_eq!(asked.load(Ordering::SeqCst), 3);

    // A longer pause than we would make.
    let (client, asked) = busy(
        1,
        (
            StatusCode::SERVICE_UNAVAILABLE,
            [(RETRY_AFTER, "3600")],
            body,
        ),
    )
    .await;
    let error = client.infer("m", &request()).await.unwrap_err();
    let hour = Some(Duration::from_secs(3600));
    assert!(
        matches!(error, ClientError::Busy { status: 503, tries: 1, retry_after, .. } if retry_after == hour)
    );
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn other_failures_are_not_tried_again() {
    let body = serde_json::to_string(&Problem::new("internal", "it failed")).unwrap();
    let (client, asked) = busy(99, (StatusCode::INTERNAL_SERVER_ERROR, body)).await;
    let error = client.infer("m", &request()).await.unwrap_err();
    assert!(
        matches!(error, ClientError::Refused { status: 500, .. }),
        "{error}"
    );
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

/// A service that breaks off within its answer this many times, and then answers; and how often it
/// was asked.
async fn breaking(times: u32, answer: &'static [u8]) -> (Client, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            let breaks = counter.fetch_add(1, Ordering::SeqCst) < times;
            let end = if breaks {
                answer.len() - 1
            } else {
                answer.len()
            };
            stream.write_all(&answer[..end]).await.unwrap();
        }
    });
    (client(&url), asked)
}

const CARD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\r\ncard";

#[tokio::test]
async fn connections_that_break_are_tried_again() {
    let (client, asked) = breaking(2, CARD).await;
    let exchange = client.card("m").await.unwrap();
    assert_eq!(exchange.answer, b"card");
    assert_eq!((exchange.tries, asked.load(Ordering::SeqCst)), (3, 3));
    assert_eq!(exchange.bytes_down, 3 + 3 + 4);
}

#[tokio::test]
async fn connections_that_always_break() {
    let (client, asked) = breaking(99, CARD).await;
    let error = client.card("m").await.unwrap_err();
    let ClientError::Interrupted { tries: 3, .. } = &error else {
        panic!("{error}")
    };
    let text = error.to_string();
    assert!(text.ends_with(", after 3 tries"), "{text}");
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn services_that_do_not_speak_http() {
    let (client, asked) = breaking(0, b"220 mail.example.org ESMTP\r\n").await;
    let error = client.card("m").await.unwrap_err();
    let ClientError::NotVeilcast { reason, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(reason, "it does not speak HTTP");
    // Once with the request, and once to see whether it speaks TLS.
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn services_that_go_away_may_come_back() {
    let answer = ([(CONTENT_TYPE, "application/json")], "card");
    let application = Router::new().fallback(any(async move || answer));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = client(&format!("http://{address}"));
    // One runtime per life, so that its connections end with it.
    let service = |listener: std::net::TcpListener| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let application = application.clone();
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            axum::serve(listener, application).await
        });
        runtime
    };
    let first = service(listener.into_std().unwrap());
    assert_eq!(client.card("m").await.unwrap().tries, 1);
    // When it has ended, its port is closed and free.
    tokio::task::spawn_blocking(move || first.shutdown_timeout(Duration::from_secs(60)))
        .await
        .unwrap();

    let waiting = client.clone();
    let exchange = tokio::spawn(async move { waiting.card("m").await });
    tokio::time::sleep(Duration::from_millis(400)).await;
    let second = service(
        TcpListener::bind(address)
            .await
            .unwrap()
            .into_std()
            .unwrap(),
    );
    let exchange = exchange.await.unwrap().unwrap();
    assert_eq!(exchange.answer, b"card");
    assert!(exchange.tries > 1);
    tokio::task::spawn_blocking(move || second.shutdown_timeout(Duration::from_secs(60)))
        .await
        .unwrap();

    let error = client.card("m").await.unwrap_err();
    assert!(
        matches!(error, ClientError::ConnectionRefused { tries: 3, .. }),
        "{error:?}"
    );
}
