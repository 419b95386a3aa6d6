//! `import`, of files that other tools wrote.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use insta::assert_snapshot;
use serde_json::Value;

use crate::common::Place;
use crate::train::small_mnist;

/// A drawing of 240 × 240 pixels.
const SEVEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/drawings/seven.png");

/// A file that another tool wrote.
fn fixture(name: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/fixtures/onnx");
    PathBuf::from(folder).join(name)
}

/// A place with files that other tools wrote, under their own names.
fn place_with(files: &[&str]) -> Place {
    let place = Place::new();
    for name in files {
        let path = fixture(name);
        fs::copy(
            &path,
            place.path(path.file_name().unwrap().to_str().unwrap()),
        )
        .unwrap();
    }
    place
}

/// What the tool that wrote a file computes with it.
fn expected(name: &str) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let json: Value = serde_json::from_slice(&fs::read(fixture(name)).unwrap()).unwrap();
    let rows = |field: &str| serde_json::from_value(json[field].clone()).unwrap();
    (rows("inputs"), rows("scores"))
}

/// A CSV file of records and, in its last column, what they are.
fn csv(header: &str, rows: &[Vec<f64>]) -> String {
    let mut text = format!("{header}\n");
    for row in rows {
        let cells: Vec<String> = row.iter().map(f64::to_string).collect();
        writeln!(text, "{}", cells.join(",")).unwrap();
    }
    text
}

/// The labels in a file of predictions.
fn labels(predictions: &str) -> Vec<&str> {
    let rows = predictions.lines().skip(1);
    rows.map(|row| row.split(',').nth(1).unwrap()).collect()
}

