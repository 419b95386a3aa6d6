//! `token` and `usage`, and a service that asks for tokens.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;

use crate::common::{Place, RECORDS};

/// A service's configuration with a ledger beside it.
fn configure(place: &Place) {
    let file = place.path("ledger.db");
    let settings = format!(
        "[ledger]\nurl = \"sqlite://{}\"\nrequired = true\n",
        file.display()
    );
    place.write("serve.toml", settings);
}

fn add(place: &Place, line: &str) -> String {
    let added = place.json(&format!("token add --json --config serve.toml {line}"));
    added["token"].as_str().unwrap().to_owned()
}

#[test]
fn tokens_are_added_shown_and_revoked() {
    let place = Place::new();
    configure(&place);
    assert_snapshot!(place.run("token list --config serve.toml"), @"There are no tokens: veilcast token add NAME makes one.");
    let secret = place.run("token add clinic --models risk,other --quota 1000/day --quota 60s/month --config serve.toml");
    assert!(secret.starts_with("veilcast_") && secret.ends_with('\n') && secret.trim().len() == 52);
    add(&place, "free");
    let mode = fs::metadata(place.path("ledger.db"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    let list = |line: &str| place.run(&format!("token list --config serve.toml {line}"));
    let text = list("");
    assert!(!text.contains("veilcast_") && !text.contains(secret.trim()));
    let rows: Vec<Vec<&str>> = text
        .lines()
        .map(|line| {
            line.split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect()
        })
        .collect();
    assert_eq!(
        rows[0],
        ["token", "models", "quotas", "made", "last used", "shown by"]
    );
    assert_eq!(
        rows[1][..3],
        ["clinic", "other, risk", "1000/day, 60s/month"]
    );
    assert_eq!(rows[2][..3], ["free", "all", "none"]);
    let tokens = place.json("token list --json --config serve.toml")["tokens"].clone();
    assert_eq!(tokens[0]["models"], serde_json::json!(["other", "risk"]));
    assert_eq!(tokens[1]["models"], serde_json::Value::Null);

    assert_snapshot!(place.run("token revoke clinic --config serve.toml"), @"clinic: revoked");
    let tokens = place.json("token list --json --config serve.toml")["tokens"].clone();
    assert!(tokens[0]["revoked"].as_u64().unwrap() > 1_700_000_000);
    assert_eq!(tokens[1]["revoked"], serde_json::Value::Null);
}

#[test]
fn a_token_is_bound_to_a_certificate() {
    let place = Place::new();
    configure(&place);
    let pem = "-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n";
    place.write("clinic.pem", pem);
    let added = place.json("token add clinic --json --certificate clinic.pem --config serve.toml");
    // The SHA-256 of the bytes 0, 1 and 2.
    let digest = "ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc";
    assert_eq!(added["certificate_sha256"], digest);
    assert_eq!(added["token"], serde_json::Value::Null);
    assert_snapshot!(place.fail("token add other --certificate clinic.pem --config serve.toml"), @"error: another token has this certificate: make a new one for each token");
    place.write("none.pem", "nothing");
    assert_snapshot!(place.fail("token add other --certificate none.pem --config serve.toml"), @r"
    error: there is no certificate in none.pem
      hint: give a file with -----BEGIN CERTIFICATE-----
    ");
}

#[test]
fn what_cannot_be_a_token_or_a_ledger_is_refused() {
    let place = Place::new();
    configure(&place);
    add(&place, "clinic");
    let fail = |line: &str| place.fail(&format!("token {line} --config serve.toml"));
    assert_snapshot!(fail("add clinic"), @"error: there is a token clinic already: choose another name (those of revoked tokens stay taken, so that usage can be told apart)");
    assert_snapshot!(fail("add a,b"), @"error: `a,b` can't name a token: use up to 64 letters, digits and . _ - @ +");
    assert_snapshot!(fail("add other --quota 1/day --quota 2/day"), @"error: there are two quotas of records per day: give only one");
    assert_snapshot!(fail("revoke nobody"), @"error: there is no token named nobody");
    assert_snapshot!(place.fail("token list --ledger mysql://u:hush@host/db"), @"error: a ledger's URL is sqlite:///path/ledger.db or postgres://user@host/database");
    place.write(
        "other.db",
        "not a database, and long enough that it would be taken for one",
    );
    let message = place.fail("usage --ledger sqlite://other.db");
    assert!(
        message
            .starts_with("error: can't open sqlite://other.db\n  cause: the ledger can't be used"),
        "{message}"
    );
    for wrong in [
        "--quota many/day",
        "--quota 1/week",
        "--ledger x --config y",
    ] {
        place
            .veilcast()
            .args(["token", "add", "x"])
            .args(wrong.split(' '))
            .assert()
            .code(2);
    }
    place
        .veilcast()
        .args(["usage", "--from", "yesterday"])
        .assert()
        .code(2);
}

#[test]
fn a_service_asks_for_tokens_and_usage_tells_what_they_used() {
    let place = Place::new();
    configure(&place);
    assert_snapshot!(place.run("usage --config serve.toml"), @"Nothing was charged.");
    let token = add(&place, "clinic --quota 5");
    place.write("token", &token);
    fs::set_permissions(place.path("token"), fs::Permissions::from_mode(0o600)).unwrap();
    let server = place.serve("--model model --config serve.toml");
    let predict = |options: &str| {
        format!(
            "predict --server {} --model risk --key key.json {options} records.csv",
            server.url
        )
    };
    let none = place.fail(&predict(""));
    assert!(none.contains("needs a token"), "{none}");
    let rows = RECORDS.lines().count();
    assert_eq!(
        place.run(&predict("--token-file token")).lines().count(),
        rows
    );
    let over = place.fail(&predict("--token-file token"));
    assert!(
        over.contains("quota of 5 records in total is used up"),
        "{over}"
    );

    let usage = place.json("usage --json --config serve.toml");
    let used = &usage["usage"][0];
    assert_eq!(
        (&used["token"], &used["model"]),
        (&"clinic".into(), &"risk".into())
    );
    assert_eq!(used["records"], 5);
    assert!(used["cost_seconds"].as_f64().unwrap() > 0.0);
    let text = place.run("usage --config serve.toml --token clinic");
    assert_eq!(
        text.lines()
            .next()
            .unwrap()
            .split_whitespace()
            .collect::<Vec<_>>(),
        ["token", "model", "requests", "records", "cost"]
    );
    assert_snapshot!(place.run("usage --config serve.toml --to 2000-01-01"), @"Nothing was charged.");
    assert_snapshot!(place.run("usage --config serve.toml --token nobody"), @"Nothing was charged.");
}

#[test]
fn a_certificate_shows_its_token_over_tls() {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

    let place = Place::new();
    let names = || CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let mut authority = names();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let pem = authority.self_signed(&authority_key).unwrap().pem();
    place.write("ca.pem", pem);
    let issuer = Issuer::from_params(&authority, &authority_key);
    for name in ["service", "clinic", "stranger"] {
        let key = KeyPair::generate().unwrap();
        let pem = names().signed_by(&key, &issuer).unwrap().pem();
        place.write(&format!("{name}.pem"), pem);
        place.write(&format!("{name}.key"), key.serialize_pem());
        let secret = fs::Permissions::from_mode(0o600);
        fs::set_permissions(place.path(&format!("{name}.key")), secret).unwrap();
    }
    let settings = format!(
        "[tls]\ncertificate = \"service.pem\"\nkey = \"service.key\"\nclient_ca = \"ca.pem\"\n\
         client_certificates = \"optional\"\n[ledger]\nurl = \"sqlite://{}\"\nrequired = true\n",
        place.path("ledger.db").display()
    );
    place.write("serve.toml", settings);
    place.run("token add clinic --certificate clinic.pem --config serve.toml");
    let server = place.serve("--model model --config serve.toml");
    let predict = |options: &str| {
        format!(
            "predict --server {} --ca-cert ca.pem --model risk --key key.json {options} records.csv",
            server.url
        )
    };
    place.run(&predict("--client-cert clinic.pem --client-key clinic.key"));
    // The authority's signature alone is no token.
    let stranger = predict("--client-cert stranger.pem --client-key stranger.key");
    assert!(place.fail(&stranger).contains("no such token"));
    assert!(place.fail(&predict("")).contains("needs a token"));
    let usage = place.json("usage --json --config serve.toml");
    assert_eq!(usage["usage"][0]["token"], "clinic");
    assert_eq!(usage["usage"][0]["records"], 5);
    assert_eq!(usage["usage"].as_array().unwrap().len(), 1);
}

/// Where the ledger is without any settings.
#[test]
fn without_settings_the_ledger_is_in_the_state_directory() {
    let place = Place::new();
    let state = place.path("state");
    let run = |line: &str| {
        let output = place
            .veilcast()
            .env("STATE_DIRECTORY", &state)
            .args(line.split(' '))
            .assert()
            .success();
        String::from_utf8(output.get_output().stdout.clone()).unwrap()
    };
    run("token add clinic");
    assert!(run("token list").contains("clinic"));
    assert!(state.join("ledger.db").exists());
    let by_environment = format!("sqlite://{}", state.join("ledger.db").display());
    let listed = place
        .veilcast()
        .env("VEILCAST_LEDGER__URL", by_environment)
        .args(["token", "list"])
        .assert()
        .success();
    assert!(String::from_utf8_lossy(&listed.get_output().stdout).contains("clinic"));
}
