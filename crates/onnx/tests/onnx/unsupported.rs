//! Unsupported networks are distinguished from malformed ones.

use prost::Message as _;
use veilcast_onnx::pb::tensor_proto::DataType;
use veilcast_onnx::pb::tensor_shape_proto::dimension::Value::DimParam;
use veilcast_onnx::pb::type_proto::Value::TensorType;
use veilcast_onnx::pb::{
    AttributeProto, FunctionProto, ModelProto, SparseTensorProto, TensorProto,
};
use veilcast_onnx::{InterpretError, Interpreter};

use crate::common::refusal::{refused, too_large, unsupported};
use crate::common::{
    fixtures, float, floats, integer, integers, network, node, onnx_files, single, text, whole,
};

fn relu() -> ModelProto {
    single(&[1, 4], "Relu", &["x"], vec![], vec![])
}

#[test]
fn hostile_files_are_refused() {
    // Nothing is wrong with these but that they aren't affine, or don't say enough for an import.
    let fine = [
        "clip-at-ten",
        "maxpool",
        "overflows",
        "product-of-inputs",
        "relu",
        "tanh",
        "unknown-number-of-features",
    ];
    let mut refused = 0;
    for path in onnx_files(&fixtures().join("refused")) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let Ok(model) = ModelProto::decode(&*std::fs::read(&path).unwrap()) else {
            continue;
        };
        for shape in [
            &[1, 4][..],
            &[4],
            &[1, 1, 2, 2],
            &[1, 1, 4, 4],
            &[1, 1, 8, 8],
        ] {
            let found = Interpreter::compile(&model, shape);
            let found = found.map(|network| network.run(&vec![1.0; shape.iter().product()]));
            assert!(fine.contains(&name) || found.is_err(), "{name} {shape:?}");
            refused += usize::from(found.is_err());
        }
    }
    assert!(refused > 300, "{refused}");
}

