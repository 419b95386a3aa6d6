//! Services that change their answers: the records are marked, and the service sees nothing of it.

use std::fmt::Write as _;

use insta::assert_snapshot;
use serde_json::{Value, json};
use veilcast_paillier::{KeyPolicy, PublicKey};
use veilcast_protocol::{Framing, InferRequest, InferResponse};

use crate::common::Place;
use crate::liar::{Liar, Seen, betray, damage, limits};
use crate::regression::quantities;
use crate::resume::{interrupted, line, with_records};

/// S of the small model.
const SLOT_BITS: u32 = 8;
/// The first score of a record 1, 2, 3 by it.
const WANTED: i64 = -4;

/// Seven records, of which the third and the fourth are the same.
const TABLE: &str = "patient,age,weight,height\na,0,0,0\nb,4,5,6\nc,1,2,3\nd,1,2,3\ne,9,9,9\n\
                     f,4,5,6\ng,15,0,0\n";

fn place() -> Place {
    let place = Place::new();
    place.write("seven.csv", TABLE);
    place
}

/// Moves the scores of the second request, which has the third and the fourth record.
fn on_the_second(number: usize, key: &PublicKey, answer: &mut InferResponse) {
    if number == 1 {
        betray(WANTED, SLOT_BITS, key, answer);
    }
}

