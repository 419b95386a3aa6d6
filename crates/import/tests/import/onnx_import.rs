//! Networks in ONNX files that other tools wrote: collapsed, they give what those tools compute.

use std::fs;
use std::path::PathBuf;

use prost::Message as _;
use serde::Deserialize;
use serde_json::Value;
use veilcast_card::{
    Activation, Card, InputBits, InputKind, Prediction, RawRecord, Task, WeightBits, chain,
};
use veilcast_engine::Paillier;
use veilcast_import::{Import, ImportOptions, Split};
use veilcast_onnx::pb::ModelProto;

use crate::common;
use crate::common::{name, onnx_files};

/// What the tool that made a file computes.
#[derive(Deserialize)]
struct Expected {
    inputs: Vec<Vec<Option<f64>>>,
    scores: Vec<Vec<f64>>,
    activation: Activation,
    labels: Vec<String>,
}

/// The files that don't prepare a table's columns themselves, with what they must compute.
fn good() -> Vec<(PathBuf, Expected)> {
    let cases = onnx_files("onnx").into_iter().filter_map(|path| {
        let json = fs::read(path.with_extension("json")).unwrap();
        let value: Value = serde_json::from_slice(&json).unwrap();
        let scaled = ["sklearn-linear-svc", "sklearn-mlp", "sklearn-scaler"];
        let prepares = scaled.iter().any(|start| name(&path).starts_with(start));
        let prepares = prepares || value.get("columns").is_some();
        (!prepares).then(|| (path, serde_json::from_value(value).unwrap()))
    });
    cases.collect()
}

/// The same image with its colours at each pixel, not plane by plane.
fn colours_last(planes: &[f64]) -> Vec<f64> {
    let pixels = planes.len() / 3;
    let pixel = |index: usize| [0, 1, 2].map(|colour| planes[colour * pixels + index]);
    (0..pixels).flat_map(pixel).collect()
}

#[test]
fn collapsed_maps_give_the_tools_scores() {
    let cases = good();
    assert!(cases.len() >= 25, "{} files", cases.len());
    for (path, expected) in cases {
        let name = name(&path);
        let options = ImportOptions::default();
        let import = Import::open(&fs::read(&path).unwrap(), options);
        let import = import.unwrap_or_else(|error| panic!("{name}: {error}"));
        let map = import.collapse();
        let map = map.unwrap_or_else(|error| panic!("{name}: {error}"));
        let largest = expected.scores.iter().flatten();
        let largest = largest.fold(0.0, |top: f64, score| top.max(score.abs()));
        for (input, scores) in expected.inputs.iter().zip(&expected.scores) {
            let mut features: Vec<f64> = input.iter().map(|cell| cell.unwrap()).collect();
            if import.input().shape.len() == 3 && !name.starts_with("keras") {
                features = colours_last(&features);
            }
            let found = map.evaluate(&features).unwrap();
            // Of two opposite scores some files' JSON has the second alone.
            let found = &found[found.len() - scores.len()..];
            for (found, score) in found.iter().zip(scores) {
                let apart = (found - score).abs();
                assert!(apart <= 1e-4 * largest, "{name}: {found} is not {score}");
            }
        }
    }
}

