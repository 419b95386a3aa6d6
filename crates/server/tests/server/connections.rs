//! Clients that would keep a service from others by their connections alone.

use std::time::{Duration, Instant};

use crate::common::socket::{Service, answer, free, infer, live, status};
use crate::common::{MAX_RECORDS, request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use veilcast_server::{BoundAddress, Config};

/// Longer than anything here may take.
const LONG: Duration = Duration::from_secs(60);

/// Asks for much and reads nothing: the bytes of the requests are little, those of the answers more than any buffer holds.
async fn sleep_on(service: &Service) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(service.address).await.unwrap();
    let asked = b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100);
    // The service may stop reading before all is sent.
    let _ = tokio::time::timeout(Duration::from_millis(200), stream.write_all(&asked)).await;
    stream
}

/// Whether a connection has been closed or reset by the other side, within a time.
async fn ends(stream: &mut TcpStream) -> bool {
    let mut bytes = [0; 4096];
    let read_out = async {
        loop {
            match stream.read(&mut bytes).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
    };
    tokio::time::timeout(LONG, read_out).await.is_ok()
}

/// A counter's or a gauge's value.
async fn metric(stream: &mut TcpStream, name: &str) -> u64 {
    let ask = b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(ask).await.unwrap();
    let (_, body) = answer(stream).await.unwrap();
    let text = String::from_utf8(body).unwrap();
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map_or(0, |value| value.parse().unwrap())
}

#[tokio::test]
async fn who_never_reads_is_cut_off() {
    let service = Service::start(Config {
        max_connections: 20,
        write_timeout: Duration::from_secs(1),
        ..Config::default()
    })
    .await;
    let mut sleepers = Vec::new();
    for _ in 0..10 {
        sleepers.push(sleep_on(&service).await);
    }
    let mut polite = service.connect().await;
    let begun = Instant::now();
    while metric(
        &mut polite,
        "veilcast_connections_ended_total{reason=\"slow\"}",
    )
    .await
        < 10
    {
        assert!(begun.elapsed() < LONG, "they are still there");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for sleeper in &mut sleepers {
        assert!(ends(sleeper).await);
    }
    assert_eq!(live(&mut polite).await, Some(200));
}

/// Newcomers are refused, and none hangs, until one of those who are there has kept others waiting for long enough.
async fn somebody_makes_room(service: &Service) {
    let begun = Instant::now();
    loop {
        let mut newcomer = service.connect().await;
        let answered = tokio::time::timeout(LONG, live(&mut newcomer)).await;
        if answered.expect("a newcomer hangs") == Some(200) {
            break;
        }
        assert!(begun.elapsed() < LONG, "nobody makes room");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn sleepers_on_all_places_make_room() {
    let service = Service::start(Config {
        max_connections: 4,
        // Never by themselves.
        write_timeout: Duration::from_secs(3600),
        least_bytes_per_second: 0,
        ..Config::default()
    })
    .await;
    let mut sleepers = Vec::new();
    for _ in 0..4 {
        sleepers.push(sleep_on(&service).await);
    }
    somebody_makes_room(&service).await;
}

#[tokio::test]
async fn who_reads_by_drops_is_cut_off() {
    let service = Service::start(Config {
        least_bytes_per_second: 200_000,
        least_rate_grace: Duration::from_millis(100),
        write_timeout: Duration::from_secs(3600),
        ..Config::default()
    })
    .await;
    let mut dripping = sleep_on(&service).await;
    let begun = Instant::now();
    while dripping.read_u8().await.is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if begun.elapsed() > Duration::from_secs(2) {
            // What it would take for everything that is in buffers.
            break;
        }
    }
    let mut polite = service.connect().await;
    while metric(
        &mut polite,
        "veilcast_connections_ended_total{reason=\"slow\"}",
    )
    .await
        < 1
    {
        assert!(begun.elapsed() < LONG, "it is still there");
        let _ = tokio::time::timeout(Duration::from_millis(50), dripping.read_u8()).await;
    }
    assert!(ends(&mut dripping).await);
}

#[tokio::test]
async fn the_longest_idle_goes_first() {
    let service = Service::start(Config {
        max_connections: 3,
        ..Config::default()
    })
    .await;
    let (mut first, mut second, mut third) = (
        service.connect().await,
        service.connect().await,
        service.connect().await,
    );
    // The first has been busy since.
    for stream in [&mut second, &mut third, &mut first] {
        assert_eq!(live(stream).await, Some(200));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Not between two requests that follow each other.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut newcomer = service.connect().await;
    assert_eq!(live(&mut newcomer).await, Some(200));
    // In order: no reset, no half answer.
    assert_eq!(second.read(&mut [0; 1]).await.unwrap(), 0);
    for stream in [&mut first, &mut third, &mut newcomer] {
        assert_eq!(live(stream).await, Some(200));
    }
}

#[tokio::test]
async fn idle_crowds_keep_nobody_out() {
    let service = Service::start(Config {
        max_connections: 50,
        max_connections_per_caller: 1000,
        ..Config::default()
    })
    .await;
    let mut crowd = Vec::new();
    for _ in 0..400 {
        crowd.push(service.connect().await);
        if crowd.len() % 40 == 0 {
            let mut newcomer = service.connect().await;
            let answered = tokio::time::timeout(LONG, live(&mut newcomer)).await;
            assert_eq!(answered.expect("a newcomer hangs"), Some(200));
        }
    }
    let mut polite = service.connect().await;
    assert!(metric(&mut polite, "veilcast_connections_idle").await <= 50);
    assert_eq!(metric(&mut polite, "veilcast_connections_limit").await, 50);
}

/// A connection to the operators' listener.
async fn operator_of(service: &Service) -> TcpStream {
    let BoundAddress::Ip(operator) = service.operator[0] else {
        panic!("a port");
    };
    TcpStream::connect(operator).await.unwrap()
}

/// A connection whose request takes its time.
async fn at_work(service: &Service, operator: &mut TcpStream, others: u64) -> TcpStream {
    let mut stream = service.connect().await;
    let long = infer(&request(MAX_RECORDS as usize));
    stream.write_all(&long).await.unwrap();
    let begun = Instant::now();
    while metric(operator, "veilcast_computing").await + metric(operator, "veilcast_waiting").await
        <= others
    {
        assert!(begun.elapsed() < LONG, "it never begins");
    }
    stream
}

#[tokio::test]
async fn busy_places_refuse_at_once() {
    let service = Service::start(Config {
        max_connections: 1,
        operator_listen: vec![free()],
        ..Config::default()
    })
    .await;
    let mut operator = operator_of(&service).await;
    let mut busy = at_work(&service, &mut operator, 0).await;

    let mut refused = service.connect().await;
    let (head, _) = tokio::time::timeout(LONG, answer(&mut refused))
        .await
        .expect("it hangs")
        .unwrap();
    assert!(head.starts_with("http/1.1 503 "), "{head}");
    assert!(head.contains("\r\nretry-after: 2\r\n"), "{head}");
    assert!(ends(&mut refused).await);
    // However full it is, its operators see it.
    assert_eq!(live(&mut operator).await, Some(200));
    let refused = "veilcast_connections_refused_total{reason=\"full\"}";
    assert_eq!(metric(&mut operator, refused).await, 1);

    assert_eq!(status(&mut busy).await, Some(200));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(live(&mut service.connect().await).await, Some(200));
}

#[tokio::test]
async fn drippers_on_all_places_make_room() {
    let service = Service::start(Config {
        max_connections: 4,
        // Never by themselves.
        body_timeout: Duration::from_secs(3600),
        least_bytes_per_second: 0,
        ..Config::default()
    })
    .await;
    let bytes = infer(&request(1));
    let mut drippers = Vec::new();
    for _ in 0..4 {
        let mut dripping = service.connect().await;
        dripping.write_all(&bytes[..bytes.len() - 1]).await.unwrap();
        drippers.push(dripping);
    }
    somebody_makes_room(&service).await;
}

#[tokio::test]
async fn callers_have_a_share_of_the_places() {
    let service = Service::start(Config {
        max_connections_per_caller: 2,
        operator_listen: vec![free()],
        ..Config::default()
    })
    .await;
    let mut operator = operator_of(&service).await;
    let mut busy = [
        at_work(&service, &mut operator, 0).await,
        at_work(&service, &mut operator, 1).await,
    ];
    let mut third = service.connect().await;
    assert_eq!(live(&mut third).await, Some(503));
    let refused = "veilcast_connections_refused_total{reason=\"caller\"}";
    assert_eq!(metric(&mut operator, refused).await, 1);
    // Another caller of this machine.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = socket.connect(service.address).await.unwrap();
    assert_eq!(live(&mut other).await, Some(200));
    for stream in &mut busy {
        assert_eq!(status(stream).await, Some(200));
    }
    // An idle one makes room for another of the same caller.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(live(&mut service.connect().await).await, Some(200));
}

#[tokio::test]
async fn behind_a_proxy_all_places_are_one_callers() {
    let service = Service::start(Config {
        max_connections_per_caller: 2,
        behind_proxy: true,
        ..Config::default()
    })
    .await;
    let bytes = infer(&request(1));
    let mut connections = Vec::new();
    for _ in 0..8 {
        let mut connection = service.connect().await;
        connection
            .write_all(&bytes[..bytes.len() - 1])
            .await
            .unwrap();
        connections.push(connection);
    }
    let mut last = service.connect().await;
    assert_eq!(live(&mut last).await, Some(200));
    for connection in &mut connections {
        connection
            .write_all(&bytes[bytes.len() - 1..])
            .await
            .unwrap();
        assert_eq!(status(connection).await, Some(200));
    }
}

#[tokio::test]
async fn silence_ends_after_the_header_timeout() {
    let service = Service::start(Config {
        header_timeout: Duration::from_secs(1),
        write_timeout: Duration::from_secs(1),
        ..Config::default()
    })
    .await;
    // Nothing at all, half of a version, half of a header, and one request before.
    for said in [
        "",
        "PRI * HTTP/2.0\r\n",
        "GET / HTTP",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut silent = service.connect().await;
        silent.write_all(said.as_bytes()).await.unwrap();
        assert!(ends(&mut silent).await, "{said:?}");
    }
    let mut silent = service.connect().await;
    assert_eq!(live(&mut silent).await, Some(200));
    assert!(ends(&mut silent).await);
}

#[tokio::test]
async fn operators_have_a_listener_of_their_own() {
    let service = Service::start(Config {
        operator_listen: vec![free()],
        ..Config::default()
    })
    .await;
    let mut operator = operator_of(&service).await;
    let mut public = service.connect().await;
    for (path, of_operators, of_all) in [
        ("/metrics", 200, 404),
        ("/v2/health/ready", 200, 200),
        ("/v2/models", 404, 200),
        ("/", 404, 200),
    ] {
        assert_eq!(get(&mut operator, path).await, Some(of_operators), "{path}");
        assert_eq!(get(&mut public, path).await, Some(of_all), "{path}");
    }
}

async fn get(stream: &mut TcpStream, path: &str) -> Option<u16> {
    let ask = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.ok()?;
    status(stream).await
}