/// Standard output and error of a run that fails with status 1.
fn fails(place: &Place, line: &str) -> (String, String) {
    let output = place.veilcast().args(line.split_whitespace()).assert();
    let output = output.code(1).get_output().clone();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

fn predict(url: &str, more: &str) -> String {
    format!(
        "predict --server {url} --model risk --key key.json --in-flight 1 --keep patient seven.csv {more}"
    )
}

/// What is seen of several requests at a time: chance decides their order, and how many are sent before
/// the key is known and so bring its proof.
fn sorted(mut seen: Vec<Seen>) -> Vec<Seen> {
    seen.iter_mut().for_each(|seen| seen.bytes = 0);
    seen.sort();
    seen
}

#[test]
fn records_whose_scores_cannot_be_right_are_marked_and_nothing_else_changes() {
    let place = place();
    let server = place.serve("--model model");
    let honest = Liar::start(&server.url, |_, _, _| ());
    let usual = place.run(&predict(&honest.url, ""));
    assert_eq!(honest.predictions().len(), 4);

    let liar = Liar::start(&server.url, on_the_second);
    let (_, told) = fails(&place, &predict(&liar.url, "--out out.csv"));
    assert_eq!(liar.seen(), honest.seen());
    assert_snapshot!(place.read("out.csv"), @r"
    record,label,score_low,score_high,probability_low,probability_high,patient
    0,low,3,-2,0.993307,0.006693,a
    1,high,-4,11,0.000000,1.000000,b
    2,,,,,,c
    3,,,,,,d
    4,high,3,7,0.017986,0.982014,e
    5,high,-4,11,0.000000,1.000000,f
    6,low,108,-107,1.000000,0.000000,g
    ");
    for (row, (usual, found)) in usual.lines().zip(place.read("out.csv").lines()).enumerate() {
        assert_eq!(usual == found, row != 3 && row != 4, "{usual} and {found}");
    }
    let told: Vec<&str> = told.lines().skip(1).collect();
    assert_snapshot!(told.join("\n"), @r"
    predicted: 3 high, 2 low
    2 records have no prediction: the service's answer to them was damaged or false
    error: 2 of 7 records have no prediction; the first is record 2 (from 0)
      cause: record 2 (from 0): score 0 (from 0) is -128, but no record has one beyond ±112, as the card certifies; the answer wasn't computed by this model, or not from this record
      hint: all other predictions are written. If you ask again, send all records, and not these alone: which ones you send, or complain about, tells a service that changes answers on purpose what they hold
    ");

    // As JSON, and to standard output.
    let liar = Liar::start(&server.url, on_the_second);
    let (lines, told) = fails(&place, &predict(&liar.url, "--json"));
    assert_eq!(liar.seen(), honest.seen());
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 8);
    let error = lines[2]["error"].as_str().unwrap();
    assert!(error.contains("score 0 (from 0) is -128"), "{error}");
    let marked = json!({"record": 2, "error": error, "kept": {"patient": "c"}});
    assert_eq!(lines[2], marked);
    assert_eq!(lines[4]["label"], "high");
    assert_eq!(lines[7]["records"], 7);
    assert_eq!(lines[7]["without_prediction"], 2);
    assert_eq!(lines[7]["labels"], json!({"high": 3, "low": 2}));
    assert!(
        told.starts_with(
            r#"{"error":{"kind":"unpredicted","message":"2 of 7 records have no prediction"#
        ),
        "{told}"
    );
    let lines = place.run(&predict(&liar.url, ""));
    assert_eq!(lines, usual, "after its second request it is honest");
}

#[test]
fn a_service_that_gives_no_good_answer_gets_all_requests() {
    let place = place();
    let server = place.serve("--model model");
    let honest = Liar::start(&server.url, |_, _, _| ());
    let several = |url: &str, more: &str| predict(url, more).replace("--in-flight 1", "");
    place.run(&several(&honest.url, ""));
    let lies: [fn(usize, &PublicKey, &mut InferResponse); 3] = [
        |_, _, answer| damage(answer),
        |_, _, answer| answer.id = Some("another's".to_owned()),
        |_, key, answer| betray(WANTED, SLOT_BITS, key, answer),
    ];
    for (index, lie) in lies.into_iter().enumerate() {
        let liar = Liar::start(&server.url, lie);
        let (_, told) = fails(&place, &several(&liar.url, "--out all.csv --force"));
        assert_eq!(sorted(liar.seen()), sorted(honest.seen()));
        let all = place.read("all.csv");
        assert_eq!(all.lines().count(), 8);
        if index < 2 {
            assert!(all.lines().skip(1).all(|row| row.contains(",,,,")), "{all}");
            assert!(
                told.contains("predicted: nothing\n7 records have no"),
                "{told}"
            );
            assert!(told.contains("error: 7 of 7 records"), "{told}");
        }
    }
}

#[test]
fn values_that_cannot_be_right_are_marked() {
    let place = quantities("risk", &["dose", "time"], Some(&["mg", "h"]));
    place.write("seven.csv", TABLE);
    let server = place.serve("--model dose");
    let liar = Liar::start(&server.url, on_the_second);
    let (_, told) = fails(&place, &predict(&liar.url, "--out out.csv"));
    assert_snapshot!(place.read("out.csv"), @r"
    record,dose,time,patient
    0,3,-2,a
    1,-4,11,b
    2,,,c
    3,,,d
    4,3,7,e
    5,-4,11,f
    6,108,-107,g
    ");
    assert!(told.contains("predicted: dose -4.0000 to 108.00"), "{told}");

    // They are left out when predictions are measured.
    let row = |(row, line): (usize, &str)| match row {
        0 => format!("{line},truth\n"),
        _ => format!("{line},{}\n", 10 * row),
    };
    let truth: String = TABLE.lines().enumerate().map(row).collect();
    place.write("truth.csv", &truth);
    let measure = "evaluate --table truth.csv --target truth --predictions out.csv";
    let measured = place.json(&format!("{measure} --json"));
    assert_eq!(
        (&measured["records"], &measured["without_prediction"]),
        (&json!(5), &json!(2))
    );
    // |3 − 10|, |−4 − 20|, |3 − 50|, |−4 − 60| and |108 − 70|, over 5.
    let error = &measured["predictions"]["quantities"][0]["mean_absolute_error"];
    assert_eq!(*error, json!(36.0));
    let shown = place.run(measure);
    assert!(
        shown.starts_with("5 records, and 2 without a prediction\n"),
        "{shown}"
    );
}

#[test]
fn marked_labels_are_left_out_of_what_is_measured() {
    let place = Place::new();
    place.write("truth.csv", "kind\nlow\nlow\nhigh\n");
    place.write(
        "some.csv",
        "record,label,score_low,score_high\n0,low,2,1\n1,,,\n2,low,2,1\n",
    );
    let measure = "evaluate --table truth.csv --target kind --json --predictions";
    let measured = place.json(&format!("{measure} some.csv"));
    assert_eq!(
        (&measured["records"], &measured["without_prediction"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(measured["predictions"]["accuracy"], 0.5);

    let mut none = "record,label,score_low,score_high\n".to_owned();
    (0..3).for_each(|record| writeln!(none, "{record},,,").unwrap());
    place.write("none.csv", none);
    assert_snapshot!(place.fail(&format!("{measure} none.csv")), @r#"{"error":{"kind":"failed","message":"no record has a prediction in none.csv","status":1}}"#);
    place.write(
        "short.csv",
        "record,label,score_low,score_high\n0,,,\n1,low,2,1\n",
    );
    let error = place.fail(&format!("{measure} short.csv"));
    assert!(
        error.contains("short.csv has 2 predictions, truth.csv has 3 records"),
        "{error}"
    );
}

#[test]
fn marked_records_are_not_sent_again() {
    let place = with_records(Place::new());
    let server = place.serve("--model model");
    let whole = format!("{} usual.csv", line(&server.url));
    place.run(&whole);
    let mut usual: Vec<String> = place.read("usual.csv").lines().map(str::to_owned).collect();

    let liar = Liar::start(&server.url, |number, _, answer| {
        if number == 0 {
            damage(answer);
        }
    });
    interrupted(&place, &liar.url);
    let before = liar.predictions().len();
    let resume = format!("{} again.csv --resume --json", line(&liar.url));
    let (summary, told) = fails(&place, &resume);
    let summary: Value = serde_json::from_str(&summary).unwrap();
    assert!(summary["resumed"].as_u64() > Some(10), "{summary}");
    assert_eq!(summary["without_prediction"].as_u64(), Some(2));
    assert!(
        told.starts_with(r#"{"error":{"kind":"unpredicted","message":"2 of 300 records have no prediction; the first is record "#),
        "{told}"
    );
    let again = liar.predictions().len() - before;
    assert_eq!(summary["requests"], again);
    // Which records the first request had is chance, but for its neighbours'.
    let found: Vec<String> = place.read("again.csv").lines().map(str::to_owned).collect();
    let first = found.iter().position(|row| row.ends_with(",,,,,")).unwrap();
    for row in &mut usual[first..first + 2] {
        *row = format!("{},,,,,", row.split(',').next().unwrap());
    }
    assert_eq!(found, usual);
}

#[test]
fn a_response_file_with_bad_scores_gives_the_others() {
    let place = Place::new();
    // What is moved down from 108 stays within the bounds: nobody can tell.
    place.write("two.csv", "age,weight,height\n1,2,3\n15,0,0\n");
    place.run("encrypt --key key.json --card model/card.json --in two.csv --out request");
    place.run("compute --model model --in request --out response");
    let read = |name| std::fs::read(place.path(name)).unwrap();
    let whole = Framing::SelfDelimiting;
    let request = InferRequest::decode(&read("request"), whole, &limits()).unwrap();
    let key = PublicKey::from_modulus(request.public_key(), KeyPolicy::default()).unwrap();
    let mut response = InferResponse::decode(&read("response"), whole, &limits()).unwrap();
    betray(WANTED, SLOT_BITS, &key, &mut response);
    place.write("response", response.to_binary().bytes);

    let decrypt = "decrypt --key key.json --card model/card.json --in response";
    let (_, told) = fails(&place, &format!("{decrypt} --out out.csv"));
    let rows = place.read("out.csv");
    let rows: Vec<&str> = rows.lines().skip(1).collect();
    assert_eq!(rows[0], "0,,,,,");
    assert!(
        rows[1].starts_with("1,") && !rows[1].contains(",,"),
        "{rows:?}"
    );
    let told: Vec<&str> = told.lines().collect();
    assert_eq!(told[0], "2 records decrypted");
    assert!(told[1].starts_with("predicted: 1 "));
    assert_snapshot!(told[2..4].join("\n"), @r"
    1 record has no prediction: the service's answer to it was damaged or false
    error: 1 of 2 records has no prediction; the first is record 0 (from 0)
    ");
    let (lines, _) = fails(&place, &format!("{decrypt} --json"));
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines[0]["error"].as_str().unwrap().contains("score 0 "));
    assert_eq!(
        (&lines[2]["records"], &lines[2]["without_prediction"]),
        (&json!(2), &json!(1))
    );
}