#[test]
fn other_operators_are_unsupported() {
    let shape = [1, 4];
    let other = single(&shape, "Gelu", &["x"], vec![], vec![]);
    let error = refused(&other, &shape);
    assert!(error.is_unsupported());
    let InterpretError::Unsupported {
        node: name,
        operator,
        ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!((name.as_str(), operator.as_str()), ("y", "Gelu"));

    let mut other = relu();
    other.graph.as_mut().unwrap().node[0].domain = "com.example".to_owned();
    unsupported(&other, &shape, "com.example.Relu");
    other.graph.as_mut().unwrap().node[0].domain = "ai.onnx".to_owned();
    assert!(Interpreter::compile(&other, &shape).is_ok());

    // It is told even where something before it is wrong, and in few words.
    let nodes = vec![
        node("Relu", &["nothing"], "a", vec![]),
        node(&"Strange\n".repeat(1000), &["a"], "y", vec![]),
    ];
    let error = refused(&network(&shape, nodes, vec![]), &shape);
    assert!(
        error.is_unsupported() && error.to_string().len() < 600,
        "{error}"
    );
    assert!(!error.to_string().contains('\n'));
}

#[test]
fn attributes_that_mean_something_else_are_unsupported() {
    let image = [1, 1, 4, 4];
    let window = || integers("kernel_shape", &[2, 2]);
    let pool = |attribute| single(&image, "MaxPool", &["x"], vec![window(), attribute], vec![]);
    unsupported(&pool(integer("ceil_mode", 1)), &image, "ceil_mode is 1");
    unsupported(
        &pool(integer("storage_order", 1)),
        &image,
        "storage_order is 1",
    );
    unsupported(
        &pool(text("auto_pad", "SAME_UPPER")),
        &image,
        "auto_pad is \"SAME_UPPER\"",
    );
    unsupported(
        &pool(integer("count_include_pad", 1)),
        &image,
        "count_include_pad",
    );
    let fine = pool(text("auto_pad", "VALID"));
    assert!(Interpreter::compile(&fine, &image).is_ok());

    let square = [4, 4];
    let weights = || vec![floats("w", &square, &[0.0; 16])];
    let gemm = |attributes| single(&square, "Gemm", &["x", "w"], attributes, weights());
    unsupported(&gemm(vec![integer("transA", 1)]), &square, "transA is 1");
    unsupported(
        &gemm(vec![integer("broadcast", 1)]),
        &square,
        "the attribute \"broadcast\"",
    );
    let other = AttributeProto {
        name: "alpha".to_owned(),
        r#type: 4,
        t: Some(TensorProto::default()),
        ..AttributeProto::default()
    };
    unsupported(&gemm(vec![other]), &square, "alpha isn't of type Float");
    let mut referring = float("alpha", 1.0);
    referring.ref_attr_name = "outer".to_owned();
    unsupported(&gemm(vec![referring]), &square, "alpha refers to another");
    let both = single(
        &square,
        "Clip",
        &["x", "low"],
        vec![float("min", 0.0)],
        vec![floats("low", &[], &[0.0])],
    );
    unsupported(&both, &square, "the attribute \"min\"");
}

#[test]
fn kinds_of_tensors_that_are_unsupported() {
    let cube = [2, 2, 2];
    let product = single(&cube, "MatMul", &["x", "x"], vec![], vec![]);
    unsupported(&product, &cube, "aren't both matrices");
    let signal = single(
        &cube,
        "MaxPool",
        &["x"],
        vec![integers("kernel_shape", &[2])],
        vec![],
    );
    unsupported(&signal, &cube, "it takes images");
    let weights = vec![floats("w", &[1, 2, 1], &[0.0; 2])];
    let signal = single(&cube, "Conv", &["x", "w"], vec![], weights);
    unsupported(&signal, &cube, "[2, 2, 2]");
    let sum = single(&cube, "Add", &["x", "n"], vec![], vec![whole("n", &[1])]);
    unsupported(&sum, &cube, "input 1 holds int64");
    let computed = single(&cube, "Reshape", &["x", "x"], vec![], vec![]);
    unsupported(&computed, &cube, "isn't constant int64");
    let mut several = relu();
    several.graph.as_mut().unwrap().node[0]
        .output
        .push("mask".to_owned());
    unsupported(&several, &[1, 4], "several values");
}

#[test]
fn networks_that_are_unsupported() {
    let shape = [1, 4];
    let change = |how: fn(&mut ModelProto)| {
        let mut model = relu();
        how(&mut model);
        model
    };
    for version in [6, 27, -1, i64::MAX] {
        let mut model = relu();
        model.opset_import[0].version = version;
        unsupported(&model, &shape, "7 to 26 are known");
    }
    let functions = change(|model| model.functions.push(FunctionProto::default()));
    unsupported(&functions, &shape, "functions");
    let sparse = change(|model| {
        let sparse = SparseTensorProto::default();
        model
            .graph
            .as_mut()
            .unwrap()
            .sparse_initializer
            .push(sparse);
    });
    unsupported(&sparse, &shape, "sparse");
    let two = change(|model| {
        let graph = model.graph.as_mut().unwrap();
        graph.output.push(graph.output[0].clone());
    });
    unsupported(&two, &shape, "2 outputs");
    let two = change(|model| {
        let graph = model.graph.as_mut().unwrap();
        graph.input.push(graph.output[0].clone());
    });
    unsupported(&two, &shape, "2 inputs");
    unsupported(
        &change(|model| model.graph.as_mut().unwrap().input.clear()),
        &shape,
        "0 inputs",
    );
    let untyped = change(|model| model.graph.as_mut().unwrap().output[0].r#type = None);
    unsupported(
        &untyped,
        &shape,
        "not declared as a tensor of 32-bit floats",
    );
    let doubles = change(|model| {
        let kind = model.graph.as_mut().unwrap().input[0].r#type.as_mut();
        let Some(TensorType(tensor)) = &mut kind.unwrap().value else {
            panic!("it is a tensor");
        };
        tensor.elem_type = DataType::Double as i32;
    });
    unsupported(
        &doubles,
        &shape,
        "not declared as a tensor of 32-bit floats",
    );
    let nodes = (0..1001).map(|i| node("Relu", &["x"], &format!("v{i}"), vec![]));
    unsupported(
        &network(&shape, nodes.collect(), vec![]),
        &shape,
        "1001 nodes",
    );
}

#[test]
fn the_input_is_of_the_declared_shape_but_for_the_records() {
    let model = relu();
    assert!(Interpreter::compile(&model, &[7, 4]).is_ok());
    unsupported(&model, &[1, 5], "takes an input of [1, 4], not of [1, 5]");
    unsupported(&model, &[4], "not of [4]");
    unsupported(&model, &[1, 4, 1], "not of [1, 4, 1]");
    let mut open = relu();
    let kind = open.graph.as_mut().unwrap().input[0].r#type.as_mut();
    let Some(TensorType(tensor)) = &mut kind.unwrap().value else {
        panic!("it is a tensor");
    };
    tensor.shape.as_mut().unwrap().dim[1].value = Some(DimParam("any".to_owned()));
    let interpreter = Interpreter::compile(&open, &[2, 3]).unwrap();
    let error = interpreter.run(&[0.0; 5]).unwrap_err();
    let (expected, found) = (6, 5);
    assert_eq!(error, InterpretError::Values { expected, found });
    unsupported(&open, &[2, 3, 1], "takes an input of [1, ?]");
    too_large(&open, &[1, usize::MAX], "numbers along a side");
    too_large(&open, &[1 << 13, 1 << 12], "more than 16777216 numbers");
}
