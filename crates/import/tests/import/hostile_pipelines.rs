//! Pipelines whose files were tampered with: an error says what is wrong, and nothing panics.

use std::fs;

use prost::Message as _;
use veilcast_import::{Import, ImportOptions};
use veilcast_onnx::pb::{AttributeProto, ModelProto, NodeProto};

use crate::common;
use crate::common::{name, onnx_files};

/// What becomes of a pipeline that is changed.
fn import(name: &str, change: impl FnOnce(&mut ModelProto)) -> Result<(), String> {
    let bytes = fs::read(common::fixture(&format!("onnx/{name}.onnx"))).unwrap();
    let mut model = ModelProto::decode(bytes.as_slice()).unwrap();
    change(&mut model);
    let import = Import::open(&model.encode_to_vec(), ImportOptions::default());
    let map = import.and_then(|import| import.collapse());
    map.map(|_| ()).map_err(|error| error.to_string())
}

fn nodes(model: &mut ModelProto) -> &mut Vec<NodeProto> {
    &mut model.graph.as_mut().unwrap().node
}

/// An attribute of the first node with this operator.
fn attribute<'a>(
    model: &'a mut ModelProto,
    operator: &str,
    attribute: &str,
) -> &'a mut AttributeProto {
    let node = nodes(model).iter_mut().find(|n| n.op_type == operator);
    let mut attributes = node.unwrap().attribute.iter_mut();
    attributes.find(|found| found.name == attribute).unwrap()
}

#[test]
fn the_error_names_the_node_and_the_way_out() {
    type Change = fn(&mut ModelProto);
    let cases: [(&str, Change, &str); 10] = [
        (
            "pipeline-texts",
            |m| {
                let texts = &mut attribute(m, "OneHotEncoder", "cats_strings").strings;
                texts[1] = [b" ", texts[0].as_slice(), b"\t"].concat();
            },
            "(OneHotEncoder) names the category \"f\" twice, spaces at its ends aside; make them one",
        ),
        (
            "pipeline-texts",
            |m| {
                attribute(m, "OneHotEncoder", "cats_strings")
                    .strings
                    .clear()
            },
            "(OneHotEncoder) knows no categories of texts or whole numbers; declare the column as",
        ),
        (
            "pipeline-texts",
            |m| attribute(m, "OneHotEncoder", "cats_strings").strings[0] = vec![0xff],
            "(OneHotEncoder) knows no categories",
        ),
        (
            "pipeline-texts",
            |m| attribute(m, "OneHotEncoder", "cats_strings").strings[0] = vec![b'x'; 300],
            "longer than 256 bytes",
        ),
        (
            "pipeline-ordinal",
            |m| {
                attribute(m, "LabelEncoder", "values_int64s")
                    .ints
                    .truncate(2)
            },
            "(LabelEncoder) is of length 2, but must be of 3, one for each key; export the network again",
        ),
        (
            "pipeline-passed-through",
            |m| {
                attribute(m, "Scaler", "offset").floats.push(1.0);
                attribute(m, "Scaler", "scale").floats.push(1.0);
            },
            "(Scaler) has 3 offsets or scales for 2 columns; export the pipeline again",
        ),
        (
            "pipeline-passed-through",
            |m| {
                attribute(m, "Scaler", "offset").floats.fill(3e38);
                attribute(m, "Scaler", "scale").floats.fill(3e38);
            },
            "(Scaler) scales numbers beyond what floats of 32 bits hold; scale by less",
        ),
        (
            "pipeline-passed-through",
            |m| attribute(m, "Scaler", "scale").floats[0] = f32::NAN,
            "holds NaN; every weight must be finite",
        ),
        (
            "pipeline-imputed",
            |m| {
                let numbers = &mut attribute(m, "Imputer", "imputed_value_floats").floats;
                numbers.clear();
            },
            "(Imputer) has 0 numbers for 2 columns; export the pipeline again",
        ),
        (
            "pipeline-tensor",
            |m| {
                let constants = &mut m.graph.as_mut().unwrap().initializer;
                let columns = constants.iter_mut().find(|c| c.name == "column_indices");
                let columns = columns.unwrap();
                columns.raw_data = [2, 7].map(i64::to_le_bytes).concat();
                columns.int64_data.clear();
            },
            "(ArrayFeatureExtractor) selects others than the 3 columns it is given; export the pipeline again",
        ),
    ];
    for (index, (name, change, problem)) in cases.into_iter().enumerate() {
        let error = import(name, change).unwrap_err();
        assert!(error.contains(problem), "{index}, {name}: {error}");
    }
}

