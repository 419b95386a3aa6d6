//! Clients that would keep a service from others by what they send, or how slowly.

use std::time::{Duration, Instant};

use crate::common::socket::{Service, answer, infer, live, status};
use crate::common::{INFER, MAX_RECORDS, app, call, get, post, post_json, request, stalled};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use veilcast_server::{Config, router};

const LONG: Duration = Duration::from_secs(60);

/// Begins a body and sends a byte of it now and then, until it is told something.
async fn drip(mut stream: TcpStream, pause: Duration) -> (u16, String) {
    let bytes = infer(&request(100));
    let (head, body) = bytes.split_at(bytes.len() - 20_000);
    stream.write_all(head).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let dripping = async {
        for byte in body {
            tokio::time::sleep(pause).await;
            if writing.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
        std::future::pending().await
    };
    let (head, body) = tokio::select! {
        answer = tokio::time::timeout(LONG, answer(&mut reading)) => answer.unwrap().unwrap(),
        () = dripping => unreachable!("it never ends"),
    };
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, String::from_utf8(body).unwrap())
}

async fn from(address: &str, service: &Service) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket
        .bind(format!("{address}:0").parse().unwrap())
        .unwrap();
    socket.connect(service.address).await.unwrap()
}

#[tokio::test]
async fn who_sends_by_drops_is_told_so() {
    let service = Service::start(Config {
        least_bytes_per_second: 10_000,
        least_rate_grace: Duration::from_secs(1),
        ..Config::default()
    })
    .await;
    let (status, body) = drip(service.connect().await, Duration::from_millis(20)).await;
    assert_eq!(status, 408, "{body}");
    assert!(body.contains("body_too_slow"), "{body}");
    assert!(
        body.contains("at less than 10000 bytes per second"),
        "{body}"
    );
}

#[tokio::test]
async fn slow_lines_that_keep_the_rate_get_their_answer() {
    let service = Service::start(Config {
        least_bytes_per_second: 1000,
        least_rate_grace: Duration::from_secs(2),
        ..Config::default()
    })
    .await;
    let bytes = infer(&request(4));
    let mut stream = service.connect().await;
    for piece in bytes.chunks(400) {
        stream.write_all(piece).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(status(&mut stream).await, Some(200));
}

#[tokio::test]
async fn drippers_leave_room_for_others() {
    let service = Service::start(Config {
        concurrent_uploads: 16,
        // They are there for as long as the test takes.
        least_bytes_per_second: 0,
        ..Config::default()
    })
    .await;
    let mut drippers = Vec::new();
    for _ in 0..16 {
        let stream = service.connect().await;
        drippers.push(tokio::spawn(drip(stream, Duration::from_millis(200))));
    }
    // A quarter of the places is the caller's share: the others are sent away.
    let begun = Instant::now();
    while drippers.iter().filter(|task| task.is_finished()).count() < 12 {
        assert!(begun.elapsed() < LONG, "they all have places");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut polite = from("127.0.0.2", &service).await;
    for _ in 0..3 {
        assert_eq!(live(&mut polite).await, Some(200));
        polite.write_all(&infer(&request(1))).await.unwrap();
        assert_eq!(status(&mut polite).await, Some(200));
    }
    drippers.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn large_bodies_get_no_more_memory_than_there_is() {
    let config = Config {
        max_body_bytes: 2 << 20,
        upload_memory_bytes: 4 << 20,
        ..Config::default()
    };
    let service = Service::start(config).await;
    // Each announces 2 MiB and sends nearly all of it: two of them fill the memory, one each of two callers.
    let head = |length: usize| {
        format!("POST {INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n").into_bytes()
    };
    let length = 2 << 20;
    let mut full = Vec::new();
    for address in ["127.0.0.1", "127.0.0.2"] {
        let mut stream = from(address, &service).await;
        stream.write_all(&head(length)).await.unwrap();
        stream.write_all(&vec![b' '; length - 1]).await.unwrap();
        full.push(stream);
    }
    let mut seen = service.connect().await;
    let held = async |seen: &mut TcpStream| {
        let ask = b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n";
        seen.write_all(ask).await.unwrap();
        let text = String::from_utf8(answer(seen).await.unwrap().1).unwrap();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("veilcast_upload_memory_bytes "));
        line.unwrap().parse::<usize>().unwrap()
    };
    let begun = Instant::now();
    while held(&mut seen).await < 2 * length {
        assert!(begun.elapsed() < LONG);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Announced, or in pieces.
    let mut third = from("127.0.0.3", &service).await;
    third.write_all(&head(length)).await.unwrap();
    let (refusal, _) = answer(&mut third).await.unwrap();
    assert!(refusal.starts_with("http/1.1 503 "), "{refusal}");
    assert!(refusal.contains("\r\nretry-after: "), "{refusal}");
    let mut pieces = from("127.0.0.4", &service).await;
    let head =
        format!("POST {INFER} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\n \r\n");
    pieces.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(status(&mut pieces).await, Some(503));

    // When they are done, there is memory again.
    for mut stream in full {
        stream.write_all(b" ").await.unwrap();
        assert_eq!(status(&mut stream).await, Some(400));
    }
    assert_eq!(held(&mut seen).await, 0);
    let mut polite = from("127.0.0.5", &service).await;
    polite
        .write_all(&infer(&request(MAX_RECORDS as usize)))
        .await
        .unwrap();
    assert_eq!(status(&mut polite).await, Some(200));
}

#[tokio::test]
async fn abandoned_bodies_give_their_memory_back() {
    let service = router(app(Config::default()));
    let slow = tokio::spawn({
        let service = service.clone();
        async move { call(&service, post_json(stalled())).await.problem() }
    });
    let uploading = async |expected: &str| {
        let begun = Instant::now();
        loop {
            let text = call(&service, get("/metrics")).await.text();
            if text.lines().any(|line| line == expected) {
                break;
            }
            assert!(begun.elapsed() < LONG, "{expected}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    uploading("veilcast_uploading 1").await;
    slow.abort();
    uploading("veilcast_uploading 0").await;
    assert_eq!(call(&service, post(&request(1))).await.status, 200);
    uploading("veilcast_upload_memory_bytes 0").await;
}
