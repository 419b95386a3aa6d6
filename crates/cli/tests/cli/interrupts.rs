//! Runs that are ended in the middle: what they leave behind, and what they say.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{Place, Server, signal};
use crate::resume::{line, with_records};

/// Starts the program, with the signals as a terminal gives them, even if the tests run in the background.
fn start(place: &Place, arguments: &str) -> Child {
    Command::new("env")
        .arg("--default-signal=INT,TERM,HUP")
        .arg(env!("CARGO_BIN_EXE_veilcast"))
        .current_dir(place.path("."))
        .args(arguments.split_whitespace())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .env_remove("RUST_LOG")
        .spawn()
        .unwrap()
}

/// How it ended, and what it said on standard error.
fn ended(mut process: Child) -> (Option<i32>, String) {
    let mut said = String::new();
    process
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    (process.wait().unwrap().code(), said)
}

fn until(what: &str, condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(60), "{what}");
        thread::sleep(Duration::from_millis(1));
    }
}

fn is_scrap(name: &str) -> bool {
    name.starts_with(".veilcast-")
}

/// A service that answers no requests for predictions, so that a run stays where it is.
struct Stuck {
    url: String,
    was_asked: Arc<AtomicBool>,
}

impl Stuck {
    fn before(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = server.url.strip_prefix("http://").unwrap().to_owned();
        let was_asked = Arc::<AtomicBool>::default();
        let asked = Arc::clone(&was_asked);
        thread::spawn(move || {
            let mut kept = Vec::new();
            for client in listener.incoming() {
                let mut client = client.unwrap();
                let mut head = [0; 4096];
                let length = client.read(&mut head).unwrap();
                if head.starts_with(b"POST") {
                    kept.push(client);
                    asked.store(true, Ordering::SeqCst);
                    continue;
                }
                let mut service = std::net::TcpStream::connect(&service).unwrap();
                let text = String::from_utf8(head[..length].to_vec()).unwrap();
                let (first, rest) = text.split_once("\r\n").unwrap();
                write!(service, "{first}\r\nconnection: close\r\n{rest}").unwrap();
                std::io::copy(&mut service, &mut client).unwrap();
            }
        });
        Self { url, was_asked }
    }

    /// Waits for a request for predictions.
    fn wait(&self) {
        until("it asks", || self.was_asked.swap(false, Ordering::SeqCst));
    }
}

#[test]
fn an_interruption_leaves_nothing_decrypted() {
    let place = with_records(Place::new());
    let server = place.serve("--model model");
    let before = place.names();
    let stuck = Stuck::before(&server);
    for (name, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let run = start(&place, &format!("{} new.csv", line(&stuck.url)));
        stuck.wait();
        assert!(place.names().iter().any(|name| is_scrap(name)));
        signal(&run, name);
        let (status, said) = ended(run);
        assert_eq!(status, Some(code), "{name}: {said}");
        assert!(said.contains("no predictions are kept"), "{said}");
        assert_eq!(place.names(), before, "{name}");
    }
}

#[test]
fn what_was_to_be_kept_is_kept_and_told() {
    let place = with_records(Place::new());
    let server = place.serve("--model model");
    let run = start(&place, &format!("{} new.csv --resume", line(&server.url)));
    let partial = || std::fs::read_to_string(place.path("new.csv.partial")).unwrap_or_default();
    until("it has rows", || partial().lines().count() > 20);
    signal(&run, "INT");
    let (status, said) = ended(run);
    assert_eq!(status, Some(130), "{said}");
    assert!(
        said.contains("rows kept in new.csv.partial: run again with --resume"),
        "{said}"
    );
    assert!(
        !place
            .names()
            .iter()
            .any(|name| is_scrap(name) || name == "new.csv")
    );
    place.run(&format!("{} new.csv --resume", line(&server.url)));
    place.run(&format!("{} whole.csv", line(&server.url)));
    assert_eq!(place.read("new.csv"), place.read("whole.csv"));
}

/// As with `nohup`, and in the background of scripts.
#[test]
fn signals_that_were_to_be_ignored_are() {
    let place = with_records(Place::new());
    let server = place.serve("--model model");
    let stuck = Stuck::before(&server);
    let program = env!("CARGO_BIN_EXE_veilcast");
    let command = format!(
        "trap '' HUP INT; exec {program} {} new.csv",
        line(&stuck.url)
    );
    let mut run = Command::new("sh")
        .current_dir(place.path("."))
        .args(["-c", &command])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    stuck.wait();
    for name in ["HUP", "INT"] {
        signal(&run, name);
    }
    thread::sleep(Duration::from_millis(300));
    assert!(run.try_wait().unwrap().is_none(), "it goes on");
    signal(&run, "TERM");
    assert_eq!(ended(run).0, Some(143));
    assert!(!place.names().iter().any(|name| is_scrap(name)));
}
