//! Tables with texts and missing cells, from training to predictions.

use insta::assert_snapshot;
use std::fmt::Write as _;

use crate::common::Place;

/// Rows of a number of the record, a length, a colour and a class that depends on both.
fn table(rows: usize) -> String {
    let mut csv = "id,length,colour,kind\n".to_owned();
    for row in 0..rows {
        let (length, colour) = (row * 37 % 101, ["red", "green", "blue"][row % 3]);
        let kind = if length + 40 * (row % 3) > 90 {
            "long"
        } else {
            "short"
        };
        let length = if row % 11 == 0 {
            String::new()
        } else {
            length.to_string()
        };
        writeln!(csv, "r{row},{length},{colour},{kind}").unwrap();
    }
    csv
}

const TRAIN: &str = "train --table table.csv --target kind --positive long --columns length,colour \
                     --name parts --out parts";

fn trained() -> Place {
    let place = Place::new();
    place.write("table.csv", table(400));
    let result = place.json(&format!("{TRAIN} --json"));
    assert_eq!(result["accuracy"]["records"], 80);
    assert!(result["auc"]["quantized"].as_f64() > Some(0.8), "{result}");
    place
}

#[test]
fn a_table_is_learnt_and_predicted() {
    let place = trained();
    let server = place.serve("--model parts");
    let predict = format!(
        "predict --server {} --model parts --key key.json",
        server.url
    );
    let line = format!("{predict} --ignore-columns kind --keep id --out out.csv --json table.csv");
    let summary = place.json(&line);
    assert_eq!(
        (&summary["records"], &summary["imputed_values"]),
        (&400.into(), &37.into())
    );
    assert_eq!(summary["unknown_categories"], 0);
    let predictions = place.read("out.csv");
    assert!(predictions.starts_with("record,label,score_long,probability_long,id\n0,"));
    assert!(predictions.lines().all(|row| row.split(',').count() == 5));
    assert!(predictions.trim_end().ends_with(",r399"));

    // With the truth at hand the owner measures them, and the model's owner gets the same.
    let evaluate = "evaluate --json --table table.csv --target kind";
    let owner = place.json(&format!("{evaluate} --predictions out.csv"));
    let model = place.json(&format!("{evaluate} --model parts --out plain.csv"));
    assert_eq!(owner["records"], 400);
    assert_eq!(owner["predictions"], model["quantized"]);
    let without_id = |row: &str| row.rsplit_once(',').unwrap().0.to_owned();
    let kept: Vec<_> = predictions.lines().map(without_id).collect();
    assert_eq!(kept, place.read("plain.csv").lines().collect::<Vec<_>>());

    let lines = place.run(&format!(
        "{predict} --ignore-columns all --keep id --json table.csv"
    ));
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["kept"], serde_json::json!({"id": "r0"}));
}

