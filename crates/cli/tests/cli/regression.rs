//! Models of quantities, and of two classes with a threshold.

use std::fmt::Write as _;

use insta::assert_snapshot;
use serde_json::{Value, json};
use veilcast_card::{Activation, Layouts, ScalarLayout, Task};
use veilcast_model::FloatMap;

use crate::common::{Place, table_blueprint};

/// A place with a model of quantities, in `dose`.
pub(crate) fn quantities(name: &str, labels: &[&str], units: Option<&[&str]>) -> Place {
    without_final_function(name, labels, units, None)
}

/// A place with a model whose scores are the prediction, in `dose`.
fn without_final_function(
    name: &str,
    labels: &[&str],
    units: Option<&[&str]>,
    task: Option<Task>,
) -> Place {
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
    blueprint.task = task;
    let outputs = labels.len();
    let weights = map.weights()[..3 * outputs].to_vec();
    let map = FloatMap::new(3, outputs, weights, map.biases()[..outputs].to_vec()).unwrap();
    let place = Place::new();
    let model = blueprint.build(map).unwrap();
    model.save(&place.path("dose"), false).unwrap();
    place
}

#[test]
fn several_quantities_without_units_are_no_classes() {
    let task = Some(Task::Quantities);
    let place = without_final_function("dose", &["dose", "time"], None, task);
    let server = place.serve("--model dose");
    let predict = format!(
        "predict --server {} --model dose --key key.json --out out.csv --json records.csv",
        server.url
    );
    let summary = place.json(&predict);
    assert_snapshot!(place.read("out.csv"), @r"
    record,dose,time
    0,-4,8
    1,-4,11
    2,3,7
    3,3,-2
    4,3,13
    ");
    assert!(summary["values"][1]["unit"].is_null() && summary["labels"].is_null());
    assert_eq!(
        (&summary["values"][1]["label"], &summary["values"][1]["max"]),
        (&json!("time"), &json!(13.0))
    );
    let facts = place.json("inspect dose --json");
    assert!(facts["units"].is_null(), "{facts}");
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
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
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

/// Rows of a length, a colour and a price that hangs on both, and a class by the price.
fn table(rows: usize) -> String {
    let mut csv = "length,colour,price,kind\n".to_owned();
    for row in 0..rows {
        let (length, colour) = (row * 37 % 101, ["red", "green", "blue"][row % 3]);
        let noise = (row * 7919 % 21) as f64 - 10.0;
        let price = 200.5 + 3.0 * length as f64 + 50.0 * (row % 3) as f64 + noise;
        let kind = if price > 430.0 { "dear" } else { "cheap" };
        writeln!(csv, "{length},{colour},{price},{kind}").unwrap();
    }
    csv
}

const TRAIN: &str = "train --table table.csv --target price --columns length,colour --regression \
                     --unit EUR --out prices";

#[test]
fn a_price_is_learnt_served_and_measured() {
    let place = Place::new();
    place.write("table.csv", table(400));
    let trained = place.json(&format!("{TRAIN} --json"));
    let errors = &trained["regression"];
    assert_eq!(
        (&errors["records"], &trained["accuracy"]),
        (&json!(80), &Value::Null)
    );
    let r_squared = |errors: &Value| errors["r_squared"].as_f64().unwrap();
    assert!(r_squared(&errors["network"]) > 0.99, "{trained}");
    assert!(r_squared(&errors["quantized"]) > 0.99, "{trained}");
    let told = place.run(&format!("{TRAIN} --force"));
    for text in [
        "score bits  largest change        cost",
        "errors on 80 test records\n  float network   mean absolute error ",
        "  no value is changed by more than ",
    ] {
        assert!(told.contains(text), "{text:?} in {told}");
    }

    let card = place.json("inspect --json prices");
    assert_eq!(
        (&card["units"], &card["labels"]),
        (&json!(["EUR"]), &json!(["price"]))
    );
    assert_eq!(card["regression"], *errors);
    let shown = place.run("inspect prices");
    assert!(shown.contains("\n  units    EUR\n"), "{shown}");
    assert!(
        shown.contains("\n  errors   mean absolute error "),
        "{shown}"
    );

    // The owner of the data measures what he gets, the owner of the model the model.
    let server = place.serve("--model prices");
    let summary = place.json(&format!(
        "predict --server {} --model price --key key.json --ignore-columns all --keep kind --json \
         --out out.csv table.csv",
        server.url
    ));
    assert_eq!(summary["values"][0]["unit"], "EUR");
    assert!(place.read("out.csv").starts_with("record,price,kind\n0,"));
    let owner =
        place.json("evaluate --json --table table.csv --target price --predictions out.csv");
    let model = place.json(
        "evaluate --json --table table.csv --target price --model prices --encrypted \
         --key-bits 2048 --report report.html --out plain.csv",
    );
    let price = &model["quantities"][0];
    assert_eq!(
        (&price["label"], &price["unit"]),
        (&json!("price"), &json!("EUR"))
    );
    assert_eq!(owner["predictions"]["quantities"][0], price["quantized"]);
    assert_eq!(model["encrypted"]["agreeing"], 400);
    assert_eq!(model["encrypted"]["quantities"][0], price["quantized"]);
    assert_eq!(price["network_when_trained"], errors["network"]);
    assert!(model["accuracy"].is_null() && model["confusion"].is_null());
    let change = price["largest_change"].as_f64().unwrap();
    assert!(change > 0.0 && change < 0.03 * 100.0, "{change}");

    let page = place.read("report.html");
    crate::evaluate::check_page(&page);
    assert!(page.contains("<h3>price in EUR</h3>"));
    assert!(page.contains("Predicted values over true ones"));
    let four =
        |number: &Value| format!("<td class=\"number\">{:.4}</td>", number.as_f64().unwrap());
    assert!(page.contains(&four(&price["quantized"]["r_squared"])));
    let text = place.run("evaluate --table table.csv --target price --model prices --limit 9");
    assert!(
        text.starts_with("price 1 on 9 records\nprice in EUR\n  float network   "),
        "{text}"
    );
    let text = place.run("evaluate --table table.csv --target price --predictions out.csv");
    assert!(
        text.starts_with("400 records\n  predictions     mean absolute error "),
        "{text}"
    );
}

#[test]
fn several_quantities_have_a_target_each() {
    let place = quantities("dose", &["dose", "time"], Some(&["mg", "h"]));
    // The model is right about the doses, and 1 off all times.
    let truth = "age,weight,height,d,t\n1,2,3,-4,9\n4,5,6,-4,12\n7.5,8,9,3,8\n0,0,0,3,-1\n";
    place.write("truth.csv", truth);
    let line = "evaluate --json --model dose --table truth.csv --target d,t --out out.csv";
    let found = place.json(line);
    assert_eq!(
        found["quantities"][0]["quantized"]["mean_absolute_error"],
        0.0
    );
    assert_eq!(found["quantities"][0]["quantized"]["r_squared"], 1.0);
    assert_eq!(
        found["quantities"][1]["quantized"]["mean_absolute_error"],
        1.0
    );
    let owner = place.json("evaluate --json --predictions out.csv --table truth.csv --target d,t");
    for index in 0..2 {
        let errors = &owner["predictions"]["quantities"][index];
        assert_eq!(*errors, found["quantities"][index]["quantized"]);
    }
    assert_snapshot!(place.fail("evaluate --model dose --table truth.csv --target d"), @"error: the model predicts 2 quantities; name a column for each with --target, with commas between");
    assert_snapshot!(place.fail("evaluate --model dose --table truth.csv --target d,t --positive 1"), @"error: --positive is for classes, but the model predicts quantities");
    assert_snapshot!(place.fail("evaluate --predictions out.csv --table truth.csv --target d,t,age"), @r#"error: there are 3 targets for the values ["dose", "time"]"#);
    place.write("truth.csv", truth.replace("12", "soon"));
    assert_snapshot!(place.fail("evaluate --model dose --table truth.csv --target d,t"), @r#"error: record 1 (from 0) of truth.csv: the target "t" is "soon", which isn't a finite number"#);
}

#[test]
fn a_threshold_decides_who_is_positive() {
    let place = Place::new();
    place.write("table.csv", table(400));
    let train =
        "train --table table.csv --target kind --columns length,colour --positive dear --json";
    let positives = |threshold: &str| {
        let name = threshold.replace('.', "-");
        let trained = place.json(&format!("{train} --out m{name} --threshold {threshold}"));
        let evaluate = format!("evaluate --json --table table.csv --target kind --model m{name}");
        let found = place.json(&format!("{evaluate} --out out{name}.csv"));
        let predictions = place.read(&format!("out{name}.csv"));
        let dear = predictions
            .lines()
            .filter(|row| row.contains(",dear,"))
            .count();
        // The columns of the confusion matrix are what is predicted.
        let column: u64 = (0..2)
            .map(|row| found["confusion"][row][1].as_u64().unwrap())
            .sum();
        assert_eq!(dear as u64, column);
        // The table's owner comes to the same accuracy by the labels.
        let owner = place.json(&format!(
            "evaluate --json --table table.csv --target kind --predictions out{name}.csv"
        ));
        assert_eq!(owner["predictions"], found["quantized"]);
        let shown = place.run(&format!("inspect m{name}"));
        let fact = format!("\n  positive dear if its probability exceeds {threshold}\n");
        assert!(shown.contains(&fact), "{shown}");
        (dear, trained["auc"]["quantized"].as_f64().unwrap())
    };
    let (eager, area) = positives("0.05");
    let (sure, same_area) = positives("0.95");
    assert!(eager > sure + 10, "{eager} {sure}");
    assert_eq!(area, same_area);
    let line = format!("{train} --out other --threshold 1");
    assert_snapshot!(place.fail(&line), @r#"{"error":{"kind":"failed","message":"the output: the threshold is 1; it must lie between 0 and 1","status":1}}"#);
    for wrong in [
        "--regression --threshold 0.5",
        "--regression --tolerance 1",
        "--unit EUR",
    ] {
        let line = format!("{train} --out other {wrong}").replace(" --positive dear", "");
        place.veilcast().args(line.split(' ')).assert().code(2);
    }
}