#[test]
fn columns_have_names_that_a_table_can_have() {
    let twice = ["x", "y", "x"].map(str::to_owned).to_vec();
    let bytes = fs::read(common::fixture("onnx/pipeline-tensor.onnx")).unwrap();
    let options = ImportOptions {
        columns: Some(twice),
        ..ImportOptions::default()
    };
    let error = Import::open(&bytes, options).unwrap_err().to_string();
    assert!(error.contains("\"x\" is listed twice"), "{error}");
}

/// Ways to tamper with an attribute.
fn tamper(attribute: &mut AttributeProto, way: usize) {
    let AttributeProto {
        i,
        floats,
        ints,
        strings,
        ..
    } = attribute;
    match way {
        0 => {
            floats.clear();
            ints.clear();
            strings.clear();
            *i = -1;
        }
        1 => {
            floats.extend_from_within(..);
            ints.extend_from_within(..);
            strings.extend_from_within(..);
            *i = i64::MAX;
        }
        2 => {
            floats.pop();
            ints.pop();
            strings.pop();
            *i = i64::MIN;
        }
        3 => {
            floats.fill(f32::MAX);
            ints.fill(i64::MAX);
            strings.fill(vec![0xff, 0xfe]);
            *i = 7;
        }
        4 => {
            floats.fill(0.0);
            ints.fill(i64::MIN);
            strings.fill(vec![]);
            *i = 0;
        }
        _ => {
            floats.fill(f32::MIN_POSITIVE / 4.0);
            ints.reverse();
            strings.reverse();
            attribute.name.clear();
        }
    }
}
const WAYS: usize = 6;

/// Every attribute and every constant of every pipeline is tampered with, and every edge is moved:
/// whatever is said of that, it isn't a panic.
#[test]
fn nothing_panics() {
    let mut tried = 0;
    for path in onnx_files("onnx") {
        let name = name(&path);
        if !name.starts_with("pipeline") {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let sound = ModelProto::decode(bytes.as_slice()).unwrap();
        let graph = sound.graph.as_ref().unwrap();
        let mut tampered: Vec<ModelProto> = Vec::new();
        let mut with = |change: &dyn Fn(&mut ModelProto)| {
            let mut model = sound.clone();
            change(&mut model);
            tampered.push(model);
        };
        for (index, node) in graph.node.iter().enumerate() {
            for attribute in 0..node.attribute.len() {
                for way in 0..WAYS {
                    with(&|m| tamper(&mut nodes(m)[index].attribute[attribute], way));
                }
            }
            for input in 0..node.input.len() {
                for value in graph.input.iter().map(|input| &input.name) {
                    with(&|m| nodes(m)[index].input[input].clone_from(value));
                }
                with(&|m| drop(nodes(m)[index].input.remove(input)));
            }
            with(&|m| nodes(m)[index].output.push("another".to_owned()));
            with(&|m| nodes(m)[index].output.clear());
        }
        for constant in 0..graph.initializer.len() {
            for number in [i64::MAX, i64::MIN, -1] {
                with(&|m| {
                    let tensor = &mut m.graph.as_mut().unwrap().initializer[constant];
                    let raw = tensor.raw_data.len() / 8;
                    tensor.raw_data = number.to_le_bytes().repeat(raw);
                    tensor.int64_data.fill(number);
                });
            }
            with(&|m| {
                let tensor = &mut m.graph.as_mut().unwrap().initializer[constant];
                tensor.dims = vec![0];
                tensor.raw_data.clear();
                tensor.int64_data.clear();
                tensor.float_data.clear();
            });
        }
        for model in tampered {
            let import = Import::open(&model.encode_to_vec(), ImportOptions::default());
            if let Err(error) = import.and_then(|import| import.collapse()) {
                assert!(!error.to_string().is_empty());
            }
            tried += 1;
        }
    }
    assert!(tried > 1000, "{tried}");
}
