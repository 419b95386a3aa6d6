//! What every verb has in common: help, completions, manual pages, `-`, errors for programs, colours and progress.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command as Process;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::common::Place;

/// The verbs, and verbs of verbs, as they are typed.
const VERBS: [&str; 26] = [
    "demo",
    "train",
    "import",
    "evaluate",
    "inspect",
    "seal",
    "serve",
    "token",
    "token add",
    "token list",
    "token revoke",
    "usage",
    "keygen",
    "pubkey",
    "pool",
    "pool fill",
    "pool status",
    "voucher",
    "voucher fill",
    "voucher status",
    "predict",
    "encrypt",
    "compute",
    "decrypt",
    "completions",
    "man",
];

/// Standard output of a help of this width.
fn help(place: &Place, columns: usize, line: &str) -> String {
    let mut command = place.veilcast();
    command.env("COLUMNS", columns.to_string());
    let output = command.args(line.split_whitespace()).assert().success();
    String::from_utf8(output.get_output().stdout.clone()).unwrap()
}

#[test]
fn help_is_as_wide_as_the_terminal_and_ends_with_examples() {
    let place = Place::new();
    for columns in [60, 80] {
        for verb in VERBS {
            let told = help(&place, columns, &format!("help {verb}"));
            assert_eq!(told, help(&place, columns, &format!("{verb} --help")));
            assert!(told.contains("\nExample"), "{verb}: {told}");
            for line in told.lines().filter(|line| !line.starts_with("Usage: ")) {
                let is_option = line.trim_start().starts_with('-');
                assert!(
                    line.chars().count() <= columns || is_option,
                    "{verb} at {columns} columns: {line}"
                );
            }
        }
    }
    let all = help(&place, 80, "--help");
    for verb in VERBS.iter().filter(|verb| !verb.contains(' ')) {
        assert!(all.contains(&format!("\n  {verb} ")), "{verb}: {all}");
    }
}

