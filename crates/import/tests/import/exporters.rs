//! Files as exporters write them, after public reports: what is imported predicts what onnxruntime
//! computes, and the rest is refused with its reason and what to do.

use std::fs;

use prost::Message as _;
use serde_json::Value;
use veilcast_card::{Activation, Cell, InputBits, InputKind, Prediction, RawRecord, WeightBits};
use veilcast_engine::Paillier;
use veilcast_import::{Import, ImportError, ImportOptions};
use veilcast_model::Model;
use veilcast_onnx::pb::ModelProto;

use crate::common;
use crate::common::fixture;

/// A file that is imported: the output to choose, if one must be; the one that it is compared with;
/// and the final function.
const IMPORTED: [(&str, Option<&str>, &str, Activation); 15] = [
    ("ovr-multilabel", None, "probabilities", Activation::Sigmoid),
    (
        "skl-sgdlog3",
        None,
        "output_probability",
        Activation::NormalizedSigmoid,
    ),
    (
        "skl-ovr3",
        None,
        "output_probability",
        Activation::NormalizedSigmoid,
    ),
    ("ovr-linsvc3", None, "output_label", Activation::None),
    ("skl-mnb", None, "output_probability", Activation::Softmax),
    ("skl-mnb", None, "output_label", Activation::Softmax),
    ("skl-svclinear2", None, "output_label", Activation::None),
    ("skl-svrlinear", None, "variable", Activation::None),
    ("skl-poisson", None, "variable", Activation::Exp),
    (
        "skl-calib1",
        None,
        "output_probability",
        Activation::Sigmoid,
    ),
    (
        "binary-one-row-multiclass1",
        None,
        "scores",
        Activation::Sigmoid,
    ),
    ("mlnet", None, "Probability.output", Activation::Sigmoid),
    ("mlnet3", None, "Probability", Activation::Sigmoid),
    ("mlnet3", Some("Score"), "Score", Activation::None),
    (
        "mlnet3",
        Some("Probability"),
        "Probability",
        Activation::Sigmoid,
    ),
];

/// What is said of each file that can't be used.
const REFUSED: [(&str, &str); 9] = [
    (
        "linear-regressor-12-coefficients-for-2-inputs",
        "is of length 12, but must be of 6, for 3 targets of 2 numbers",
    ),
    (
        "batch-of-3-mixed",
        "it was exported for a batch of 3 records, and doesn't treat each of them in the same way",
    ),
    (
        "int-then-float-columns",
        "declare all columns as floats when exporting (FloatTensorType)",
    ),
    (
        "all-int64",
        "the file declares the column \"ratio\" as whole numbers, and a record holds 0.",
    ),
    (
        "skl-ovo",
        "it isn't affine: the first node that isn't is \"",
    ),
    (
        "ovr-linsvc2",
        "aren't probabilities, so that its labels aren't those of scikit-learn",
    ),
    (
        "skl-power",
        "it isn't affine: the first node that isn't is \"",
    ),
    (
        "only-softmax",
        "it holds no network: it is nothing but Softmax of its input",
    ),
    (
        "skl-svclinear2-rbf",
        "has the kernel RBF, which isn't affine",
    ),
];

/// The file of a case, and what onnxruntime computes.
fn case(name: &str) -> (Vec<u8>, Value) {
    let name = name.strip_suffix("-rbf").unwrap_or(name);
    let path = fixture(&format!("onnx/cases/{name}.onnx"));
    let json = fs::read(path.with_extension("json"));
    let json = json.map_or(Value::Null, |json| serde_json::from_slice(&json).unwrap());
    (fs::read(path).unwrap(), json)
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    serde_json::from_value(value.clone()).unwrap_or_default()
}

/// The records of a case with the columns that a model takes, in its order.
fn records(input: &veilcast_card::Input, case: &Value) -> Vec<RawRecord<'static>> {
    let columns: Vec<String> = serde_json::from_value(case["columns"].clone()).unwrap_or_default();
    let names = input.features.clone().unwrap_or_default();
    let place = |name| columns.iter().position(|column| column == name);
    let places: Vec<usize> = names.iter().filter_map(place).collect();
    let record = |row: &Vec<f64>| {
        let cells = places.iter().map(|&place| Cell::Number(row[place]));
        RawRecord::from(cells.collect::<Vec<Cell>>())
    };
    rows(&case["inputs"]).iter().map(record).collect()
}

