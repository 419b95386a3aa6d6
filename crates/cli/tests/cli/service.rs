//! How `predict` and `inspect` reach a service: tokens, headers, and what is said when it doesn't work.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use assert_cmd::Command;

use crate::common::Place;
use crate::resume::{line, with_records};

const SECRET: &str = "vc_TopSecret";

/// A proxy before a service: it keeps the headers of what passes, and answers itself where it is told to.
struct Recorder {
    url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    /// `instead` answers in the service's place, by the request's header and the length of its body.
    fn start(
        service: Option<&str>,
        instead: impl Fn(&str, usize) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let service = service.map(|url| url.strip_prefix("http://").unwrap().to_owned());
        let (kept, instead) = (Arc::clone(&heads), Arc::new(instead));
        thread::spawn(move || {
            for client in listener.incoming() {
                let (kept, instead, service) =
                    (Arc::clone(&kept), Arc::clone(&instead), service.clone());
                thread::spawn(move || {
                    let mut client = client?;
                    let (head, body) = read(&mut client)?;
                    kept.lock().unwrap().push(head.clone());
                    if let Some(answer) = instead(&head, body.len()) {
                        return client.write_all(answer.as_bytes());
                    }
                    let mut service = TcpStream::connect(service.unwrap())?;
                    let (first, rest) = head.split_once("\r\n").unwrap();
                    write!(service, "{first}\r\nconnection: close\r\n{rest}")?;
                    service.write_all(&body)?;
                    std::io::copy(&mut service, &mut client).map(drop)
                });
            }
        });
        Self { url, heads }
    }

    /// The values of a header in all requests that came.
    fn values(&self, name: &str) -> Vec<Option<String>> {
        let heads = self.heads.lock().unwrap();
        let value = |head: &String| {
            let prefix = format!("{name}: ");
            let line = head.lines().find_map(|line| line.strip_prefix(&prefix));
            line.map(str::to_owned)
        };
        heads.iter().map(value).collect()
    }
}

fn read(stream: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body)?;
    Ok((head, body))
}

fn refusal(status: &str, code: &str, more: &str) -> String {
    let body = format!(r#"{{"error":"no","code":"{code}"}}"#);
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n{more}content-length: {length}\r\n\r\n{body}"
    )
}

fn with_token(place: &Place, mode: u32) {
    place.write("token", format!("{SECRET}\n"));
    fs::set_permissions(place.path("token"), fs::Permissions::from_mode(mode)).unwrap();
}

fn predict(url: &str) -> String {
    format!("predict --server {url} --model risk --key key.json records.csv --out out.csv --force")
}

/// Fails, and says neither the token nor anything on standard output.
fn failing(mut command: Command, code: i32) -> String {
    let failed = command.assert().code(code).stdout("");
    let error = String::from_utf8(failed.get_output().stderr.clone()).unwrap();
    assert!(!error.contains(SECRET), "{error}");
    error
}

#[test]
fn a_token_comes_from_a_file_or_the_environment() {
    let place = Place::new();
    let server = place.serve("--model model");
    let bearer = Some(format!("Bearer {SECRET}"));
    with_token(&place, 0o600);
    place.write("other", "vc_Other");

    let run = |line: &str, environment: &[(&str, &str)]| {
        let recorder = Recorder::start(Some(&server.url), |_, _| None);
        let mut command = place.veilcast();
        command
            .args(predict(&recorder.url).split_whitespace())
            .args(line.split_whitespace());
        command.envs(environment.iter().copied());
        let done = command.assert().success();
        let told = String::from_utf8(done.get_output().stderr.clone()).unwrap();
        assert!(!told.contains(SECRET), "{told}");
        let values = recorder.values("authorization");
        assert!(values.len() >= 3, "the card and two requests");
        values
    };
    for (line, environment) in [
        ("--token-file token", &[][..]),
        ("", &[("VEILCAST_TOKEN", SECRET)]),
        ("", &[("VEILCAST_TOKEN_FILE", "token")]),
        // The option goes before the environment, and the text before the file.
        ("--token-file token", &[("VEILCAST_TOKEN", "vc_Other")]),
        (
            "",
            &[("VEILCAST_TOKEN", SECRET), ("VEILCAST_TOKEN_FILE", "other")],
        ),
    ] {
        let values = run(line, environment);
        assert!(
            values.iter().all(|value| *value == bearer),
            "{line} {environment:?}: {values:?}"
        );
    }
    let values = run("", &[("VEILCAST_TOKEN", "")]);
    assert!(values.iter().all(Option::is_none), "{values:?}");
}

#[test]
fn a_token_that_others_may_read_is_warned_of() {
    let place = Place::new();
    let server = place.serve("--model model");
    let warnings = |mode| {
        with_token(&place, mode);
        let line = format!("inspect {} --token-file token", server.url);
        let done = place
            .veilcast()
            .args(line.split_whitespace())
            .assert()
            .success();
        String::from_utf8(done.get_output().stderr.clone()).unwrap()
    };
    for mode in [0o644, 0o640, 0o604] {
        let told = warnings(mode);
        assert!(
            told.contains("others may read it too: protect it with chmod 600 token"),
            "{mode:o}: {told}"
        );
    }
    assert_eq!(warnings(0o600), "");
}

