//! `predict` over real HTTP.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use insta::assert_snapshot;
use serde_json::Value;

use crate::common::{Place, RECORDS, predicted, table_model};

#[test]
fn many_records_go_in_several_requests_in_order() {
    let place = Place::new();
    let server = place.serve("--model model");
    let (url, model) = (&server.url, table_model("risk"));
    let line = format!("predict --server {url} --model risk --key key.json --json records.csv");
    let lines: Vec<Value> = place
        .run(&line)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let records: Vec<Vec<f64>> = RECORDS
        .lines()
        .skip(1)
        .map(|row| row.split(',').map(|cell| cell.parse().unwrap()).collect())
        .collect();
    assert_eq!(lines.len(), records.len() + 1);
    for (index, (line, record)) in lines.iter().zip(&records).enumerate() {
        assert_eq!(line["record"], index);
        assert_eq!(line["label"], predicted(&model, record).label);
    }
    assert_eq!(
        (&lines[5]["records"], &lines[5]["requests"]),
        (&5.into(), &3.into())
    );
}

#[test]
fn requests_under_way_change_nothing() {
    let place = Place::new();
    let server = place.serve("--model model");
    let predict = format!(
        "predict --server {} --model risk --key key.json records.csv",
        server.url
    );
    let usual = place.run(&predict);
    assert_eq!(usual.lines().count(), 6);
    assert_eq!(place.run(&format!("{predict} --in-flight 1")), usual);
    assert_eq!(place.run(&format!("{predict} --in-flight 50")), usual);
    let output = place
        .veilcast()
        .args(predict.split_whitespace())
        .args(["--in-flight", "0"])
        .assert();
    output.code(2);
}

#[test]
fn broken_connections_are_mended() {
    let place = Place::new();
    let server = place.serve("--model model");
    let predict = |url: &str, out: &str| {
        format!("predict --server {url} --model risk --key key.json --out {out} --json records.csv")
    };
    let direct = place.json(&predict(&server.url, "direct.csv"));
    assert_eq!(direct["retries"], 0);
    // Within the first request: its two records take 3 KB.
    let url = breaking_once(&server.url, 1500);
    let mended = place.json(&predict(&url, "mended.csv"));
    assert!(mended["retries"].as_u64() > Some(0), "{mended}");
    assert_eq!(mended["requests"], 3);
    assert!(mended["bytes_up"].as_u64() > direct["bytes_up"].as_u64());
    assert_eq!(place.read("mended.csv"), place.read("direct.csv"));

    // People are told as well.
    let url = breaking_once(&server.url, 1500);
    let line = predict(&url, "told.csv").replace("--json", "");
    let output = place.veilcast().args(line.split_whitespace()).assert();
    let output = output.success().get_output().clone();
    let notes = String::from_utf8(output.stderr).unwrap();
    assert!(
        notes.starts_with("5 records in 3 requests, 1 retry, "),
        "{notes}"
    );
}

/// The URL of a proxy before a service that breaks the connection, once, on which this many bytes
/// have come from the client's side in all.
fn breaking_once(service: &str, limit: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = service.strip_prefix("http://").unwrap().to_owned();
    thread::spawn(move || {
        let passed = Arc::new(AtomicUsize::new(0));
        for client in listener.incoming() {
            let (mut client, mut server) = (client.unwrap(), TcpStream::connect(&service).unwrap());
            let (mut to_client, mut from_server) =
                (client.try_clone().unwrap(), server.try_clone().unwrap());
            let passed = Arc::clone(&passed);
            thread::spawn(move || io::copy(&mut from_server, &mut to_client));
            thread::spawn(move || {
                let mut piece = [0; 512];
                while let Ok(length @ 1..) = client.read(&mut piece) {
                    let before = passed.fetch_add(length, Ordering::SeqCst);
                    if (before..before + length).contains(&limit) {
                        break;
                    }
                    server.write_all(&piece[..length]).unwrap();
                }
                let _ = (
                    client.shutdown(Shutdown::Both),
                    server.shutdown(Shutdown::Both),
                );
            });
        }
    });
    url
}

