//! `serve` as an operator has it: settings from everywhere, models that change, and the end in order.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use insta::assert_snapshot;

use crate::common::{Place, signal, table_model};

/// A service whose log is read.
struct Service {
    process: Child,
    address: String,
    log: BufReader<ChildStderr>,
}

impl Service {
    fn start(place: &Place, line: &str, variables: &[(&str, &str)]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_veilcast"))
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "json"])
            .args(line.split_whitespace())
            .current_dir(place.path("."))
            .envs(variables.iter().copied())
            .env_remove("RUST_LOG")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        stdout.read_line(&mut first).unwrap();
        let address = first.trim().strip_prefix("listening on http://").unwrap();
        Self {
            address: address.to_owned(),
            log: BufReader::new(process.stderr.take().unwrap()),
            process,
        }
    }

    fn signal(&self, name: &str) {
        signal(&self.process, name);
    }

    /// The next line of the log with this message.
    fn logged(&mut self, message: &str) -> serde_json::Value {
        loop {
            let mut line = String::new();
            assert!(self.log.read_line(&mut line).unwrap() > 0, "no `{message}`");
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            if line["fields"]["message"] == message {
                return line["fields"].clone();
            }
        }
    }

    /// The status of a GET, and the body.
    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        (status, body.to_owned())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn settings_in_effect_are_printed_with_their_origins() {
    let place = Place::new();
    place.write(
        "some.toml",
        "max_connections = 3\nqueue_length = 4\npage = false\n",
    );
    let print = |variables: &[(&str, &str)], more: &str| {
        let line = format!("serve --config some.toml --print-config {more}");
        let mut command = place.veilcast();
        command
            .args(line.split_whitespace())
            .envs(variables.iter().copied());
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let printed = print(
        &[("VEILCAST_QUEUE_LENGTH", "5")],
        "--listen :1 --model model",
    );
    let line = |name: &str| {
        let mut lines = printed.lines();
        lines
            .find(|line| line.starts_with(name))
            .unwrap()
            .to_owned()
    };
    assert_eq!(line("max_connections"), "max_connections = 3 # file");
    assert_eq!(
        line("queue_length"),
        "queue_length = 5 # VEILCAST_QUEUE_LENGTH"
    );
    assert_eq!(line("listen"), "listen = [\":1\"] # command line");
    assert_eq!(line("page"), "page = false # file");
    assert_eq!(line("behind_proxy"), "behind_proxy = false");
    assert_eq!(
        line("# operator_token_file"),
        "# operator_token_file is not set"
    );
    assert!(line("models").contains("path = \"model\""), "{printed}");
    // What is printed is a configuration.
    place.write("printed.toml", &printed);
    let again = place.run("serve --config printed.toml --print-config");
    let values = |text: &str| -> toml::Table { text.parse().unwrap() };
    assert_eq!(values(&again), values(&printed));
}

#[test]
fn variables_override_the_file_and_the_command_line_overrides_them() {
    let place = Place::new();
    place.write("some.toml", "models = [\"model\"]\npage = true\n");
    let variables = [("VEILCAST_PAGE", "false"), ("VEILCAST_CONFIG", "some.toml")];
    let service = Service::start(&place, "", &variables);
    assert_eq!(service.get("/").0, 307);
    assert_eq!(service.get("/v2/models/risk").0, 200);

    let mut command = place.veilcast();
    command
        .args(["serve", "--model", "model"])
        .env("VEILCAST_PAGES", "1");
    let refused = command.assert().code(1);
    let refused = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert_snapshot!(refused, @"error: the environment variable VEILCAST_PAGES sets nothing: did you mean VEILCAST_PAGE?");
}

#[test]
fn a_hangup_replaces_models_and_settings() {
    let place = Place::new();
    table_model("second")
        .save(&place.path("second"), false)
        .unwrap();
    place.write("some.toml", "models = [\"model\"]\n");
    let mut service = Service::start(&place, "--config some.toml", &[]);
    assert_eq!(service.get("/v2/models").1, r#"{"models":["risk"]}"#);

    place.write(
        "some.toml",
        "models = [\"model\", \"second\"]\nmax_connections = 9\n",
    );
    service.signal("HUP");
    let warned = service.logged("restart the service to change this setting");
    assert_eq!(warned["setting"], "max_connections");
    assert_eq!(service.logged("reloaded")["models"], "risk 1, second 1");
    assert_eq!(
        service.get("/v2/models").1,
        r#"{"models":["risk","second"]}"#
    );

    // What can't be used stays as it was, and the log says why.
    std::fs::write(place.path("second/card.json"), "{}").unwrap();
    service.signal("HUP");
    let fault = service.logged("what can't be used stays as it was");
    let fault = fault["error"].as_str().unwrap();
    assert!(
        fault.starts_with("error: can't use the model in second"),
        "{fault}"
    );
    assert_eq!(
        service.get("/v2/models").1,
        r#"{"models":["risk","second"]}"#
    );
    place.write("some.toml", "queue_length = -1\n");
    service.signal("HUP");
    service.logged("can't reload: everything stays as it was");
    assert_eq!(
        service.get("/v2/models").1,
        r#"{"models":["risk","second"]}"#
    );

    place.write("some.toml", "models = [\"second\"]\n");
    table_model("second")
        .save(&place.path("second"), true)
        .unwrap();
    service.signal("HUP");
    assert_eq!(service.logged("reloaded")["models"], "second 1");
    assert_eq!(service.get("/v2/models/risk").0, 404);
}

#[test]
fn a_service_drains_before_it_ends() {
    let place = Place::new();
    let mut service = Service::start(&place, "--model model", &[("VEILCAST_DRAIN_SECONDS", "2")]);
    assert_eq!(service.get("/v2/health/ready").0, 200);
    let asked = Instant::now();
    service.signal("TERM");
    service.logged("not ready any more");
    // Not ready, and yet it answers.
    assert_eq!(
        service.get("/v2/health/ready"),
        (503, r#"{"ready":false}"#.to_owned())
    );
    assert_eq!(service.get("/v2/health/live").0, 200);
    assert_eq!(service.get("/v2/models/risk").0, 200);
    assert!(service.process.wait().unwrap().success());
    assert!(asked.elapsed() >= Duration::from_secs(2));
}

#[test]
fn a_second_signal_ends_at_once() {
    let place = Place::new();
    let mut service = Service::start(
        &place,
        "--model model",
        &[("VEILCAST_DRAIN_SECONDS", "3000")],
    );
    service.signal("TERM");
    service.logged("not ready any more");
    service.signal("INT");
    assert!(service.process.wait().unwrap().success());
}

#[test]
fn a_supervisor_is_told() {
    let place = Place::new();
    // The name of a socket is short.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let told = || {
        let mut buffer = [0; 4096];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };
    let next = |begin: &str| {
        loop {
            let told = told();
            if told.starts_with(begin) {
                return told;
            }
            assert_eq!(told, "WATCHDOG=1\n");
        }
    };
    let variables = [
        ("NOTIFY_SOCKET", path.to_str().unwrap()),
        ("WATCHDOG_USEC", "400000"),
    ];
    let mut service = Service::start(&place, "--model model", &variables);
    assert_eq!(next("READY=1\n"), "READY=1\nSTATUS=serving risk 1\n");
    next("WATCHDOG=1\n");
    service.signal("HUP");
    let reloading = next("RELOADING=1\n");
    let since = reloading
        .trim()
        .strip_prefix("RELOADING=1\nMONOTONIC_USEC=");
    assert!(since.unwrap().parse::<u64>().unwrap() > 0);
    next("READY=1\n");
    service.signal("TERM");
    next("STOPPING=1\n");
    assert!(service.process.wait().unwrap().success());
}

#[test]
fn the_first_line_of_the_log_says_what_runs() {
    let place = Place::new();
    let mut service = Service::start(&place, "--model model", &[]);
    let line = service.logged("serving");
    assert_eq!(line["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(line["models"], "risk 1");
    assert_eq!(line["addresses"], format!("http://{}", service.address));
    let kernels = ["avx512-ifma", "avx2", "portable"];
    assert!(kernels.contains(&line["kernel"].as_str().unwrap()));
    assert_eq!(line["max_connections"], 512);
}
