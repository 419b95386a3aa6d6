//! Networks with hidden layers: by vouchers, each good once, or encrypted layer by layer; exactly.

use std::fs;
use std::path::Path;

use serde_json::Value;
use veilcast_card::Way;
use veilcast_model::{FloatMap, FloatNetwork, Model};

use crate::common::{Place, predicted, table_blueprint};

/// A network of the small model's columns and classes, offered by vouchers alone.
fn network() -> Model {
    network_by(Some(vec![Way::Vouchers]))
}

fn network_by(ways: Option<Vec<Way>>) -> Model {
    let (mut blueprint, first) = table_blueprint(Default::default(), "bent");
    blueprint.ways = ways;
    let last = FloatMap::new(2, 2, vec![1.0, -0.5, -0.25, 1.0], vec![3.0, 0.0]).unwrap();
    let network = FloatNetwork::new(vec![first, last]).unwrap();
    blueprint.build_network(network).unwrap()
}

fn place() -> Place {
    let place = Place::new();
    network().save(&place.path("bent"), false).unwrap();
    place
}

fn fill(place: &Place, url: &str, count: u32) -> Value {
    let fill = format!("voucher fill --server {url} --model bent --key key.json --json --count");
    serde_json::from_str(&place.run(&format!("{fill} {count}"))).unwrap()
}

fn predict(url: &str) -> String {
    format!(
        "predict --server {url} --model bent --key key.json records.csv --vouchers key.json.vouchers"
    )
}

/// The labels and scores of the small records.
fn expected() -> Vec<String> {
    let records = [
        [1.0, 2.0, 3.0],
        [4.0, 5.0, 6.0],
        [7.5, 8.0, 9.0],
        [0.0; 3],
        [15.0; 3],
    ];
    let line = |(number, record): (usize, &[f64; 3])| {
        let class = predicted(&network(), record);
        format!(
            "{number},{},{},{}",
            class.label, class.scores[0], class.scores[1]
        )
    };
    records.iter().enumerate().map(line).collect()
}

fn check(predictions: &str) {
    let lines = predictions.lines().skip(1).map(str::to_owned);
    for (line, expected) in lines.zip(expected()) {
        assert!(line.starts_with(&expected), "{line}: {expected}");
    }
    assert_eq!(predictions.lines().count(), 6);
}

#[test]
fn predictions_by_vouchers_are_the_networks() {
    let place = place();
    let server = place.serve("--model bent");
    let url = &server.url;
    let error = place.fail(&predict(url));
    assert!(error.contains("veilcast voucher fill"), "{error}");
    let filled = fill(&place, url, 6);
    assert_eq!(filled["vouchers"], 6);
    assert!(filled["added"]["requests"].as_u64() > Some(8), "{filled}");
    let output = place
        .veilcast()
        .args(predict(url).split_whitespace())
        .output()
        .unwrap();
    check(&String::from_utf8(output.stdout).unwrap());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("by vouchers, ") && !told.contains("retr"),
        "{told}"
    );
    // One is left, and five are needed: it stays.
    let error = place.fail(&predict(url));
    assert!(error.contains("takes a voucher for each record"), "{error}");
    let status = format!("voucher status --server {url} --model bent --key key.json");
    assert!(place.run(&status).contains("1 voucher for the model bent"));
    // There is no other way.
    let without = format!("predict --server {url} --model bent --key key.json records.csv");
    let error = place.fail(&without);
    assert!(
        error.contains("hidden layers") && error.contains("--vouchers"),
        "{error}"
    );
}

/// Records for which there are no vouchers, or not enough, are encrypted; both ways give the same scores.
#[test]
fn predictions_without_vouchers_are_the_networks() {
    let place = Place::new();
    network_by(None).save(&place.path("bent"), false).unwrap();
    let server = place.serve("--model bent");
    let url = &server.url;
    let without = format!("predict --server {url} --model bent --key key.json records.csv");
    let output = place
        .veilcast()
        .args(without.split_whitespace())
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    check(&String::from_utf8(output.stdout).unwrap());
    assert!(
        !told.contains("by vouchers") && !told.contains("retr"),
        "{told}"
    );
    fill(&place, url, 3);
    check(&place.run(&predict(url)));
    fill(&place, url, 6);
    check(&place.run(&predict(url)));
    let inspected = place.run("inspect bent --records 5");
    assert!(
        inspected.contains("direct") && inspected.contains("vouchers"),
        "{inspected}"
    );
    // Files hold one exchange.
    place.write("one.csv", "age,weight,height\n1,2,3\n");
    let encrypt = "encrypt --key key.json --card bent/card.json --in one.csv --out request";
    let error = place.fail(encrypt);
    assert!(error.contains("several exchanges"), "{error}");
}

/// Vouchers that a backup brings back are refused, also by a service that was killed and started again, and fresh ones are taken.
#[test]
fn used_vouchers_are_remembered_after_a_kill() {
    let place = place();
    place.write("secrets", "ab".repeat(32));
    place.write(
        "serve.toml",
        "voucher_secret_file = \"secrets\"\n[ledger]\nurl = \"sqlite://ledger.db\"\n",
    );
    let serve = || place.serve("--model bent --config serve.toml");
    let first = serve();
    fill(&place, &first.url, 5);
    let (store, backup) = (place.path("key.json.vouchers"), place.path("backup"));
    copy(&store, &backup);
    check(&place.run(&predict(&first.url)));
    // SIGKILL.
    drop(first);
    let second = serve();
    copy(&backup, &store);
    let output = place
        .veilcast()
        .args(predict(&second.url).split_whitespace())
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("has taken these vouchers before"), "{error}");
    fill(&place, &second.url, 7);
    check(&place.run(&predict(&second.url)));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[test]
fn what_does_not_suit_a_network_is_told() {
    let place = place();
    place.write("secrets", "ab".repeat(32));
    place.write("serve.toml", "voucher_secret_file = \"secrets\"\n");
    let error = place.fail("serve --model bent --config serve.toml --listen 127.0.0.1:0");
    assert!(
        error.contains("bent") && error.contains("use a ledger"),
        "{error}"
    );
    place.write("one.csv", "age,weight,height\n1,2,3\n");
    let encrypt = "encrypt --key key.json --card bent/card.json --in one.csv --out request";
    let error = place.fail(encrypt);
    assert!(error.contains("voucher"), "{error}");
    let error = place.fail("seal bent --key key.json");
    assert!(error.contains("hidden layers can't be sealed"), "{error}");
    let shown = place.json("inspect bent --json");
    assert_eq!(shown["hidden"]["sizes"], serde_json::json!([2]));
    assert_eq!(shown["ways"], serde_json::json!(["vouchers"]));
    assert!(!place.path("request").exists());
}