#[test]
fn headers_are_sent_for_proxies() {
    let place = Place::new();
    let server = place.serve("--model model");
    let recorder = Recorder::start(Some(&server.url), |_, _| None);
    let mut command = place.veilcast();
    command.args(predict(&recorder.url).split_whitespace());
    command.args([
        "--header",
        "X-Tenant: seven",
        "--header",
        "authorization: Basic Zm9v",
    ]);
    command.assert().success();
    let all = |name, value: &str| {
        let values = recorder.values(name);
        assert!(
            values.iter().all(|found| found.as_deref() == Some(value)),
            "{values:?}"
        );
    };
    all("x-tenant", "seven");
    all("authorization", "Basic Zm9v");

    let with = |arguments: &[&str]| {
        let mut command = place.veilcast();
        command
            .args(predict(&recorder.url).split_whitespace())
            .args(arguments);
        command
    };
    with_token(&place, 0o600);
    let twice = with(&[
        "--token-file",
        "token",
        "--header",
        "Authorization: Basic Zm9v",
    ]);
    assert!(failing(twice, 1).contains("can carry only one"));
    let none = failing(with(&["--header", "X-Tenant"]), 1);
    assert!(none.contains("write a header as 'Name: value'"), "{none}");
}

#[test]
fn a_token_does_not_travel_in_the_clear() {
    let place = Place::new();
    with_token(&place, 0o600);
    let mut command = place.veilcast();
    command
        .args(predict("http://192.0.2.1:9").split_whitespace())
        .args(["--token-file", "token"]);
    let error = failing(command, 1);
    assert!(
        error.contains("anyone on the way there could read the token: use https://"),
        "{error}"
    );
    assert!(error.contains("--token-in-clear"), "{error}");
}

#[test]
fn refusals_say_what_to_do() {
    let place = Place::new();
    for (status, code, headers, words) in [
        (
            "401 Unauthorized",
            "token_needed",
            "",
            "ask its operator for a token, and give it with --token-file or in VEILCAST_TOKEN",
        ),
        (
            "401 Unauthorized",
            "token_unknown",
            "",
            "ask its operator for a new one",
        ),
        (
            "403 Forbidden",
            "model_not_allowed",
            "",
            "ask its operator to allow the model",
        ),
        (
            "429 Too Many Requests",
            "quota_used_up",
            "retry-after: 90000\r\n",
            "(again in 1 d 1 h)",
        ),
        (
            "503 Service Unavailable",
            "ledger_away",
            "retry-after: 90000\r\n",
            "bring the ledger's database back",
        ),
    ] {
        let answer = refusal(status, code, headers);
        let service = Recorder::start(None, move |_, _| Some(answer.clone()));
        let mut command = place.veilcast();
        command
            .args(predict(&service.url).split_whitespace())
            .env("VEILCAST_TOKEN", SECRET);
        let error = failing(command, 1);
        assert!(error.contains(words), "{code}: {error}");
        assert_eq!(
            service.heads.lock().unwrap().len(),
            1,
            "it isn't asked again"
        );
    }
}

/// The token stays with the service that it was given for.
#[test]
fn redirects_do_not_lead_the_token_away() {
    let place = Place::new();
    let thief = Recorder::start(None, |_, _| Some(refusal("200 OK", "", "")));
    let answer = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        thief.url
    );
    let service = Recorder::start(None, move |_, _| Some(answer.clone()));
    let mut command = place.veilcast();
    command
        .args(predict(&service.url).split_whitespace())
        .env("VEILCAST_TOKEN", SECRET);
    let error = failing(command, 1);
    assert!(error.contains("it redirects to"), "{error}");
    assert_eq!(
        service.values("authorization"),
        [Some(format!("Bearer {SECRET}"))]
    );
    assert!(thief.heads.lock().unwrap().is_empty());
}

#[test]
fn what_a_proxy_refuses_as_too_large_is_sent_in_halves() {
    let place = Place::new();
    let server = place.serve("--model model");
    place.run(&predict(&server.url));
    let usual = place.read("out.csv");
    let page = "<html><h1>413 Request Entity Too Large</h1>nginx</html>";
    let limit = |bytes| {
        move |_: &str, length| {
            let answer = format!(
                "HTTP/1.1 413 Request Entity Too Large\r\nserver: nginx\r\ncontent-type: text/html\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{page}",
                page.len()
            );
            (length > bytes).then_some(answer)
        }
    };
    // Two records of three ciphertexts of 512 bytes, with the proof of the key: one fits.
    let proxy = Recorder::start(Some(&server.url), limit(5200));
    let summary = place.json(&format!("{} --json", predict(&proxy.url)));
    assert_eq!(place.read("out.csv"), usual);
    assert!(summary["requests"].as_u64() > Some(3), "{summary}");

    let proxy = Recorder::start(Some(&server.url), limit(1000));
    let error = place.fail(&predict(&proxy.url));
    assert!(
        error.contains("refuses a request of") && error.contains("client_max_body_size"),
        "{error}"
    );
}

#[test]
fn a_failed_run_says_what_is_kept() {
    let place = with_records(Place::new());
    let server = place.serve("--model model");
    for (resume, words) in [
        (
            " --resume",
            "rows kept in new.csv.partial: run again with --resume\n",
        ),
        (
            "",
            "no predictions are kept; --resume would have kept the finished ones\n",
        ),
    ] {
        let asked = AtomicUsize::new(0);
        let service = Recorder::start(Some(&server.url), move |head, _| {
            let fails = head.starts_with("POST") && asked.fetch_add(1, Ordering::SeqCst) == 20;
            fails.then(|| refusal("500 Internal Server Error", "internal", ""))
        });
        let error = place.fail(&format!("{} new.csv{resume}", line(&service.url)));
        assert!(error.contains(words), "{error}");
        assert!(error.contains("error: "), "{error}");
    }
    place.run(&format!("{} new.csv --resume", line(&server.url)));
    place.run(&format!("{} whole.csv", line(&server.url)));
    assert_eq!(place.read("new.csv"), place.read("whole.csv"));
}