#[test]
fn models_predict_with_the_files_labels_and_final_function() {
    for (path, expected) in good() {
        let name = name(&path);
        let kind = Some(InputKind::Table);
        // No search: that is tried elsewhere.
        let options = ImportOptions {
            kind,
            input_bits: Some(InputBits::of::<8>()),
            weight_bits: Some(WeightBits::of::<8>()),
            ..ImportOptions::default()
        };
        if expected.inputs[0].len() > 100 {
            continue;
        }
        let import = Import::open(&fs::read(&path).unwrap(), options).unwrap();
        let inputs = expected.inputs.iter();
        let inputs: Vec<Vec<f64>> = inputs
            .map(|input| input.iter().map(|cell| cell.unwrap()).collect())
            .collect();
        let raw: Vec<RawRecord<'_>> = inputs.iter().map(RawRecord::from).collect();
        let model = import.build(&raw, &Paillier, &mut |_| {});
        let model = model.unwrap_or_else(|error| panic!("{name}: {error}"));
        let output = model.card().output();
        let two = expected.scores[0].len() <= 2 && output.labels.len() == 2;
        let activation = match (expected.activation, two) {
            // Two classes take one score.
            (Activation::Softmax, true) => Activation::Sigmoid,
            (activation, _) => activation,
        };
        assert_eq!(output.activation, activation, "{name}");
        if !expected.labels.is_empty() {
            assert_eq!(output.labels, expected.labels, "{name}");
        }
        let report = model.report().unwrap().import.as_ref().unwrap();
        assert!(report.deviation <= 1e-4, "{name}: {}", report.deviation);
        assert!(report.rounding < 0.1, "{name}: {}", report.rounding);
        assert_eq!(report.producer, report.producer.trim(), "{name}");
        assert_eq!(report.records, inputs.len());
        for (record, scores) in raw.iter().zip(&expected.scores) {
            let features = common::encoder(&model).features(record).unwrap().features;
            let predicted = model.predict_float(&features).unwrap();
            let expected = match (scores.as_slice(), model.card().task()) {
                (_, Task::Quantities) => None,
                ([score], Task::Classes | Task::Probability) => Some(usize::from(*score > 0.0)),
                (scores, Task::Classes | Task::Probability) => {
                    (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]))
                }
            };
            let predicted = predicted.class().map(|class| class.index);
            assert_eq!(predicted, expected, "{name}");
        }
    }
}

/// Whether a public part has no weights but those of its own nodes: all others are private.
fn holds_what_it_needs_alone(public: &[u8]) -> bool {
    let graph = ModelProto::decode(public).unwrap().graph.unwrap();
    let is_taken = |name: &String| graph.node.iter().any(|node| node.input.contains(name));
    let results = graph.output.iter().map(|output| &output.name);
    let is_needed = |name| is_taken(name) || results.clone().any(|result| result == name);
    graph
        .initializer
        .iter()
        .all(|tensor| is_taken(&tensor.name))
        && graph
            .node
            .iter()
            .all(|node| node.output.iter().any(is_needed))
}

#[test]
fn a_public_part_that_clients_would_refuse_is_not_made() {
    for path in onnx_files("onnx/split") {
        let mut network = ModelProto::decode(&*fs::read(&path).unwrap()).unwrap();
        for set in &mut network.opset_import {
            set.domain = "of.another".to_owned();
        }
        let options = ImportOptions {
            split: Some(Split::Auto),
            pixel_factor: 1.0,
            ..ImportOptions::default()
        };
        let import = Import::open(&network.encode_to_vec(), options).unwrap();
        let record = vec![0.5; import.input().raw_features()];
        let error = import.build(&[(&record).into()], &Paillier, &mut |_| {});
        let error = chain(&error.unwrap_err());
        let expected = "it doesn't say of which version ONNX's operators are";
        assert!(error.contains(expected), "{}: {error}", name(&path));
    }
}

