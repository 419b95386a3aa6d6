//! `serve`: starting and ending.

use std::process::Command;

use insta::assert_snapshot;

use crate::common::Place;

#[test]
fn a_service_ends_in_order() {
    let place = Place::new();
    for signal in ["-TERM", "-INT"] {
        let mut server = place.serve("--model model");
        let id = server.process.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
        assert!(server.process.wait().unwrap().success(), "{signal}");
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
    assert_snapshot!(fail("max_connections = 0"), @"");
    assert_snapshot!(fail("max_conections = 1"), @"");
    assert_snapshot!(fail("= 1"), @"");
}

#[test]
fn a_service_that_cant_start_says_why() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let message = place.fail(&format!("serve --model model --listen {address}"));
    assert_snapshot!(message.replace(&address, "ADDRESS"), @"");
    let message = place.fail("serve --model model --model model --listen 127.0.0.1:0");
    assert_snapshot!(message, @"");
    assert_snapshot!(place.fail("serve --model missing --listen 127.0.0.1:0"), @"");
}
