//! The service on a real socket: slow clients, many connections, and the end.

use std::time::{Duration, Instant};

use crate::common::socket::{LIVE, Service, infer, live, status};
use crate::common::{INFER, MAX_RECORDS, request};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use veilcast_server::Config;

#[tokio::test]
async fn connection_serves_several_requests() {
    let service = Service::start(Config::default()).await;
    let mut stream = service.connect().await;
    for _ in 0..2 {
        assert_eq!(live(&mut stream).await, Some(200));
        stream.write_all(&infer(&request(1))).await.unwrap();
        assert_eq!(status(&mut stream).await, Some(200));
    }
}

#[tokio::test]
async fn page_comes_over_the_connection_of_predictions() {
    let service = Service::start(Config::default()).await;
    let mut stream = service.connect().await;
    for (path, expected) in [
        ("/", 200),
        ("/src/worker.js", 200),
        ("/src/../package.json", 404),
    ] {
        let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        assert_eq!(status(&mut stream).await, Some(expected), "{path}");
    }
    stream.write_all(&infer(&request(1))).await.unwrap();
    assert_eq!(status(&mut stream).await, Some(200));
}

#[tokio::test]
async fn callers_are_told_by_their_address() {
    let service = Service::start(Config {
        records_per_minute: 1,
        ..Config::default()
    })
    .await;
    let mut stream = service.connect().await;
    stream
        .write_all(&infer(&request(MAX_RECORDS as usize)))
        .await
        .unwrap();
    assert_eq!(status(&mut stream).await, Some(200));
    // Another connection, the same caller: a quota that hours fill again is used up.
    let mut again = service.connect().await;
    again.write_all(&infer(&request(100))).await.unwrap();
    assert_eq!(status(&mut again).await, Some(429));
}

#[tokio::test]
async fn slow_clients_are_cut_off() {
    let config = Config {
        header_timeout: Duration::from_secs(1),
        body_timeout: Duration::from_secs(1),
        ..Config::default()
    };
    let service = Service::start(config).await;
    let (mut silent, mut slow_header, mut slow_body) = (
        service.connect().await,
        service.connect().await,
        service.connect().await,
    );

    let bytes = infer(&request(1));
    slow_body
        .write_all(&bytes[..bytes.len() - 1])
        .await
        .unwrap();
    assert_eq!(status(&mut slow_body).await, Some(408));

    let started = Instant::now();
    let mut sent = 0;
    for byte in LIVE.iter().cycle() {
        if slow_header.write_all(&[*byte]).await.is_err() {
            break;
        }
        sent += 1;
        tokio::time::sleep(Duration::from_millis(80)).await;
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "{sent} bytes are in"
        );
    }
    assert!(sent < LIVE.len(), "the whole header came in");
    assert_eq!(status(&mut slow_header).await, None);
    assert_eq!(status(&mut silent).await, None);

    assert_eq!(live(&mut service.connect().await).await, Some(200));
}

#[tokio::test]
async fn refusal_of_a_large_body_arrives() {
    let config = Config {
        max_body_bytes: 64 << 10,
        ..Config::default()
    };
    let service = Service::start(config).await;
    let mut stream = service.connect().await;
    let head = format!(
        "POST {INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
        4 << 20
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b' '; 4 << 20]).await.unwrap();
    assert_eq!(status(&mut stream).await, Some(413));
    assert_eq!(live(&mut service.connect().await).await, Some(200));
}

#[tokio::test]
async fn header_floods_are_refused() {
    let service = Service::start(Config::default()).await;
    let mut stream = service.connect().await;
    let flood = format!(
        "GET /v2 HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n",
        "y".repeat(1 << 20)
    );
    // The service may hang up before all is sent.
    let _ = stream.write_all(flood.as_bytes()).await;
    let answer = status(&mut stream).await;
    assert!(matches!(answer, None | Some(431)), "{answer:?}");
    assert_eq!(live(&mut service.connect().await).await, Some(200));
}

#[tokio::test]
async fn requests_under_way_are_finished_at_the_end() {
    let service = Service::start(Config::default()).await;
    let (mut idle, mut busy) = (service.connect().await, service.connect().await);
    assert_eq!(live(&mut idle).await, Some(200));
    busy.write_all(&infer(&request(MAX_RECORDS as usize)))
        .await
        .unwrap();
    // A second connection's answer comes after the first one's request has been accepted.
    assert_eq!(live(&mut idle).await, Some(200));

    service.end.send(()).unwrap();
    assert_eq!(status(&mut idle).await, None);
    assert_eq!(status(&mut busy).await, Some(200));
    assert_eq!(status(&mut busy).await, None);
    service.task.await.unwrap();
    assert!(TcpStream::connect(service.address).await.is_err());
}

#[tokio::test]
async fn grace_has_an_end() {
    let config = Config {
        shutdown_grace: Duration::from_millis(200),
        ..Config::default()
    };
    let service = Service::start(config).await;
    let mut stalled = service.connect().await;
    let bytes = infer(&request(1));
    stalled.write_all(&bytes[..bytes.len() - 1]).await.unwrap();
    assert_eq!(live(&mut service.connect().await).await, Some(200));

    let started = Instant::now();
    service.end.send(()).unwrap();
    service.task.await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!(status(&mut stalled).await, None);
}

#[tokio::test]
async fn who_has_closed_one_side_gets_the_answer() {
    let service = Service::start(Config::default()).await;
    for said in [infer(&request(100)), LIVE.to_vec()] {
        let mut stream = service.connect().await;
        stream.write_all(&said).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(status(&mut stream).await, Some(200));
        // And then the end, at once.
        assert_eq!(status(&mut stream).await, None);
    }
    // A body that breaks off gets none.
    let bytes = infer(&request(1));
    let mut stream = service.connect().await;
    stream.write_all(&bytes[..bytes.len() - 1]).await.unwrap();
    stream.shutdown().await.unwrap();
    let answer = status(&mut stream).await;
    assert!(matches!(answer, None | Some(400)), "{answer:?}");
}

/// Some clients close their side once they have sent all: the answer still comes.
#[tokio::test]
async fn half_closed_connections_get_their_answer() {
    let service = Service::start(Config::default()).await;
    let mut stream = service.connect().await;
    stream.write_all(&infer(&request(1))).await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(status(&mut stream).await, Some(200));
    assert_eq!(status(&mut stream).await, None);
}