#[test]
fn bad_cells_and_columns_are_named() {
    let place = trained();
    let server = place.serve("--model parts");
    let predict = |options: &str| {
        place.fail(&format!(
            "predict --server {} --model parts --key key.json --out out.csv {options}",
            server.url
        ))
    };
    assert_snapshot!(predict("table.csv"), @r#"
    error: table.csv: the header has "id", "kind", which the model doesn't take
      hint: leave them out with --ignore-columns and their names, or --ignore-columns all; they aren't sent
    "#);
    assert_snapshot!(predict("--ignore-columns all --keep name table.csv"), @r#"error: table.csv: the header lacks "name", which is to be kept"#);
    place.write("colour.csv", "length,colour\n1,red\n2,violet\n");
    assert_snapshot!(predict("colour.csv"), @r#"error: colour.csv, line 3, column "colour": the model doesn't know "violet"; it knows "blue", "green", "red""#);
    place.write("missing.csv", "length,colour\n1,\n");
    assert_snapshot!(predict("missing.csv"), @r#"error: missing.csv, line 2, column "colour": the value is missing (""), and the model needs one"#);
    place.write("comma.csv", "length;colour\n1,500;red\n");
    assert_snapshot!(predict("comma.csv"), @r#"
    error: comma.csv, line 2, column "length": "1,500" can be read in two ways, with the comma between thousands or as decimal mark
      hint: say which is the decimal mark with --decimal point or --decimal comma
    "#);
    place.write("photo.csv", b"\xff\xd8\xff\xe0");
    assert_snapshot!(predict("photo.csv"), @"error: photo.csv is a JPEG picture; save it as PNG");
    assert!(!place.path("out.csv").exists());
}

#[test]
fn tables_that_teach_nothing_are_refused_with_what_to_do() {
    let place = Place::new();
    place.write("table.csv", table(400));
    assert_snapshot!(place.fail("train --table table.csv --target kind --out parts"), @r#"
    error: more than 100 different texts, too many for categories, are in "id" (320, such as "r0"); leave such columns out
      hint: leave columns out with --ignore-columns
    "#);
    assert_snapshot!(place.fail("train --table table.csv --target sort --out parts"), @r#"error: table.csv has no column "sort"; it has "id", "length", "colour", "kind""#);
    assert_snapshot!(place.fail("train --table table.csv --target id --columns length --out parts"), @r#"
    error: the target "id" has 320 values, more than the 100 that can be classes; tell one value from all others, or take another column
      hint: name the value to distinguish from all others with --positive, or predict a number with --regression
    "#);
    // A row that is held out.
    let violet = table(400).replace("r4,", "r4,7,violet,long\nx,");
    place.write("table.csv", violet);
    let told = place.json(&format!("{TRAIN} --json"));
    let notes: Vec<&str> = told["notes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|n| n.as_str())
        .collect();
    assert_snapshot!(notes.join("\n"), @r#"
    37 cells missing in "length" (37 empty), which count as 50
    1 row held out can't be measured: a class or a category of theirs is in no training row
    "#);
    place.run("inspect parts");
    place.run(&format!("{TRAIN} --force --unknown-category zeros"));
    assert_snapshot!(place.fail("evaluate --table table.csv --target kind --predictions table.csv"), @r"
    error: can't use the predictions in table.csv
      cause: its header isn't that of predictions
      hint: give a file that `veilcast predict` or `veilcast decrypt` wrote
    ");
    assert_snapshot!(place.fail("evaluate --table table.csv --target kind --positive x --model parts"), @r"
    error: no record of the table is of the positive class
      hint: name the value that the target has in such records with --positive
    ");
}

/// A file as a spreadsheet saves it gives the same predictions as the plain one, and every change is
/// told by column.
#[test]
fn a_table_from_a_spreadsheet_is_predicted_and_what_was_done_is_told() {
    let place = trained();
    place.write(
        "plain.csv",
        "length,colour\n1.5,red\n1500,blue\n,green\nNA,red\n",
    );
    place.write(
        "sheet.csv",
        "\u{feff}sep=;\n;length;colour\n0;1,5;red\n1;1.500,0;blue\n2;;green\n3;NA;red\n",
    );
    let server = place.serve("--model parts");
    let predict = format!(
        "predict --server {} --model parts --key key.json",
        server.url
    );
    let plain = place.run(&format!("{predict} plain.csv"));
    let run = place
        .veilcast()
        .args(format!("{predict} --out - sheet.csv").split(' '))
        .assert()
        .success();
    let output = run.get_output();
    assert_eq!(String::from_utf8(output.stdout.clone()).unwrap(), plain);
    let told = String::from_utf8(output.stderr.clone()).unwrap();
    let told: Vec<&str> = told
        .lines()
        .filter(|line| line.starts_with("note: "))
        .collect();
    assert_snapshot!(told.join("\n"), @r#"
    note: sheet.csv: the columns are separated by semicolons
    note: sheet.csv: the decimal marks are commas, and points separate thousands
    note: sheet.csv: left out, since they only count or name the rows: one without a name
    note: 2 missing values were imputed: 1 empty, 1 "NA" in "length"
    note: 1 value outside the range that the model knows was moved to its edge: 1 in "length"
    "#);
    let piped = place
        .veilcast()
        .args(format!("{predict} -").split(' '))
        .write_stdin(place.read("plain.csv"))
        .assert()
        .success();
    assert_eq!(
        String::from_utf8(piped.get_output().stdout.clone()).unwrap(),
        plain
    );
    let told = String::from_utf8(piped.get_output().stderr.clone()).unwrap();
    assert!(told.contains(" of 4 predicted: long"), "{told}");
}

/// What people should know about columns goes into the card.
#[test]
fn columns_have_labels_units_and_descriptions() {
    let place = Place::new();
    place.write("table.csv", table(400));
    place.write(
        "about.csv",
        "column,label,unit,description\nlength,Length,mm,\"Without the head, as delivered\"\ncolour,Colour,,\n",
    );
    place.run(&format!("{TRAIN} --about about.csv"));
    let facts = place.json("inspect --json parts");
    assert_eq!(
        facts["about"]["length"],
        serde_json::json!({"label": "Length", "unit": "mm", "description": "Without the head, as delivered"})
    );
    let shown = place.run("inspect parts");
    assert!(
        shown.contains("length: Length in mm. Without the head, as delivered"),
        "{shown}"
    );
    assert!(
        shown.contains("colour: Colour; blue, green, red, others are refused"),
        "{shown}"
    );
}

#[test]
fn trees_are_grown_and_predict_encrypted_what_they_do_in_the_clear() {
    let place = Place::new();
    place.write("table.csv", table(400));
    let result = place.json(&format!("{TRAIN} --trees --json"));
    assert!(result["auc"]["quantized"].as_f64() > Some(0.95), "{result}");
    let facts = place.json("inspect --json parts");
    assert_eq!(facts["input_bits"], 1);
    let trees = facts["trees"]["trees"].as_u64().unwrap();
    let leaves = facts["trees"]["leaves"].as_u64().unwrap();
    assert_eq!(facts["features"].as_u64(), Some(leaves - trees));
    assert!(
        place
            .run("inspect parts")
            .contains("the leaves' values are private")
    );
    let measured = place.json(
        "evaluate --json --model parts --table table.csv --target kind --encrypted --limit 30",
    );
    assert_eq!(measured["encrypted"]["agreeing"], 30, "{measured}");

    // A record without a length goes its own way; other gaps are refused.
    let server = place.serve("--model parts");
    let predict = format!(
        "predict --server {} --model parts --key key.json --ignore-columns all --out",
        server.url
    );
    place.run(&format!("{predict} out.csv table.csv"));
    place.write("gap.csv", "length,colour\n3,\n");
    let refused = place.fail(&format!("{predict} gap-out.csv gap.csv"));
    assert!(refused.contains("colour"), "{refused}");

    assert_snapshot!(place.fail(&format!("{TRAIN} --force --trees --tree-depth 9")), @"error: the depth of trees is 9; it must be 1 to 8");
    let both = format!("{TRAIN} --force --trees --hidden 4");
    let both = place
        .veilcast()
        .args(both.split_whitespace())
        .assert()
        .code(2);
    let both = String::from_utf8(both.get_output().stderr.clone()).unwrap();
    assert!(both.contains("cannot be used with"), "{both}");
}