fn build(
    name: &str,
    output: Option<&str>,
) -> Result<(Model, Vec<RawRecord<'static>>), ImportError> {
    let (mut bytes, case) = case(name);
    if name.ends_with("-rbf") {
        let mut file = ModelProto::decode(&*bytes).unwrap();
        let nodes = &mut file.graph.as_mut().unwrap().node;
        let mut attributes = nodes.iter_mut().flat_map(|node| &mut node.attribute);
        let kernel = attributes
            .find(|found| found.name == "kernel_type")
            .unwrap();
        kernel.s = b"RBF".to_vec();
        bytes = file.encode_to_vec();
    }
    let columns = serde_json::from_value(case["columns"].clone()).unwrap_or_default();
    let options = ImportOptions {
        kind: Some(InputKind::Table),
        header: Some(columns).filter(|columns: &Vec<String>| !columns.is_empty()),
        output: output.map(str::to_owned),
        input_bits: Some(InputBits::of::<12>()),
        weight_bits: Some(WeightBits::of::<12>()),
        ..ImportOptions::default()
    };
    let import = Import::open(&bytes, options)?;
    let records = records(import.input(), &case);
    let model = import.build(&records, &Paillier, &mut |_| {})?;
    Ok((model, records))
}

#[test]
fn what_exporters_write_is_imported_as_what_it_computes() {
    for (name, output, compared, activation) in IMPORTED {
        let (model, records) =
            build(name, output).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(model.card().output().activation, activation, "{name}");
        let (_, case) = case(name);
        let expected = rows(&case["outputs"][compared]);
        assert_eq!(expected.len(), records.len(), "{name}");
        let largest = expected.iter().flatten();
        let largest = largest.fold(1e-9, |top: f64, value| top.max(value.abs()));
        for (record, expected) in records.iter().zip(&expected) {
            let features = common::encoder(&model).features(record).unwrap().features;
            let found = match model.predict_float(&features).unwrap() {
                Prediction::Class(class) if compared.ends_with("label") => {
                    vec![class.label.parse().unwrap()]
                }
                Prediction::Class(class) => class.probabilities.unwrap_or(class.scores),
                Prediction::Quantities(values) => values,
            };
            // A single column is the second class's.
            let found = &found[found.len() - expected.len()..];
            for (found, expected) in found.iter().zip(expected) {
                let apart = (found - expected).abs();
                assert!(apart <= 2e-4 * largest, "{name}: {found} is not {expected}");
            }
        }
    }
}

#[test]
fn the_rest_is_refused_with_its_reason() {
    for (name, problem) in REFUSED {
        let error = match build(name, None) {
            Ok(_) => panic!("{name} is imported"),
            Err(error) => error.to_string(),
        };
        assert!(error.contains(problem), "{name}: {error}");
        for word in ["rule", "inputs[", "Val(", "Building node", "Applying"] {
            assert!(!error.contains(word), "{name}: {error}");
        }
    }
}

#[test]
fn batches_of_a_fixed_size_are_imported() {
    for name in ["fixed4-reshape-const", "fixed4-reshape-minus1"] {
        let (bytes, _) = case(name);
        for kind in [InputKind::Table, InputKind::Array] {
            let options = ImportOptions {
                kind: Some(kind),
                ..ImportOptions::default()
            };
            let import = Import::open(&bytes, options).unwrap();
            let map = import.collapse().unwrap();
            assert_eq!((map.inputs(), map.outputs()), (12, 10), "{name}");
            // y = x·Wᵀ + B, by the file's first numbers.
            assert!((map.row(0)[0] - -0.160_386_28).abs() < 1e-6, "{name}");
            assert!((map.biases()[0] - 0.375_129_22).abs() < 1e-6, "{name}");
        }
    }
}

/// Of margins divided by their sum nobody could tell a class, so only the labels are imported, and what
/// isn't is said.
#[test]
fn outputs_that_are_not_imported_are_named() {
    for (name, output, others) in [
        ("ovr-linsvc3", None, vec!["output_probability"]),
        ("ovr-multilabel", None, vec!["label"]),
        ("skl-ovr3", None, vec![]),
        ("mlnet3", Some("Probability"), vec![]),
    ] {
        let (model, _) = build(name, output).unwrap();
        let report = model.report().unwrap().import.clone().unwrap();
        assert_eq!(report.other_outputs, others, "{name}");
    }
    let error = build("ovr-linsvc3", Some("output_probability")).unwrap_err();
    assert!(error.to_string().ends_with("(Div)"), "{error}");
}