#[test]
fn a_classifier_of_scikit_learn_predicts_what_it_does_there() {
    let place = place_with(&["sklearn-logistic-softmax.onnx"]);
    let (inputs, scores) = expected("sklearn-logistic-softmax.json");
    let targets: Vec<Vec<f64>> = inputs
        .iter()
        .map(|row| [&row[..], &[0.0]].concat())
        .collect();
    place.write(
        "flowers.csv",
        csv(
            "sepal length,sepal width,petal length,petal width,species",
            &targets,
        ),
    );
    place.write(
        "new.csv",
        csv("petal width,petal length,sepal width,sepal length", &{
            let reversed = inputs.iter().map(|row| row.iter().rev().copied().collect());
            reversed.collect::<Vec<_>>()
        }),
    );

    let import =
        "import sklearn-logistic-softmax.onnx --out iris --name iris --calibration flowers.csv";
    let error = place.fail(import);
    assert_snapshot!(error, @r"
    error: can't import sklearn-logistic-softmax.onnx
      cause: 5 columns are named, but the network takes 4 numbers
      hint: name them in the network's order with --columns, or leave others of the calibration file out with --ignore-columns
    ");
    assert!(!place.path("iris").exists());
    let line = format!("{import} --ignore-columns species");
    let done = place
        .veilcast()
        .args(line.split_whitespace())
        .assert()
        .success();
    let noted = String::from_utf8(done.get_output().stderr.clone()).unwrap();
    assert!(
        noted.starts_with("note: 6 records are few to calibrate with"),
        "{noted}"
    );
    let told = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    assert!(
        told.contains(
            "on 6 calibration records\n  argmax          the same as the network's for 100.00 %"
        ),
        "{told}"
    );
    assert!(told.contains("written by skl2onnx"), "{told}");

    let server = place.serve("--model iris");
    place.run(&format!(
        "predict --server {} --model iris --key key.json --out out.csv new.csv",
        server.url
    ));
    let names = ["setosa", "versicolor", "virginica"];
    let best = scores
        .iter()
        .map(|row| names[(0..3).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap()]);
    assert_eq!(labels(&place.read("out.csv")), best.collect::<Vec<_>>());

    let facts = place.json("inspect iris --json");
    assert_eq!(facts["columns"][3], "petal width");
    assert_eq!(facts["import"]["agreement"], 1.0);
    assert_snapshot!(place.fail(import), @"
    error: iris exists already
      hint: choose another place, or replace it with --force
    ");
}

#[test]
fn columns_labels_and_numbers_can_be_named() {
    let place = place_with(&["sklearn-linear-regression-float64.onnx"]);
    let (inputs, _) = expected("sklearn-linear-regression-float64.json");
    place.write("rows.csv", csv("x,y,z", &inputs));
    place.write("labels.txt", "weight\nwaist\npulse\n");
    let import =
        "import sklearn-linear-regression-float64.onnx --calibration rows.csv --force --out body";
    let options =
        "--columns x,y,z --labels labels.txt --unit kg,cm,1/min --weight-bits 8 --input-bits 8";
    place.run(&format!(
        "{import} {options} --model-version 7 --description Measures."
    ));
    let facts = place.json("inspect body --json");
    assert_eq!(
        facts["labels"],
        serde_json::json!(["weight", "waist", "pulse"])
    );
    assert_eq!(facts["units"], serde_json::json!(["kg", "cm", "1/min"]));
    assert_eq!(
        (&facts["version"], &facts["description"]),
        (&"7".into(), &"Measures.".into())
    );
    // Without units none are made up.
    place.run(&format!("{import} --weight-bits 8 --input-bits 8"));
    let facts = place.json("inspect body --json");
    assert!(facts["units"].is_null(), "{facts}");
    assert!(facts["import"]["agreement"].is_null(), "{facts}");
    assert_snapshot!(place.fail(&format!("{import} --labels a,b")), @r"
    error: can't import sklearn-linear-regression-float64.onnx
      cause: 2 labels are given, but 3 are needed
      hint: give as many with --labels, of two classes the positive one last
    ");
    assert_snapshot!(place.fail(&format!("{import} --columns a,b")), @r"
    error: can't import sklearn-linear-regression-float64.onnx
      cause: 2 columns are named, but the network takes 3 numbers
      hint: name them in the network's order with --columns, or leave others of the calibration file out with --ignore-columns
    ");
    assert_snapshot!(place.fail(&format!("{import} --fit mnist")), @r"
    error: can't import sklearn-linear-regression-float64.onnx
      cause: pictures are to be fitted, but the network takes a table's rows
    ");
    assert_snapshot!(place.fail(&format!("{import} --columns a,b,c")), @r#"error: rows.csv: the header lacks "a", "b", "c""#);
    assert_snapshot!(place.fail(&format!("{import} --activation softmax --threshold 0.4")), @r"
    error: can't import sklearn-linear-regression-float64.onnx
      cause: the output: a threshold is for a single sigmoid output
    ");
}

#[test]
fn images_need_no_calibration() {
    let place = place_with(&["pytorch-conv-1x28x28-opset18.onnx"]);
    small_mnist(&place.path("small"), 10, 20);
    let import = "import pytorch-conv-1x28x28-opset18.onnx --out digits --input-bits 4 --fit mnist";
    let told = place.run(import);
    assert!(told.contains("on 1000 random records"), "{told}");
    let calibrated = format!("{import} --force --calibration small/t10k-images-idx3-ubyte");
    let told = place.run(&format!("{calibrated} --mean 0.1307 --std 0.3081"));
    assert!(told.contains("on 20 calibration records"), "{told}");
    assert_snapshot!(place.fail(&format!("{calibrated} --mean 0.1,0.2 --std 0.3")), @r"
    error: can't import pytorch-conv-1x28x28-opset18.onnx
      cause: the normalisation: mean has 2 numbers; images of this shape take 1
    ");
    let server = place.serve("--model digits");
    let predict = format!(
        "predict --server {} --model pytorch-conv-1x28x28-opset18 --key key.json",
        server.url
    );
    place.run(&format!(
        "{predict} --out out.csv small/t10k-images-idx3-ubyte {SEVEN}"
    ));
    assert_eq!(labels(&place.read("out.csv")).len(), 21);
}

#[test]
fn a_network_that_is_not_affine_is_split() {
    let place = place_with(&["split/pytorch-relu-conv-opset18.onnx"]);
    small_mnist(&place.path("small"), 10, 40);
    let file = "pytorch-relu-conv-opset18.onnx --name hybrid --out hybrid";
    let import = format!("import {file} --calibration small/t10k-images-idx3-ubyte");
    assert_snapshot!(place.fail(&import), @r#"
    error: can't import pytorch-relu-conv-opset18.onnx
      cause: it isn't affine: the first node that isn't is "node_relu" (Relu)
      hint: train the network with the identity in that place, or make the part up to its last node that isn't affine public with --split auto (or --split-at NODE)
    "#);
    assert_snapshot!(place.fail(&format!("{import} --split-at nowhere")), @r#"
    error: can't import pytorch-relu-conv-opset18.onnx
      cause: it can't be split: it has no node "nowhere"
    "#);
    assert_snapshot!(place.fail(&format!("import {file} --split auto")), @r"
    error: can't import pytorch-relu-conv-opset18.onnx
      cause: what values the public part's features have is only known from records
      hint: give records such as the model will be given, with --calibration
    ");
    assert!(!place.path("hybrid").exists());

    let told = place.run(&format!("{import} --split auto"));
    assert!(told.contains("public part     up to "), "{told}");
    assert!(place.path("hybrid/public.onnx").exists());
    let server = place.serve("--model hybrid");
    let predict = format!(
        "predict --server {} --model hybrid --key key.json",
        server.url
    );
    place.run(&format!(
        "{predict} --out out.csv small/t10k-images-idx3-ubyte"
    ));
    let evaluated = place.json("evaluate --json --model hybrid --data small");
    assert_eq!(evaluated["records"], 40, "{evaluated}");
    assert_eq!(labels(&place.read("out.csv")).len(), 40);
}

#[test]
fn files_that_are_no_networks_are_refused() {
    let place = place_with(&[
        "refused/truncated.onnx",
        "refused/two-inputs.onnx",
        "refused/tanh.onnx",
    ]);
    place.write("text.onnx", "a text");
    assert_snapshot!(place.fail("import nowhere.onnx --out model2"), @r"
    error: can't read nowhere.onnx
      cause: No such file or directory (os error 2)
    ");
    assert_snapshot!(place.fail("import text.onnx --out model2"), @r"
    error: can't import text.onnx
      cause: it isn't a whole ONNX file: its bytes aren't fields of a message; was it cut short?
    ");
    assert_snapshot!(place.fail("import truncated.onnx --out model2"), @r"
    error: can't import truncated.onnx
      cause: it isn't a whole ONNX file: it ends within a field; was it cut short?
    ");
    assert_snapshot!(place.fail("import two-inputs.onnx --out model2"), @r"
    error: can't import two-inputs.onnx
      cause: it takes 2 tensors (x, z); it must take a single one, with a record's numbers
      hint: export the network with one input; a scikit-learn pipeline may have one for each column
    ");
    assert_snapshot!(place.fail("import tanh.onnx --out model2"), @r#"
    error: can't import tanh.onnx
      cause: it isn't affine: the first node that isn't is "activation" (Tanh)
      hint: train the network with the identity in that place, or make the part up to its last node that isn't affine public with --split auto (or --split-at NODE)
    "#);
    assert!(!place.path("model2").exists());
}
