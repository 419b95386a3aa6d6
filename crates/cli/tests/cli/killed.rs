//! A service that is killed while it charges: whoever has an answer was charged for it.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use crate::common::Place;
use crate::postgres::Postgres;

const CONNECTIONS: usize = 4;

/// What clients have seen in all.
#[derive(Default)]
struct Seen {
    /// Answers of which a client has the beginning at least.
    answers: u64,
    /// Connections that broke off with a request under way.
    broken: u64,
    kills: u64,
}

/// Sends a request again and again until the service is gone.
fn send_until_broken(address: &str, request: &[u8], seen: &mut Seen) -> io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        stream.write_all(request)?;
        let mut status = String::new();
        reader.read_line(&mut status)?;
        if status.is_empty() {
            return Ok(());
        }
        assert!(status.starts_with("HTTP/1.1 200"), "{status}");
        seen.answers += 1;
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let header = header.trim().to_ascii_lowercase();
            if let Some(text) = header.strip_prefix("content-length:") {
                length = text.trim().parse().unwrap();
            }
            if header.is_empty() {
                break;
            }
        }
        reader.read_exact(&mut vec![0; length])?;
    }
}

/// Serves, sends and kills until clients have this many answers.
#[allow(clippy::print_stdout, reason = "figures of a test that failed")]
fn kill_during(requests: u64, url: &str) {
    let place = Place::new();
    place.write(
        "serve.toml",
        format!("[ledger]\nurl = \"{url}\"\nrequired = true\n"),
    );
    let added = place.json("token add clinic --json --config serve.toml");
    place.write("one.csv", "age,weight,height\n1,2,3\n");
    place.run("encrypt --key key.json --card model/card.json --in one.csv --out request");
    let body = std::fs::read(place.path("request")).unwrap();
    let header = format!(
        "POST /v2/models/risk/infer HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/octet-stream\r\ncontent-length: {}\r\n\r\n",
        added["token"].as_str().unwrap(),
        body.len()
    );
    let request = [header.into_bytes(), body].concat();

    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let mut random = since.as_nanos() as u64 | 1;
    println!("seed {random}");
    let mut seen = Seen::default();
    while seen.answers < requests {
        let server = place.serve("--model model --config serve.toml");
        let address = server.url.trim_start_matches("http://").to_owned();
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let (address, request) = (address.clone(), request.clone());
                std::thread::spawn(move || {
                    let mut seen = Seen {
                        broken: 1,
                        ..Seen::default()
                    };
                    // How it breaks off is the service's end, whatever it is called.
                    let _ = send_until_broken(&address, &request, &mut seen);
                    seen
                })
            })
            .collect();
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(40 + (random >> 33) % 400));
        // This is `kill -9`.
        drop(server);
        seen.kills += 1;
        for client in clients {
            let one = client.join().unwrap();
            seen.answers += one.answers;
            seen.broken += one.broken;
        }
    }
    let usage = place.json("usage --json --config serve.toml");
    let used = &usage["usage"][0];
    let charged = used["requests"].as_u64().unwrap();
    let Seen {
        answers,
        broken,
        kills,
    } = seen;
    println!("{kills} kills, {answers} answers, {charged} charged, {broken} connections");
    assert_eq!(used["records"].as_u64().unwrap(), charged);
    assert!(
        charged >= answers,
        "{answers} answers, but {charged} charged"
    );
    assert!(
        charged <= answers + broken,
        "{answers} answers and {broken} connections, but {charged} charged"
    );
}

fn in_a_file(requests: u64) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    kill_during(
        requests,
        &format!("sqlite://{}/ledger.db", folder.path().display()),
    );
}

fn on_a_server(requests: u64) {
    let server = Postgres::start();
    kill_during(requests, &server.database("ledger"));
}

#[test]
fn no_answer_leaves_uncharged_when_the_service_is_killed() {
    in_a_file(60);
    on_a_server(60);
}

/// The same for long: `cargo test --workspace --test cli -- --ignored thousand`.
#[test]
#[ignore = "takes minutes"]
fn a_thousand_requests_in_a_file() {
    in_a_file(1000);
}

#[test]
#[ignore = "takes minutes"]
fn a_thousand_requests_on_a_server() {
    on_a_server(1000);
}