#[test]
fn shells_complete_verbs_and_options() {
    let place = Place::new();
    place.run("completions bash --out veilcast.bash");
    let complete = |words: &[&str]| {
        let script = format!(
            "source veilcast.bash; COMP_WORDS=({}); COMP_CWORD={}; _veilcast veilcast '{}'; echo \"${{COMPREPLY[@]}}\"",
            words.join(" "),
            words.len() - 1,
            words[words.len() - 1]
        );
        let output = Process::new("bash")
            .args(["-c", &script])
            .current_dir(place.path(""))
            .output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    assert_eq!(complete(&["veilcast", "pre"]), "predict\n");
    assert_eq!(complete(&["veilcast", "keygen", "--b"]), "--bits\n");
    for shell in ["zsh", "fish"] {
        let script = place.run(&format!("completions {shell}"));
        assert!(script.contains("sealing-key"), "{script}");
    }
}

#[test]
fn each_verb_has_a_manual_page() {
    let place = Place::new();
    place.run("man --out man1");
    for verb in VERBS {
        let page = place.read(&format!("man1/veilcast-{}.1", verb.replace(' ', "-")));
        assert!(page.contains("Example"), "{verb}: {page}");
    }
    assert_eq!(place.run("man"), place.read("man1/veilcast.1"));
}

/// Runs a command with standard input; gives standard output and error.
fn piped(place: &Place, line: &str, input: &[u8]) -> (Vec<u8>, String) {
    let mut command = place.veilcast();
    command.args(line.split_whitespace()).write_stdin(input);
    let output = command.assert().success().get_output().clone();
    (output.stdout, String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_dash_is_standard_input_and_output() {
    let place = Place::new();
    let before = place.names();
    let records = "age,weight,height\n1,2,3\n4,5,6\n";
    let card = "--key key.json --card model/card.json";
    let (request, told) = piped(
        &place,
        &format!("encrypt {card} --in - --out -"),
        records.as_bytes(),
    );
    assert!(told.starts_with("-: 2 records encrypted"), "{told}");
    assert!(request.starts_with(b"{"));
    let (response, told) = piped(
        &place,
        "compute --model model --in - --out - --json",
        &request,
    );
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["records"], 2);
    let (predictions, _) = piped(&place, &format!("decrypt {card} --in - --out -"), &response);
    assert_snapshot!(String::from_utf8(predictions).unwrap(), @r"
    record,label,score_low,score_high,probability_low,probability_high
    0,high,-4,8,0.000006,0.999994
    1,high,-4,11,0.000000,1.000000
    ");
    for (content, kind) in [(&request, "request"), (&response, "response")] {
        let (facts, _) = piped(&place, "inspect - --json", content);
        assert_eq!(
            serde_json::from_slice::<Value>(&facts).unwrap()["kind"],
            kind
        );
    }

    let (key, told) = piped(&place, "keygen --bits 2048 --out -", b"");
    assert!(told.starts_with("-: a secret key of 2048 bits"), "{told}");
    let (public, _) = piped(&place, "pubkey - --out -", &key);
    let (key, public): (Value, Value) = (
        serde_json::from_slice(&key).unwrap(),
        serde_json::from_slice(&public).unwrap(),
    );
    assert_eq!(key["pub"]["n"], public["n"]);
    place.write(
        "held-out.csv",
        "age,weight,height,risk\n1,2,3,high\n4,5,6,low\n",
    );
    let evaluate = "evaluate --model model --table held-out.csv --target risk --out -";
    let (predictions, told) = piped(&place, evaluate, b"");
    let predictions = String::from_utf8(predictions).unwrap();
    assert!(
        predictions.ends_with("\n1,high,-4,11,0.000000,1.000000\n"),
        "{predictions}"
    );
    assert!(told.contains("accuracy"), "{told}");
    // No file is called "-".
    fs::remove_file(place.path("held-out.csv")).unwrap();
    assert_eq!(place.names(), before);
}

/// The object that a failing command prints for programs, and its exit status.
fn error(place: &Place, line: &str) -> (Value, i32) {
    let output = place.veilcast().args(line.split_whitespace()).assert();
    let output = output.failure().get_output().clone();
    assert_eq!(output.stdout, b"", "{line}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "{line}: {text}");
    let mut object: Value = serde_json::from_str(&text).unwrap();
    (object["error"].take(), output.status.code().unwrap())
}

#[test]
fn programs_get_errors_as_objects() {
    let place = Place::new();
    let (told, status) = error(&place, "keygen --json --bits 2048 --out key.json");
    let expected = json!({
        "kind": "exists",
        "message": "key.json exists already",
        "hint": "choose another name, or replace it with --force",
        "status": 1
    });
    assert_eq!((told, status), (expected, 1));

    let (told, status) = error(&place, "keygen --json --bits 1024 --out key.json");
    assert_eq!(
        (&told["kind"], &told["status"], status),
        (&json!("usage"), &json!(2), 2)
    );
    let message = told["message"].as_str().unwrap();
    assert!(
        message.contains("a key has 2048, 3072 or 4096 bits"),
        "{message}"
    );
    assert!(told["hint"].as_str().unwrap().contains("--help"), "{told}");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    place.write("bad.csv", "age,weight\n1,2\n");
    place.write("noise.json", "{");
    let encrypt = "encrypt --json --key key.json --card model/card.json --out request";
    for (line, kind, words) in [
        (format!("{encrypt} --in missing.csv"), "file", "missing.csv"),
        (format!("{encrypt} --in bad.csv"), "records", "height"),
        ("pubkey --json noise.json".to_owned(), "key", "noise.json"),
        (
            "serve --json --config missing.toml".to_owned(),
            "file",
            "missing.toml",
        ),
        ("serve --json".to_owned(), "usage", "name a model"),
        (
            format!("serve --json --model model --listen {taken}"),
            "listen",
            "another program listens there",
        ),
        (
            // Nobody answers there.
            "predict --json --server http://127.0.0.1:1 --model risk records.csv".to_owned(),
            "unreachable",
            "is the service running",
        ),
        (
            "predict --json --server nowhere --model risk records.csv".to_owned(),
            "url",
            "nowhere",
        ),
    ] {
        let (told, _) = error(&place, &line);
        assert_eq!(told["kind"], kind, "{line}: {told}");
        assert!(told.to_string().contains(words), "{line}: {told}");
    }

    let server = place.serve("--model model");
    let line = format!(
        "predict --json --server {} --model other records.csv",
        server.url
    );
    let (told, status) = error(&place, &line);
    assert_eq!(
        (told["kind"].as_str(), status),
        (Some("refused"), 1),
        "{told}"
    );
    assert_eq!(told["hint"], "ask its operator for the models' names");
}

#[test]
fn keys_that_others_can_read_are_told() {
    let place = Place::new();
    fs::copy(place.path("key.json"), place.path("open.json")).unwrap();
    let told = |mode: u32, more: &str| {
        fs::set_permissions(place.path("open.json"), fs::Permissions::from_mode(mode)).unwrap();
        let line = format!("pool status --key open.json {more}");
        piped(&place, &line, b"").1
    };
    let warning =
        "open.json is secret, but others may read it too: protect it with chmod 600 open.json";
    for mode in [0o644, 0o640, 0o604] {
        assert_eq!(told(mode, ""), format!("warning: {warning}\n"));
    }
    assert_eq!(
        told(0o644, "--json"),
        format!("{}\n", json!({ "warning": warning }))
    );
    assert_eq!(told(0o600, ""), "");
}

/// What a terminal shows of a command, all bytes of it.
fn terminal(place: &Place, line: &str, variables: &[(&str, &str)]) -> String {
    let line = format!("{} {line}", env!("CARGO_BIN_EXE_veilcast"));
    let mut command = Process::new("script");
    command
        .args(["-qec", &line, "/dev/null"])
        .current_dir(place.path(""))
        .env("TERM", "xterm-256color");
    // Each of these decides on colours, too; under CI even a dumb terminal gets some.
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
        command.env_remove(variable);
    }
    command.envs(variables.iter().copied());
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
fn terminals_show_colours_and_progress() {
    let place = Place::new();
    let bad = "keygen --out key.json";
    let shown = terminal(&place, bad, &[]);
    assert!(shown.contains("\u{1b}[1m\u{1b}[31merror:"), "{shown:?}");
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let shown = terminal(&place, bad, &[(name, value)]);
        assert!(shown.starts_with("error: key.json exists"), "{shown:?}");
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
    }

    let shown = terminal(&place, "keygen --bits 2048 --out new.json", &[]);
    assert!(
        shown.contains("looking for the primes of a key"),
        "{shown:?}"
    );
    let shown = terminal(&place, "pool fill --key new.json --count 600", &[]);
    let some = ["256/600", "512/600"];
    assert!(some.iter().any(|some| shown.contains(some)), "{shown:?}");
    let shown = terminal(&place, "keygen --bits 2048 --out -", &[]);
    assert!(shown.contains("isn't written to a terminal"), "{shown:?}");
    assert!(!shown.contains("\"p\""), "{shown:?}");
    let line = "encrypt --key key.json --card model/card.json --in records.csv --out -";
    let shown = terminal(&place, line, &[]);
    assert!(shown.contains("isn't written to a terminal"), "{shown:?}");
}
