//! The built-in hybrid model: the public part in the clear at the client, the rest on ciphertexts.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use insta::assert_snapshot;

use crate::common::{HYBRID, MNIST, Place};

/// A drawing of a seven, as a user has it.
const SEVEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/drawings/seven.png");

#[test]
fn files_give_what_http_gives() {
    let place = Place::new();
    let server = place.serve(&format!("--model {HYBRID}"));
    let url = &server.url;
    place.run(&format!(
        "predict --server {url} --model digits-hybrid --key key.json --out http.csv {SEVEN}"
    ));
    let predicted = place.read("http.csv");
    assert!(
        predicted.lines().nth(1).unwrap().starts_with("0,7,"),
        "{predicted}"
    );
    let card = format!("--key key.json --card {HYBRID}/card.json");
    place.run(&format!(
        "encrypt {card} --public-part {HYBRID}/public.onnx --in {SEVEN} --out request"
    ));
    place.run(&format!(
        "compute --model {HYBRID} --in request --out response"
    ));
    place.run(&format!("decrypt {card} --in response --out files.csv"));
    assert_eq!(place.read("files.csv"), predicted);
}

#[test]
fn the_public_part_must_be_the_one_that_the_card_names() {
    let place = Place::new();
    let encrypt =
        format!("encrypt --key key.json --card {HYBRID}/card.json --in {SEVEN} --out request");
    assert_snapshot!(place.fail(&encrypt), @r#"
    error: the card alone isn't enough
      cause: the model "digits-hybrid" has a public part, which the client runs: its file public.onnx is needed next to the card
      hint: give the file with --public-part: it is next to the model's card.json, or SERVER/v2/models/MODEL/public.onnx
    "#);
    let mut onnx = fs::read(format!("{HYBRID}/public.onnx")).unwrap();
    onnx[1000] ^= 1;
    place.write("other.onnx", onnx);
    let message = place.fail(&format!("{encrypt} --public-part other.onnx"));
    assert!(
        message.contains("can't use other.onnx\n  cause: the public part's SHA-256 is "),
        "{message}"
    );
    assert!(!place.path("request").exists());
}

#[test]
fn nothing_is_sent_to_a_service_with_another_public_part() {
    let place = Place::new();
    let mut onnx = fs::read(format!("{HYBRID}/public.onnx")).unwrap();
    onnx[1000] ^= 1;
    let (url, asked) = service_with(onnx);
    let message = place.fail(&format!(
        "predict --server {url} --model digits-hybrid --key key.json --out out.csv {SEVEN}"
    ));
    assert!(
        message.starts_with(
            "error: the service's public part can't be used\n  cause: the public part's SHA-256 is "
        ),
        "{message}"
    );
    let asked: Vec<String> = asked.try_iter().collect();
    assert!(
        asked.iter().all(|line| line.starts_with("GET ")),
        "{asked:?}"
    );
    assert!(asked.iter().any(|line| line.contains("/public.onnx")));
    assert!(!place.path("out.csv").exists());
}

/// A service with the hybrid model's card and some public part, and what it is asked for.
fn service_with(onnx: Vec<u8>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let card = fs::read(format!("{HYBRID}/card.json")).unwrap();
    let (sender, asked) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut request, mut header) = (String::new(), String::new());
            stream.read_line(&mut request).unwrap();
            while stream.read_line(&mut header).unwrap() > 2 {
                header.clear();
            }
            let (status, kind, body) = match request.split(' ').nth(1).unwrap() {
                path if path.ends_with("/card") => ("200 OK", "json", card.as_slice()),
                path if path.ends_with("/public.onnx") => {
                    ("200 OK", "octet-stream", onnx.as_slice())
                }
                _ => ("404 Not Found", "json", &[][..]),
            };
            sender.send(request).unwrap();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/{kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let answer = [head.as_bytes(), body].concat();
            stream.into_inner().write_all(&answer).unwrap();
        }
    });
    (url, asked)
}

#[test]
fn what_is_public_is_shown() {
    let place = Place::new();
    let server = place.serve(&format!("--model {HYBRID}"));
    let of_service = format!("{}/v2/models/digits-hybrid", server.url);
    let [of_directory, of_service] =
        [HYBRID, &of_service].map(|target| place.json(&format!("inspect --json {target}")));
    let part = &of_directory["public_part"];
    assert_eq!(&of_service["public_part"], part);
    assert_eq!(part["features"], 64);
    assert_eq!(part["shape"], serde_json::json!([1, 28, 28]));
    assert_eq!(part["sha256"].as_str().unwrap().len(), 64);
    let shown = place.run(&format!("inspect {HYBRID}"));
    let shown: Vec<_> = shown
        .lines()
        .filter(|line| line.starts_with("  input ") || line.starts_with("  public "))
        .collect();
    assert_snapshot!(shown.join("\n"), @r"
    input    image of shape [28, 28], 64 features of 3 bits
    public   public.onnx of 185264 bytes, run in the clear: [1, 28, 28] to 64 features
    ");
}

#[test]
fn it_is_as_good_as_promised() {
    let result = Place::new().json(&format!("evaluate --json --model {HYBRID} --data {MNIST}"));
    assert_eq!(result["records"], 10_000);
    for map in ["collapsed", "quantized", "network_when_trained"] {
        let accuracy = result["accuracy"][map].as_f64().unwrap();
        assert!((0.992..1.0).contains(&accuracy), "{map}: {accuracy}");
    }
}

#[test]
fn ciphertexts_give_the_same_scores() {
    let line = format!(
        "evaluate --json --model {HYBRID} --data {MNIST} --encrypted --limit 5 --key-bits 2048"
    );
    let encrypted = &Place::new().json(&line)["encrypted"];
    assert_eq!(
        (&encrypted["records"], &encrypted["agreeing"]),
        (&5.into(), &5.into())
    );
}
