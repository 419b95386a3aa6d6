//! Vouchers: filled, used once each, and counted.

use std::fs;

use serde_json::Value;

use crate::common::Place;

/// The vouchers that are left for a model, and those for others.
fn left(place: &Place, server: &str) -> (u64, u64) {
    let status = place.run(&format!(
        "voucher status --server {server} --model risk --key key.json --json"
    ));
    let status: Value = serde_json::from_str(&status).unwrap();
    let count = |name: &str| status[name].as_u64().unwrap();
    (count("vouchers"), count("others"))
}

/// What a command that must succeed writes to its standard output and error.
fn both(place: &Place, line: &str) -> (String, String) {
    let output = place
        .veilcast()
        .args(line.split_whitespace())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (out, err)
}

#[test]
fn predictions_by_vouchers_are_the_same_and_use_them_up() {
    let place = Place::new();
    let server = place.serve("--model model");
    let url = &server.url;
    let predict = format!("predict --server {url} --model risk --key key.json records.csv");
    let usual = place.run(&predict);
    let records = usual.lines().count() as u64 - 1;

    let fill = format!("voucher fill --server {url} --model risk --key key.json --count 12 --json");
    let filled: Value = serde_json::from_str(&place.run(&fill)).unwrap();
    assert_eq!(filled["vouchers"], 12);
    assert_eq!(filled["added"]["vouchers"], 12);
    let by_vouchers = format!("{predict} --vouchers key.json.vouchers");
    assert_eq!(place.run(&by_vouchers), usual);
    assert_eq!(left(&place, url), (12 - records, 0));

    // The third time there are enough for the first request alone.
    assert_eq!(records, 5);
    assert_eq!(place.run(&by_vouchers), usual);
    let (out, err) = both(&place, &by_vouchers);
    assert_eq!(out, usual);
    assert!(
        err.contains("2 by vouchers and the others encrypted"),
        "{err}"
    );
    assert_eq!(left(&place, url), (0, 0));
    let (out, err) = both(&place, &by_vouchers);
    assert_eq!(out, usual);
    assert!(
        err.contains("all encrypted, since there were not enough vouchers"),
        "{err}"
    );
}

/// A service that was started again has another secret, unless it has a file with it.
#[test]
fn outdated_vouchers_are_dropped_and_records_encrypted() {
    let place = Place::new();
    let fill = |url: &str| {
        place.run(&format!(
            "voucher fill --server {url} --model risk --key key.json --count 10"
        ));
    };
    let predict = |url: &str| {
        let line = format!(
            "predict --server {url} --model risk --key key.json records.csv --vouchers key.json.vouchers"
        );
        both(&place, &line)
    };
    let first = place.serve("--model model");
    fill(&first.url);
    drop(first);
    let second = place.serve("--model model");
    let (_, err) = predict(&second.url);
    assert!(err.contains("no longer takes these vouchers"), "{err}");
    assert!(err.contains("all encrypted"), "{err}");
    assert_eq!(left(&place, &second.url), (0, 0));
    drop(second);

    place.write(
        "secrets",
        format!("# Rotated in May.\n{}\n", "ab".repeat(32)),
    );
    place.write("serve.toml", "voucher_secret_file = \"secrets\"\n");
    let third = place.serve("--model model --config serve.toml");
    fill(&third.url);
    drop(third);
    place.write(
        "secrets",
        format!("{}\n{}\n", "cd".repeat(32), "ab".repeat(32)),
    );
    let fourth = place.serve("--model model --config serve.toml");
    let (_, err) = predict(&fourth.url);
    assert!(err.contains("by vouchers"), "{err}");
    assert_eq!(left(&place, &fourth.url), (5, 0));
}

#[test]
fn bad_vouchers_are_told() {
    let place = Place::new();
    let server = place.serve("--model model");
    let url = &server.url;
    let fill = format!("voucher fill --server {url} --model risk --key key.json --count 3");
    let error = place.fail(&format!("{fill} --vouchers records.csv"));
    assert!(error.contains("records.csv"), "{error}");
    let predict = format!("predict --server {url} --model risk --key key.json records.csv");
    let error = place.fail(&format!("{predict} --vouchers nowhere"));
    assert!(
        error.contains("there are no vouchers at nowhere"),
        "{error}"
    );
    assert!(error.contains("veilcast voucher fill"), "{error}");

    place.run(&fill);
    place.run("keygen --bits 2048 --out other.json");
    let error = place.fail(&format!(
        "voucher status --server {url} --model risk --key other.json --vouchers key.json.vouchers"
    ));
    assert!(error.contains("another key"), "{error}");
    let file = fs::read_dir(place.path("key.json.vouchers"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    fs::write(file.path(), "nonsense").unwrap();
    let error = place.fail(&fill);
    assert!(error.contains("damaged"), "{error}");
}

#[test]
fn a_bad_file_of_secrets_keeps_the_service_from_starting() {
    let place = Place::new();
    place.write("serve.toml", "voucher_secret_file = \"secrets\"\n");
    for bad in ["", "# nothing\n", "abcd\n", &"AB".repeat(32)] {
        place.write("secrets", bad);
        let error = place.fail("serve --model model --listen 127.0.0.1:0 --config serve.toml");
        assert!(
            error.contains("can't use the secrets of vouchers in"),
            "{error}"
        );
        assert!(error.contains("openssl rand -hex 32"), "{error}");
    }
}
