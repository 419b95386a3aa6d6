//! Output files: whole or not at all.

use insta::assert_snapshot;

use crate::common::Place;

const ENCRYPT: &str = "encrypt --key key.json --card model/card.json --in one.csv --out";

#[test]
fn nothing_is_overwritten_without_force() {
    let place = Place::new();
    place.write("one.csv", "age,weight,height\n1,2,3\n");
    place.write("request", "mine");
    assert_snapshot!(place.fail(&format!("{ENCRYPT} request")), @r"
    error: request exists already
      hint: choose another name, or replace it with --force
    ");
    assert_eq!(place.read("request"), "mine");
    place.run(&format!("{ENCRYPT} request --force"));
    assert_eq!(place.json("inspect --json request")["kind"], "request");
}

#[test]
fn devices_and_folders_are_never_replaced() {
    let place = Place::new();
    place.write("one.csv", "age,weight,height\n1,2,3\n");
    assert_snapshot!(place.fail(&format!("{ENCRYPT} /dev/null --force")), @"error: /dev/null exists and isn't a regular file");
    assert_snapshot!(place.fail(&format!("{ENCRYPT} model --force")), @"error: model exists and isn't a regular file");
}

#[test]
fn a_failure_leaves_nothing_behind() {
    let place = Place::new();
    place.write("one.csv", "age,weight\n1,2\n");
    place.fail(&format!("{ENCRYPT} request"));
    assert_snapshot!(place.fail(&format!("{ENCRYPT} missing/request")), @r"
    error: can't write missing/request
      cause: entity not found
    ");
    assert_eq!(
        place.names(),
        ["key.json", "model", "one.csv", "records.csv"]
    );
}

#[test]
fn readers_follow_the_umask() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    place.run("pubkey key.json --out public.json");
    place.write("usual", "");
    let mode = |name: &str| place.path(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("public.json"), mode("usual"));
}
