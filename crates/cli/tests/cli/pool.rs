//! Pools of entries: filled, used once, and counted.

use std::fs;

use serde_json::Value;

use veilcast_card::{Layouts, ScalarLayout, SeededUploads};

use crate::common::{Place, table_model_in};

/// A place whose model takes seeded uploads.
fn place() -> Place {
    let place = Place::new();
    let layouts = Layouts {
        scalar: Some(ScalarLayout {}),
        seeded: Some(SeededUploads {}),
        ..Layouts::default()
    };
    let model = table_model_in(layouts, "risk");
    model.save(&place.path("seeded"), false).unwrap();
    place
}

fn entries(place: &Place) -> u64 {
    let status = place.run("pool status --key key.json --json");
    serde_json::from_str::<Value>(&status).unwrap()["entries"]
        .as_u64()
        .unwrap()
}

#[test]
fn predictions_from_a_pool_are_the_same_and_use_it_up() {
    let place = place();
    let server = place.serve("--model seeded");
    let predict = format!(
        "predict --server {} --model risk --key key.json records.csv",
        server.url
    );
    let usual = place.run(&predict);
    assert!(!place.path("key.json.pool").exists());

    let filled = place.run("pool fill --key key.json --count 100 --json");
    let filled: Value = serde_json::from_str(&filled).unwrap();
    assert_eq!(
        (&filled["added"], &filled["entries"]),
        (&100.into(), &100.into())
    );
    let pooled = format!("{predict} --pool key.json.pool");
    assert_eq!(place.run(&pooled), usual);
    let left = entries(&place);
    assert!(left < 100, "{left} entries are left");

    // Offline it is the same, and again other entries are used.
    place.write("records-few.csv", "age,weight,height\n1,2,3\n4,5,6\n");
    place.run("encrypt --key key.json --card seeded/card.json --in records-few.csv --pool key.json.pool --out request");
    assert!(entries(&place) < left);
    place.run("compute --model seeded --in request --out response");
    place.run("decrypt --key key.json --card seeded/card.json --in response --out few.csv");
    let few = fs::read_to_string(place.path("few.csv")).unwrap();
    assert!(usual.starts_with(&few), "{few} begins {usual}");
}

#[test]
fn a_pool_that_is_too_small_is_left_alone() {
    let place = place();
    let server = place.serve("--model seeded");
    place.run("pool fill --key key.json --count 2");
    let predict = format!(
        "predict --server {} --model risk --key key.json --pool key.json.pool records.csv",
        server.url
    );
    assert_eq!(place.run(&predict).lines().count(), 6);
    assert_eq!(entries(&place), 2);
}

#[test]
fn bad_pools_are_told() {
    let place = place();
    let fill = "pool fill --key key.json --count 1";
    let error = place.fail(&format!("{fill} --pool records.csv"));
    assert!(error.contains("records.csv"), "{error}");
    let error = place.fail(
        "encrypt --key key.json --card seeded/card.json --in records.csv --pool nowhere --out request",
    );
    assert!(error.contains("there is no pool at nowhere"), "{error}");
    assert!(error.contains("veilcast pool fill"), "{error}");

    place.run(fill);
    place.run("keygen --bits 2048 --out other.json");
    let error = place.fail("pool status --key other.json --pool key.json.pool");
    assert!(error.contains("another key"), "{error}");
    let file = fs::read_dir(place.path("key.json.pool"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    fs::write(file.path(), "nonsense").unwrap();
    let error = place.fail("pool status --key key.json");
    assert!(error.contains("damaged"), "{error}");
}