#[test]
fn networks_that_are_not_affine_are_split() {
    for path in onnx_files("onnx/split") {
        let name = name(&path);
        let json: Value =
            serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap()).unwrap();
        let node = |field: &str| json[field].as_str().unwrap().to_owned();
        let (first, last) = (node("first_not_affine"), node("last_not_affine"));
        let expected: Expected = serde_json::from_value(json).unwrap();
        let import = |split| {
            let options = ImportOptions {
                split,
                pixel_factor: 1.0,
                input_bits: Some(InputBits::of::<12>()),
                weight_bits: Some(WeightBits::of::<12>()),
                ..ImportOptions::default()
            };
            let inputs = expected.inputs.iter();
            let inputs: Vec<Vec<f64>> = inputs
                .map(|input| input.iter().map(|cell| cell.unwrap()).collect())
                .collect();
            let raw: Vec<RawRecord<'_>> = inputs.iter().map(RawRecord::from).collect();
            let import = Import::open(&fs::read(&path).unwrap(), options).unwrap();
            let model = import.build(&raw, &Paillier, &mut |_| {})?;
            Ok::<_, veilcast_import::ImportError>((model, inputs))
        };
        let error = import(None).unwrap_err().to_string();
        assert!(
            error.contains(&format!("the first node that isn't is {first:?} (")),
            "{error}"
        );

        let automatic = import(Some(Split::Auto));
        let at_last = import(Some(Split::At(last.clone())));
        let largest = expected.scores.iter().flatten();
        let largest = largest.fold(0.0, |top: f64, score| top.max(score.abs()));
        for split in [automatic, at_last] {
            let (model, inputs) = split.unwrap_or_else(|error| panic!("{name}: {error}"));
            let report = model.report().unwrap().import.clone().unwrap();
            assert_eq!(report.split_at.as_deref(), Some(last.as_str()), "{name}");
            let part = model.card().public_part().unwrap();
            assert!(part.description.contains(&last), "{}", part.description);
            assert!(holds_what_it_needs_alone(model.public_part().unwrap()));
            let encoder = common::encoder(&model);
            for (input, scores) in inputs.iter().zip(&expected.scores) {
                let features = encoder.features(input).unwrap().features;
                let found = model.predict_float(&features).unwrap();
                let found = found.scores();
                // Of softmax only differences count.
                let shift = scores[0] - found[0];
                let quantity = if scores.len() == 1 { 0.0 } else { shift };
                for (found, score) in found.iter().zip(scores) {
                    let apart = (found + quantity - score).abs();
                    assert!(apart <= 1e-4 * largest, "{name}: {found} is not {score}");
                }
                let quantized = encoder.quantize(input).unwrap();
                let by_integers = model.predict(&quantized).unwrap();
                let apart = (by_integers.scores()[0] - found[0]).abs();
                assert!(apart <= 0.01 * largest, "{name}: {apart}");
            }
        }
        let error = import(Some(Split::At(first.clone())));
        if first != last {
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with("it isn't affine"), "{error}");
        }
        let error = import(Some(Split::At("nowhere".to_owned()))).unwrap_err();
        assert!(
            error.to_string().contains(r#"no node "nowhere""#),
            "{error}"
        );
    }
}

#[test]
fn several_quantities_of_scikit_learn_are_no_classes() {
    for (file, outputs) in [
        ("sklearn-linear-regression-float64", 3),
        ("sklearn-scaler-ridge-three-outputs", 3),
        ("sklearn-ridge", 1),
    ] {
        let bytes = fs::read(common::fixture(&format!("onnx/{file}.onnx"))).unwrap();
        let import = Import::open(&bytes, ImportOptions::default()).unwrap();
        let raw = vec![10.0; import.input().raw_features()];
        let raw: Vec<Vec<f64>> = (0..20)
            .map(|row| raw.iter().map(|x| x * f64::from(row)).collect())
            .collect();
        let raw: Vec<RawRecord<'_>> = raw.iter().map(RawRecord::from).collect();
        let model = import.build(&raw, &Paillier, &mut |_| {}).unwrap();
        let card = model.card();
        assert_eq!(card.task(), Task::Quantities, "{file}");
        // No unit is made up: where several quantities have none, the card says what they are.
        let said = (outputs > 1).then_some(Task::Quantities);
        let output = card.output();
        assert_eq!((&output.units, output.task), (&None, said), "{file}");
        assert_eq!(
            model.report().unwrap().import.as_ref().unwrap().agreement,
            None
        );
        // Clients read the same from the card's bytes, and take no value for a class.
        let read = Card::parse(card.json()).unwrap();
        let integers: Vec<i64> = (1..).take(outputs).collect();
        let values = integers.iter().zip(&output.scales);
        let values = values.map(|(&integer, scale)| integer as f64 * scale);
        let expected = Prediction::Quantities(values.collect());
        assert_eq!(read.predict(&integers), Ok(expected), "{file}");
    }
    // Classifiers may give raw scores, and only those of their scores that are asked for.
    for (file, output) in [
        ("sklearn-logistic-raw-scores", None),
        ("sklearn-logistic-columns", Some("sversicolor")),
    ] {
        let bytes = fs::read(common::fixture(&format!("onnx/{file}.onnx"))).unwrap();
        let options = ImportOptions {
            output: output.map(str::to_owned),
            ..ImportOptions::default()
        };
        let import = Import::open(&bytes, options).unwrap();
        let rows: Vec<Vec<f64>> = (0..20).map(|row| vec![f64::from(row); 4]).collect();
        let raw: Vec<RawRecord<'_>> = rows.iter().map(RawRecord::from).collect();
        let model = import.build(&raw, &Paillier, &mut |_| {}).unwrap();
        let card = model.card();
        assert_eq!((card.task(), card.outputs()), (Task::Classes, 3), "{file}");
        assert_eq!(card.output().task, None, "{file}");
    }
}