#[test]
#[cfg(unix)]
fn records_may_come_through_a_pipe() {
    let place = Place::new();
    let server = place.serve("--model model");
    let predict = format!(
        "predict --server {} --model risk --key key.json",
        server.url
    );
    let output = place
        .veilcast()
        .args(predict.split_whitespace())
        .arg("/dev/stdin")
        .write_stdin(RECORDS)
        .assert();
    let expected = place.run(&format!("{predict} records.csv"));
    output.success().stdout(expected);
}

#[test]
fn a_key_of_this_run_gives_the_same() {
    let place = Place::new();
    let server = place.serve("--model model");
    let predict = format!("predict --server {} --model risk records.csv", server.url);
    let with_key = place.run(&format!("{predict} --key key.json"));
    let output = place
        .veilcast()
        .args(predict.split_whitespace())
        .args(["--key-bits", "2048"])
        .assert();
    output.success().stdout(with_key);
}

#[test]
fn several_files_are_one_after_another() {
    let place = Place::new();
    place.write("a.csv", "age,weight,height\n1,2,3\n");
    place.write("b.csv", "age,weight,height\n4,5,6\n99,0,0\n");
    let server = place.serve("--model model");
    let predict = format!(
        "predict --server {} --model risk --key key.json",
        server.url
    );
    let output = place
        .veilcast()
        .args(predict.split_whitespace())
        .args(["a.csv", "b.csv"])
        .assert();
    let output = output.success().get_output().clone();
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 4);
    let notes = String::from_utf8(output.stderr).unwrap();
    assert!(notes.contains("note: 1 value outside the range"), "{notes}");
}

#[test]
fn bad_records_are_refused() {
    let place = Place::new();
    let server = place.serve("--model model");
    let predict = |file: &str| {
        place.fail(&format!(
            "predict --server {} --model risk --key key.json {file}",
            server.url
        ))
    };
    place.write("cell.csv", "age,weight,height\n1,2,three\n");
    assert_snapshot!(predict("cell.csv"), @r#"error: cell.csv, line 2, column "height": "three" isn't a finite number"#);
    place.write("column.csv", "age,weight\n1,2\n");
    assert_snapshot!(predict("column.csv"), @r#"error: column.csv: the header lacks "height""#);
    place.write("empty.csv", "");
    assert_snapshot!(predict("empty.csv"), @"error: empty.csv is empty; expected PNG, CSV, NPY or IDX");
    place.write("header.csv", "age,weight,height\n");
    assert_snapshot!(predict("header.csv"), @"error: there are no records in the input");
    // Before a prediction is printed.
    assert_snapshot!(predict("records.csv column.csv"), @r#"error: column.csv: the header lacks "height""#);
    assert_snapshot!(predict("records.csv missing.csv"), @r"
    error: can't read missing.csv
      cause: No such file or directory (os error 2)
    ");
}

#[test]
fn a_failure_leaves_no_file() {
    let place = Place::new();
    let server = place.serve("--model model");
    place.write("bad.csv", "age,weight,height\n1,2,3\n4,5,6\n1,2,x\n");
    let line = format!(
        "predict --server {} --model risk --key key.json --out out.csv bad.csv",
        server.url
    );
    place.fail(&line);
    assert_eq!(
        place.names(),
        ["bad.csv", "key.json", "model", "records.csv"]
    );
}

#[test]
fn bad_services_are_named() {
    let place = Place::new();
    let server = place.serve("--model model");
    let url = &server.url;
    let predict = |line: &str| place.fail(&format!("predict --key key.json records.csv {line}"));
    let message = predict(&format!("--server {url} --model other"));
    assert_snapshot!(message.replace(url.as_str(), "URL"), @r#"
    error: the service has no model "other"
      cause: there is no such model: this service has risk
      hint: ask its operator for the models' names
    "#);
    assert_snapshot!(predict("--server localhost:80 --model risk"), @"error: localhost:80 is not the URL of a service: write http:// or https:// before it");
    // Nothing listens on the discard port.
    assert_snapshot!(predict("--server http://127.0.0.1:9 --model risk"), @"error: http://127.0.0.1:9 refuses connections: is the service running, and is its port right?");
}
