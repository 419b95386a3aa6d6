//! `serve`: starting and ending.

use std::io::Read as _;

use insta::assert_snapshot;

use crate::common::{Place, signal};

#[test]
fn a_service_ends_in_order() {
    let place = Place::new();
    for name in ["TERM", "INT"] {
        let mut server = place.serve("--model model");
        signal(&server.process, name);
        assert!(server.process.wait().unwrap().success(), "{name}");
    }
}

#[test]
fn a_configuration_is_read() {
    let place = Place::new();
    place.write(
        "good.toml",
        "max_connections = 3\nbody_timeout_seconds = 5\n",
    );
    let server = place.serve("--model model --config good.toml");
    assert_eq!(
        place.json(&format!("inspect --json {}", server.url))["kind"],
        "service"
    );

    let fail = |text: &str| {
        place.write("bad.toml", text);
        place.fail("serve --model model --listen 127.0.0.1:0 --config bad.toml")
    };
    assert_snapshot!(fail("max_connections = 0"), @r"
    error: the service can't start
      cause: the setting `max_connections` must be 1 to 1000000
    ");
    assert_snapshot!(fail("max_conections = 1"), @r"
    error: can't use the configuration bad.toml
      cause: there is no setting `max_conections`: did you mean `max_connections`?
    ");
    assert_snapshot!(fail("page = 1"), @r"
    error: can't use the configuration bad.toml
      cause: TOML parse error at line 1, column 8
          |
        1 | page = 1
          |        ^
        invalid type: integer `1`, expected a boolean
    ");
    assert_snapshot!(fail("= 1"), @r"
    error: can't use the configuration bad.toml
      cause: TOML parse error at line 1, column 1
          |
        1 | = 1
          | ^
        unquoted keys cannot be empty, expected letters, numbers, `-`, `_`
    ");
}

#[test]
fn a_service_says_where_its_page_is() {
    let place = Place::new();
    place.write("none.toml", "page = false\n");
    for (options, has_page) in [
        ("", true),
        ("--no-page", false),
        ("--config none.toml", false),
    ] {
        let mut server = place.serve(&format!("--model model {options}"));
        let page = format!("Open {}/ in a browser\n", server.url);
        server.process.kill().unwrap();
        let mut rest = String::new();
        server.stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(
            rest,
            if has_page { page } else { String::new() },
            "{options}"
        );
    }
}

#[test]
fn a_service_that_cant_start_says_why() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let message = place.fail(&format!("serve --model model --listen {address}"));
    assert_snapshot!(message.replace(&address, "ADDRESS"), @r"
    error: can't listen on ADDRESS: another program listens there; stop it, or choose another address (port 0 takes a free one)
    ");
    let message = place.fail("serve --model model --model model --listen 127.0.0.1:0");
    assert_snapshot!(message, @r"
    error: the service can't start
      cause: there are two models risk of version 1: give one of them another version
    ");
    assert_snapshot!(place.fail("serve --model missing --listen 127.0.0.1:0"), @r"
    error: can't use the model in missing
      cause: can't read missing/card.json
      cause: No such file or directory (os error 2)
      hint: give a directory that `veilcast train` or `veilcast import` wrote, as it wrote it
    ");
}
