//! Help and wrong usage.

use predicates::str::contains;

use crate::common::Place;

const VERBS: [&str; 12] = [
    "demo", "train", "evaluate", "inspect", "serve", "keygen", "pubkey", "predict", "encrypt",
    "compute", "decrypt", "bench",
];

#[test]
fn every_verb_explains_itself() {
    let place = Place::new();
    let all = place.run("--help");
    for verb in VERBS {
        assert!(
            all.contains(&format!("\n  {verb} ")),
            "{verb} isn't in:\n{all}"
        );
        let help = place.run(&format!("{verb} --help"));
        assert!(help.contains(&format!("Usage: veilcast {verb}")), "{help}");
        assert!(help.contains("--json"), "{help}");
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    let place = Place::new();
    for line in [
        "",
        "frobnicate",
        "keygen",
        "keygen --out k.json --bits 1024",
        "keygen --out k.json --bits many",
        "demo --count 0",
        "demo --key-bits 1024",
        "demo --port 65536",
        "serve",
        "serve --model model --listen nowhere",
        "predict --server http://localhost --model risk",
        "predict --server http://localhost --model risk --key key.json --key-bits 2048 x.csv",
        "predict --server http://localhost --model risk --force x.csv",
        "train --data d --out m --hidden 12,x",
        "evaluate --model model --data d --limit 0",
        "inspect model --records 0",
        "inspect model --link fast",
        "inspect model --link 0",
        "bench --force",
    ] {
        place
            .veilcast()
            .args(line.split_whitespace())
            .assert()
            .code(2)
            .stdout("");
    }
    let names = place.names();
    assert_eq!(names, ["key.json", "model", "records.csv"]);
}

#[test]
fn wrong_usage_says_what_is_right() {
    let place = Place::new();
    let mut command = place.veilcast();
    command.args(["keygen", "--out", "k.json", "--bits", "1024"]);
    command
        .assert()
        .stderr(contains("a key has 2048, 3072 or 4096 bits"));
}
