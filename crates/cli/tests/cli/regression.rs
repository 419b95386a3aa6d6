//! Models of quantities, and of two classes with a threshold.

use insta::assert_snapshot;
use serde_json::json;
use veilcast_model::FloatMap;
use veilcast_model::card::{Activation, Layouts, ScalarLayout};

use crate::common::{Place, table_blueprint};

/// A place with a model of quantities, in `dose`.
pub(crate) fn quantities(name: &str, labels: &[&str], units: Option<&[&str]>) -> Place {
    let texts = |texts: &[&str]| {
        texts
            .iter()
            .map(|&text| text.to_owned())
            .collect::<Vec<_>>()
    };
    let layouts = Layouts {
        scalar: Some(ScalarLayout {}),
        ..Layouts::default()
    };
    let (mut blueprint, map) = table_blueprint(layouts, name);
    blueprint.labels = texts(labels);
    blueprint.units = units.map(texts);
    blueprint.activation = Activation::None;
    let outputs = labels.len();
    let weights = map.weights()[..3 * outputs].to_vec();
    let map = FloatMap::new(3, outputs, weights, map.biases()[..outputs].to_vec()).unwrap();
    let place = Place::new();
    let model = blueprint.build(map).unwrap();
    model.save(&place.path("dose"), false).unwrap();
    place
}

#[test]
fn quantities_are_predicted_with_their_units() {
    let place = quantities("dose", &["dose", "time"], Some(&["mg", "h"]));
    let server = place.serve("--model dose");
    let predict = format!(
        "predict --server {} --model dose --key key.json",
        server.url
    );
    let summary = place.json(&format!("{predict} --out out.csv --json records.csv"));
    assert_snapshot!(place.read("out.csv"), @r"
    record,dose,time
    0,-4,8
    1,-4,11
    2,3,7
    3,3,-2
    4,3,13
    ");
    for (found, (label, unit, [min, mean, max])) in
        summary["values"].as_array().unwrap().iter().zip([
            ("dose", "mg", [-4.0, 0.2, 3.0]),
            ("time", "h", [-2.0, 7.4, 13.0]),
        ])
    {
        assert_eq!(
            (&found["label"], &found["unit"]),
            (&json!(label), &json!(unit))
        );
        assert_eq!((&found["min"], &found["max"]), (&json!(min), &json!(max)));
        assert!(
            (found["mean"].as_f64().unwrap() - mean).abs() < 1e-12,
            "{found}"
        );
    }
    assert!(summary["labels"].is_null());

    let lines = place.run(&format!("{predict} --json records.csv"));
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(
        first,
        json!({"record": 0, "values": {"dose": -4.0, "time": 8.0}})
    );

    // The same offline.
    place.write("two.csv", "age,weight,height\n1,2,3\n4,5,6\n");
    place.run("encrypt --key key.json --card dose/card.json --in two.csv --out request");
    place.run("compute --model dose --in request --out response");
    let summary = place.json(
        "decrypt --key key.json --card dose/card.json --in response --out offline.csv --json",
    );
    assert_eq!(summary["values"][1]["max"], 11.0);
    assert_snapshot!(place.read("offline.csv"), @r"
    record,dose,time
    0,-4,8
    1,-4,11
    ");
    let decrypt = place
        .veilcast()
        .args("decrypt --key key.json --card dose/card.json --in response".split(' '))
        .assert()
        .success();
    let told = String::from_utf8(decrypt.get_output().stderr.clone()).unwrap();
    assert_snapshot!(told, @"
    2 records decrypted
    predicted: dose -4.0000 to -4.0000 (mean -4.0000) mg, time 8.0000 to 11.000 (mean 9.5000) h
    ");
}

#[test]
fn one_quantity_needs_no_unit() {
    let place = quantities("dose", &["dose"], None);
    place.write("one.csv", "age,weight,height\n1,0,0\n");
    place.run("encrypt --key key.json --card dose/card.json --in one.csv --out request");
    place.run("compute --model dose --in request --out response");
    let out = place.run("decrypt --key key.json --card dose/card.json --in response");
    assert_eq!(out, "record,dose\n0,10\n");
}

#[test]
fn several_scores_without_units_are_of_classes() {
    let place = quantities("dose", &["low", "high"], None);
    place.write("one.csv", "age,weight,height\n1,0,0\n");
    place.run("encrypt --key key.json --card dose/card.json --in one.csv --out request");
    place.run("compute --model dose --in request --out response");
    let out = place.run("decrypt --key key.json --card dose/card.json --in response");
    assert_eq!(out, "record,label,score_low,score_high\n0,low,10,-9\n");
}
