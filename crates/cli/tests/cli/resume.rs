//! `predict --resume`: interrupted runs are continued, and give what an uninterrupted one gives.

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::common::Place;
use crate::regression::quantities;

const RECORDS: usize = 300;

fn place() -> Place {
    with_records(Place::new())
}

pub(crate) fn with_records(place: Place) -> Place {
    let mut csv = "age,weight,height\n".to_owned();
    for i in 0..RECORDS {
        writeln!(csv, "{},{},{}", i % 16, i * 7 % 16, i * 3 % 16).unwrap();
    }
    place.write("many.csv", csv);
    place
}

/// The command, up to the name of the file to write.
pub(crate) fn line(url: &str) -> String {
    format!("predict --server {url} --model risk --key key.json many.csv --out")
}

/// What a run leaves behind that is killed after it has written some rows.
pub(crate) fn interrupted(place: &Place, url: &str) -> String {
    let mut run = Command::new(env!("CARGO_BIN_EXE_veilcast"))
        .current_dir(place.path("."))
        .args(line(url).split_whitespace())
        .args(["again.csv", "--resume"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let rows = || std::fs::read_to_string(place.path("again.csv.partial")).unwrap_or_default();
    while rows().lines().count() < 20 {
        assert!(run.try_wait().unwrap().is_none(), "it can be interrupted");
        thread::sleep(Duration::from_millis(1));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    assert!(!place.path("again.csv").exists());
    rows()
}

#[test]
fn a_killed_run_is_gone_on_with() {
    let place = place();
    let server = place.serve("--model model");
    let (resume, usual) = (
        format!("{} again.csv --resume --json", line(&server.url)),
        line(&server.url),
    );
    place.run(&format!("{usual} usual.csv"));
    let usual = place.read("usual.csv");
    assert_eq!(usual.lines().count(), RECORDS + 1);

    let left = interrupted(&place, &server.url);
    let summary = place.json(&resume);
    assert_eq!(place.read("again.csv"), usual);
    assert!(!place.path("again.csv.partial").exists());
    let number = |name: &str| summary[name].as_u64().unwrap() as usize;
    assert!(number("resumed") > 10, "{summary}");
    assert_eq!(number("records"), RECORDS);
    assert!(number("requests") < RECORDS / 2, "{summary}");
    let labels = summary["labels"].as_object().unwrap();
    let counted: u64 = labels.values().filter_map(Value::as_u64).sum();
    assert_eq!(counted as usize, RECORDS);

    // Cut short anywhere: in the first line, between rows and within one.
    let end = left.len();
    for cut in [
        0,
        5,
        left.find('\n').unwrap(),
        left.find('\n').unwrap() + 9,
        end - 40,
        end - 7,
        end - 1,
    ] {
        std::fs::remove_file(place.path("again.csv")).unwrap();
        place.write("again.csv.partial", &left[..cut]);
        place.run(&resume);
        assert_eq!(place.read("again.csv"), usual, "cut at {cut} of {end}");
    }
}

#[test]
fn values_of_an_interrupted_run_are_told_with_the_rest() {
    let units: &[&str] = &["mg", "h"];
    let place = with_records(quantities("risk", &["dose", "time"], Some(units)));
    let server = place.serve("--model dose");
    let whole = place.json(&format!("{} usual.csv --json", line(&server.url)));
    interrupted(&place, &server.url);
    let summary = place.json(&format!("{} again.csv --resume --json", line(&server.url)));
    assert!(summary["resumed"].as_u64() > Some(10), "{summary}");
    assert_eq!(place.read("again.csv"), place.read("usual.csv"));
    assert_eq!(summary["values"], whole["values"]);
}

#[test]
fn other_work_is_not_gone_on_with() {
    let place = place();
    let server = place.serve("--model model");
    let left = interrupted(&place, &server.url);
    place.write("many.csv", "age,weight,height\n1,2,3\n");
    let resume = format!("{} again.csv --resume", line(&server.url));
    let error = place.fail(&resume);
    assert!(error.contains("begun for other records"), "{error}");
    assert!(error.contains("--force"), "{error}");
    assert_eq!(place.read("again.csv.partial"), left, "nothing is lost");

    place.run(&format!("{resume} --force"));
    assert_eq!(place.read("again.csv").lines().count(), 2);
    let error = place.fail(&resume);
    assert!(error.contains("exists already"), "{error}");
}

#[test]
fn what_can_be_read_but_once_is_refused() {
    let place = place();
    let server = place.serve("--model model");
    let resume = format!("{} again.csv --resume /dev/null", line(&server.url));
    let error = place.fail(&resume);
    assert!(error.contains("can be read again"), "{error}");
    place
        .veilcast()
        .args(["predict", "--resume"])
        .assert()
        .code(2);
}
